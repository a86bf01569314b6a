package render

import (
	"io"
	"strings"
)

// Text writes properties as "name: value" lines, the way executions are shown. Objects
// and lists begin on a line of their own, as YAML.
//
// st2: cli.md, execution text: the line before an object ends with a blank, what is
// missing is None, and runs of line breaks in the YAML are halved.
func Text(w io.Writer, properties []Property) error {
	var b strings.Builder
	for _, p := range properties {
		b.WriteString(p.Name + ": " + textValue(p.Value) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func textValue(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any, []any:
		return "\n" + textBlock(v)
	}
	return Repr(v)
}

func textBlock(v any) string {
	if !nested(v) {
		return Repr(v)
	}
	y := yamlWriter{step: 2, indentLists: true}
	y.newline(2)
	y.node(v, 2)
	block := strings.TrimPrefix(y.out.String(), "\n")
	return strings.ReplaceAll(block, "\n\n", "\n")
}
