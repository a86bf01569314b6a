package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

// askFor asks for the values of an object, one by one. An empty line leaves one out.
func (s *session) askFor(schema client.Object) (client.Object, error) {
	properties := schema.Object("properties")
	lines := bufio.NewReader(s.stdin)
	answer := client.Object{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		property := properties.Object(name)
		text, err := s.askOne(lines, name, property)
		if err != nil {
			return nil, err
		}
		if text == "" {
			continue
		}
		if answer[name], err = cast(property, text, true); err != nil {
			return nil, fmt.Errorf("%w (%q takes %s)", err, name, article(kind(property)))
		}
	}
	return answer, nil
}

func (s *session) askOne(lines *bufio.Reader, name string, property client.Object) (string, error) {
	if _, atTerminal := terminal(s.stdin); atTerminal && property["secret"] == true {
		return s.askSecret(questionFor(name, property))
	}
	fmt.Fprint(s.stderr, questionFor(name, property))
	text, err := lines.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(text, "\r\n"), nil
}

// questionFor is a line such as "colour (of the bird; a string; 'red' or 'blue') [red]: ".
func questionFor(name string, property client.Object) string {
	var about []string
	if d := property.String("description"); d != "" {
		about = append(about, d)
	}
	if k := kind(property); k != "" {
		about = append(about, article(k))
	}
	if choices, ok := property["enum"].([]any); ok {
		words := make([]string, len(choices))
		for i, c := range choices {
			words[i] = render.Repr(c)
		}
		about = append(about, strings.Join(words, " or "))
	}
	text := name
	if len(about) > 0 {
		text += " (" + strings.Join(about, "; ") + ")"
	}
	if otherwise, ok := property["default"]; ok {
		text += " [" + render.Cell(otherwise) + "]"
	}
	return text + ": "
}
