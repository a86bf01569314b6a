package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// yamlWriter writes YAML in the style of PyYAML's safe_dump, which is what people's
// scripts and eyes expect of -y.
//
// st2 differs: long lines are not folded, so that grep finds them, and letters outside
// ASCII stay readable. A YAML reader sees the same values.
type yamlWriter struct {
	step        int
	indentLists bool // lists inside objects are indented too
	out         strings.Builder
}

func (y *yamlWriter) document(v any) { y.node(v, 0) }

// node writes v, whose first line begins at the cursor and whose further lines begin at indent.
func (y *yamlWriter) node(v any, indent int) {
	switch v := v.(type) {
	case map[string]any:
		y.object(v, indent)
	case []any:
		y.list(v, indent)
	default:
		y.out.WriteString(scalar(v, indent))
	}
}

func (y *yamlWriter) object(m map[string]any, indent int) {
	if len(m) == 0 {
		y.out.WriteString("{}")
		return
	}
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			y.newline(indent)
		}
		y.out.WriteString(scalar(key, indent+y.step) + ":")
		y.value(m[key], indent)
	}
}

// value writes what follows a key of an object at indent.
func (y *yamlWriter) value(v any, indent int) {
	inner := indent + y.step
	if list, ok := v.([]any); ok && len(list) > 0 && !y.indentLists {
		inner = indent
	}
	if !nested(v) {
		y.out.WriteString(" ")
		y.node(v, indent+y.step)
		return
	}
	y.newline(inner)
	y.node(v, inner)
}

func (y *yamlWriter) list(list []any, indent int) {
	if len(list) == 0 {
		y.out.WriteString("[]")
		return
	}
	for i, item := range list {
		if i > 0 {
			y.newline(indent)
		}
		gap := 1
		if nested(item) {
			gap = y.step - 1
		}
		y.out.WriteString("-" + strings.Repeat(" ", gap))
		y.node(item, indent+y.step)
	}
}

func (y *yamlWriter) newline(indent int) {
	y.out.WriteString("\n" + strings.Repeat(" ", indent))
}

// nested says that v needs lines of its own.
func nested(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return false
}

// scalar writes a value on one line, except for strings with line breaks, whose further
// lines begin at indent.
func scalar(v any, indent int) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return yamlString(v, indent)
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(v)
}

func yamlString(s string, indent int) string {
	switch {
	case plain(s):
		return s
	case singleQuotable(s):
		return singleQuoted(s, indent)
	}
	return doubleQuoted(s)
}

// ambiguous matches what a reader of YAML 1.1 or 1.2 would take for something else than a string:
// booleans, null, numbers, timestamps, the merge key and the value key.
var ambiguous = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`|~|null|Null|NULL|<<|=`,
	`yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF`,
	`[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+`,
	`[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?`,
	`[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)`,
	`[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+|0o[0-7]+`,
	`[0-9]{4}-[0-9]{2}-[0-9]{2}`,
	`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?`,
}, "|") + `)$`)

// indicator matches strings that begin or contain what YAML gives a meaning.
var indicator = regexp.MustCompile("^[#,\\[\\]{}&*!|>'\"%@`]|^[-?:](?:[ \t]|$)|^---|^\\.\\.\\.|:[ \t]|:$|[ \t]#")

func plain(s string) bool {
	return !ambiguous.MatchString(s) && !indicator.MatchString(s) &&
		printable(s) && !strings.Contains(s, "\n") && strings.Trim(s, " ") == s
}

func singleQuotable(s string) bool {
	return printable(s) && !strings.Contains(s, " \n") && !strings.Contains(s, "\n ")
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && r != ' ' && !unicode.IsPrint(r) })
}

// singleQuoted doubles quotes and, as the notation folds one line break into a blank, line breaks.
func singleQuoted(s string, indent int) string {
	var b strings.Builder
	broken := false
	for _, r := range strings.ReplaceAll(s, "'", "''") {
		switch {
		case r == '\n' && !broken:
			b.WriteString("\n\n")
		case r != '\n' && broken:
			b.WriteString(strings.Repeat(" ", indent) + string(r))
		default:
			b.WriteRune(r)
		}
		broken = r == '\n'
	}
	if broken {
		b.WriteString(strings.Repeat(" ", indent))
	}
	return "'" + b.String() + "'"
}

func doubleQuoted(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == 0:
			b.WriteString(`\0`)
		case r == 0x1b:
			b.WriteString(`\e`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	return `"` + b.String() + `"`
}
