package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

// parameters reads the words after the action. st2: cli.md, run in depth.
func (s *session) parameters(sig signature, o runOptions, words []string) (client.Object, error) {
	given := client.Object{}
	for i, word := range words {
		name, text, ok := strings.Cut(word, "=")
		if !ok {
			given["cmd"] = strings.Join(words[i:], " ")
			break
		}
		if err := sig.take(given, name, text, o.autoDict); err != nil {
			return nil, err
		}
	}
	if o.inheritEnv {
		given["env"] = inherited(s.environ)
	}
	return given, nil
}

// take reads one name=value into given.
func (sig signature) take(given client.Object, name, text string, autoDict bool) error {
	if path, ok := strings.CutPrefix(name, "@"); ok {
		return sig.takeFile(given, path, text)
	}
	value, err := cast(sig.parameters[name], text, autoDict)
	if err != nil {
		return fmt.Errorf("%w (parameter %q takes %s)", err, name, article(kind(sig.parameters[name])))
	}
	if more, ok := value.([]any); ok {
		if before, ok := given[name].([]any); ok {
			value = append(before, more...) // a list that is given again goes on
		}
	}
	given[name] = value
	return nil
}

// takeFile reads the value of a parameter from a file. core.http sends it as a file.
func (sig signature) takeFile(given client.Object, name, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("parameter %q: %w", name, err)
	}
	if sig.ref != "core.http" {
		given[name] = string(data)
		return nil
	}
	given["file_name"] = filepath.Base(path)
	given["file_content"] = string(data)
	given["method"] = "POST"
	return nil
}

func article(kind string) string {
	switch kind {
	case "boolean":
		return "true or false"
	case "integer", "object", "array":
		return "an " + kind
	}
	return "a " + kind
}

// cast reads text as a schema's type asks. Unknown parameters and types stay text: the
// server says what it thinks of them.
func cast(schema client.Object, text string, autoDict bool) (any, error) {
	switch kind(schema) {
	case "integer":
		return castInteger(text)
	case "number":
		return castNumber(text)
	case "boolean":
		return castBoolean(text)
	case "array":
		return castList(schema.Object("items"), text, autoDict)
	case "object":
		return castObject(schema.Object("properties"), text)
	}
	return text, nil
}

var (
	integerText = regexp.MustCompile(`^[+-]?[0-9]+(?:_[0-9]+)*$`)
	jsonNumber  = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$`)
)

// castInteger words its failure as Python does, because scripts look for it.
func castInteger(text string) (any, error) {
	trimmed := strings.TrimSpace(text)
	if !integerText.MatchString(trimmed) {
		return nil, fmt.Errorf("invalid literal for int() with base 10: %s", render.Repr(text))
	}
	return json.Number(digits(trimmed)), nil
}

// digits writes a decimal number the one way JSON allows: no plus, no leading zeros, no underscores.
func digits(text string) string {
	text = strings.ReplaceAll(text, "_", "")
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign = "-"
	}
	text = strings.TrimLeft(strings.TrimLeft(text, "+-"), "0")
	if text == "" {
		return "0"
	}
	return sign + text
}

func castNumber(text string) (any, error) {
	trimmed := strings.TrimSpace(text)
	if integerText.MatchString(trimmed) {
		return json.Number(digits(trimmed)), nil
	}
	trimmed = strings.TrimPrefix(trimmed, "+")
	if strings.HasPrefix(trimmed, ".") {
		trimmed = "0" + trimmed
	}
	if strings.HasSuffix(trimmed, ".") {
		trimmed += "0"
	}
	if !jsonNumber.MatchString(trimmed) {
		return nil, fmt.Errorf("could not convert string to float: %s", render.Repr(text))
	}
	return json.Number(trimmed), nil
}

func castBoolean(text string) (any, error) {
	switch strings.ToLower(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return nil, fmt.Errorf("malformed node or string: %s", render.Repr(text))
}

// castList reads JSON, or text with commas in between.
func castList(items client.Object, text string, autoDict bool) (any, error) {
	if v, err := readJSONText(text); err == nil {
		if list, ok := v.([]any); ok {
			return list, nil
		}
		return []any{v}, nil
	}
	parts := strings.Split(text, ",")
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
	}
	if autoDict && !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(p, ":") }) {
		m, err := castPairs(items.Object("properties"), parts, ":")
		return []any{m}, err
	}
	list := make([]any, len(parts))
	for i, part := range parts {
		list[i] = part
	}
	return list, nil
}

// castObject reads JSON, or k=v pairs with commas in between.
func castObject(properties client.Object, text string) (any, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return readJSONText(text)
	}
	return castPairs(properties, strings.Split(text, ","), "=")
}

func castPairs(properties client.Object, pairs []string, sep string) (any, error) {
	m := map[string]any{}
	for _, pair := range pairs {
		key, text, ok := strings.Cut(strings.TrimSpace(pair), sep)
		if !ok {
			return nil, fmt.Errorf("%q is not of the form key%svalue", pair, sep)
		}
		value, err := cast(properties.Object(key), text, false)
		if err != nil {
			return nil, err
		}
		m[key] = value
	}
	return m, nil
}

func readJSONText(text string) (any, error) {
	v, err := readJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	if !json.Valid(bytes.TrimSpace([]byte(text))) {
		return nil, fmt.Errorf("more than one JSON value in %q", text)
	}
	return v, nil
}

// private are environment variables that say something about this shell, not about the work.
var private = []string{
	"HOME", "HOSTNAME", "LANG", "LOGNAME", "LS_COLORS", "MAIL", "OLDPWD", "PATH", "PS1", "PWD", "PYTHONPATH",
	"SHELL", "SHLVL", "SSH_AUTH_SOCK", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "TERM", "USER", "USERNAME", "XDG_SESSION_ID", "_",
}

// inherited is the environment that -e passes on: never who we are to the server.
func inherited(environ []string) map[string]any {
	env := map[string]any{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		ours := strings.HasPrefix(name, "ST2_") || strings.HasPrefix(name, "PETREL_")
		if name != "" && !ours && !slices.Contains(private, name) {
			env[name] = value
		}
	}
	return env
}
