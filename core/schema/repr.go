package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// repr writes v as Python's repr would, since the sentences of this package quote values
// the way StackStorm's do. Objects list their keys in order of the alphabet.
func repr(v any) string {
	var b strings.Builder
	writeRepr(&b, v)
	return b.String()
}

func writeRepr(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		b.WriteString(map[bool]string{true: "True", false: "False"}[v])
	case string:
		writeReprString(b, v)
	case []any:
		b.WriteString("[" + reprItems(v) + "]")
	case map[string]any:
		writeReprMap(b, v)
	default:
		b.WriteString(reprNumber(v))
	}
}

func writeReprMap(b *strings.Builder, m map[string]any) {
	b.WriteByte('{')
	for i, k := range sortedKeys(m) {
		if i > 0 {
			b.WriteString(", ")
		}
		writeReprString(b, k)
		b.WriteString(": ")
		writeRepr(b, m[k])
	}
	b.WriteByte('}')
}

// writeReprString quotes with ' unless the text holds one and no ".
func writeReprString(b *strings.Builder, s string) {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
}

func reprNumber(v any) string {
	n, ok := numberOf(v)
	switch {
	case !ok:
		return fmt.Sprint(v)
	case n.big != nil:
		return n.big.String()
	case n.whole:
		return strconv.FormatInt(n.small, 10)
	}
	return reprFloat(n.float)
}

// reprFloat writes the shortest digits that read back, with an exponent only outside
// 1e-4 … 1e16, and always a dot or an exponent.
func reprFloat(f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), "+")
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// reprItems writes the items of a list, parted by commas.
func reprItems(list []any) string {
	parts := make([]string, len(list))
	for i, item := range list {
		parts[i] = repr(item)
	}
	return strings.Join(parts, ", ")
}

// reprNames writes names quoted and parted by commas.
func reprNames(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = repr(name)
	}
	return strings.Join(quoted, ", ")
}

// pythonType returns the name of v's type in Python.
func pythonType(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case string:
		return "str"
	case []any:
		return "list"
	case map[string]any:
		return "dict"
	case json.Number:
		if n, ok := parseNumber(string(v)); ok && !n.whole {
			return "float"
		}
		return "int"
	case float64:
		return "float"
	}
	return "int"
}
