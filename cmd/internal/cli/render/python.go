package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Cell is a value as tables show it: strings as they are, lists of strings joined, the
// rest as Python would print it. Nothing, and an empty list, is blank.
func Cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		return cellOfList(v)
	}
	return Repr(v)
}

func cellOfList(list []any) string {
	texts := make([]string, len(list))
	for i, item := range list {
		s, ok := item.(string)
		if !ok {
			return Repr(list)
		}
		texts[i] = s
	}
	return strings.Join(texts, ", ")
}

// Repr is a JSON value in Python's notation, the keys of objects sorted.
func Repr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return quote(v)
	case []any:
		return "[" + strings.Join(each(v, Repr), ", ") + "]"
	case map[string]any:
		pairs := each(slices.Sorted(maps.Keys(v)), func(k string) string { return quote(k) + ": " + Repr(v[k]) })
		return "{" + strings.Join(pairs, ", ") + "}"
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(v)
}

func each[T any](list []T, f func(T) string) []string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = f(item)
	}
	return texts
}

// quote writes s as a Python string: single quotes unless only double ones avoid escapes.
func quote(s string) string {
	mark := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		mark = `"`
	}
	var b strings.Builder
	b.WriteString(mark)
	for _, r := range s {
		b.WriteString(escaped(r, mark))
	}
	return b.String() + mark
}

func escaped(r rune, mark string) string {
	switch {
	case string(r) == mark, r == '\\':
		return `\` + string(r)
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case unicode.IsPrint(r):
		return string(r)
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
