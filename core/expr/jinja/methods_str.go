package jinja

import (
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

func strMethods() map[string]Func {
	m := map[string]Func{
		"count":        strMethod(strCount, expr.Req("sub"), expr.Opt("start", nil), expr.Opt("end", nil)),
		"join":         method(strJoin, expr.Req("iterable")),
		"replace":      safeMethod(true, strReplace, expr.Req("old"), expr.Req("new"), expr.Opt("count", int64(-1))),
		"expandtabs":   safeMethod(true, strExpandTabs, expr.Opt("tabsize", int64(8))),
		"zfill":        safeMethod(true, strZfill, expr.Req("width")),
		"format":       {Variadic: true, Fn: strFormat},
		"format_map":   method(strFormatMap, expr.Req("mapping")),
		"removeprefix": strMethod(strTrimWith(strings.TrimPrefix), expr.Req("prefix")),
		"removesuffix": strMethod(strTrimWith(strings.TrimSuffix), expr.Req("suffix")),
		"translate":    safeMethod(true, strTranslate, expr.Req("table")),
	}
	for name, f := range caseMethods() {
		m[name] = f
	}
	for name, f := range searchMethods() {
		m[name] = f
	}
	for name, f := range splitMethods() {
		m[name] = f
	}
	for name, f := range padMethods() {
		m[name] = f
	}
	for name, is := range charTests() {
		m[name] = strMethod(func(c *Call, s string, _ []expr.Value) (expr.Value, error) { return is(s), nil })
	}
	return m
}

// strMethod makes a method of str that gives plain values, also on Markup.
func strMethod(fn func(c *Call, s string, a []expr.Value) (expr.Value, error), params ...expr.Param) Func {
	return method(func(c *Call, a []expr.Value) (expr.Value, error) {
		s, ok := expr.Text(a[0])
		if !ok {
			return nil, expr.Errorf("TypeError", "a str is required, not '%s'", expr.TypeName(a[0]))
		}
		if err := c.Budget.Grow(int64(len(s))); err != nil {
			return nil, err
		}
		return fn(c, s, a[1:])
	}, params...)
}

// safeMethod makes a method of str that on Markup gives Markup; with escape its text arguments are escaped there.
func safeMethod(escape bool, fn func(c *Call, s string, a []expr.Value) (expr.Value, error), params ...expr.Param) Func {
	plain := strMethod(fn, params...)
	return method(func(c *Call, a []expr.Value) (expr.Value, error) {
		if _, safe := a[0].(expr.Markup); !safe {
			return plain.Fn(c, a)
		}
		if escape {
			a = append(a[:1:1], escapeArgs(a[1:])...)
		}
		v, err := plain.Fn(c, a)
		if err != nil {
			return nil, err
		}
		return markSafe(v), nil
	}, params...)
}

func escapeArgs(args []expr.Value) []expr.Value {
	out := make([]expr.Value, len(args))
	for i, a := range args {
		if s, ok := a.(string); ok {
			a = expr.Markup(expr.EscapeHTML(s))
		}
		out[i] = a
	}
	return out
}

// markSafe makes Markup of a text result, and of the texts in a list or tuple.
func markSafe(v expr.Value) expr.Value {
	switch x := v.(type) {
	case string:
		return expr.Markup(x)
	case *expr.List:
		for i, item := range x.Items {
			x.Items[i] = markSafe(item)
		}
	case expr.Tuple:
		for i, item := range x {
			x[i] = markSafe(item)
		}
	}
	return v
}

// textArg is a str argument, or Python's TypeError.
func textArg(v expr.Value, what string) (string, error) {
	if s, ok := expr.Text(v); ok {
		return s, nil
	}
	if u, ok := v.(*expr.Undefined); ok && u.Kind == expr.Strict {
		return "", u.Err()
	}
	return "", expr.Errorf("TypeError", "%s must be str, not %s", what, expr.TypeName(v))
}

// window cuts s to the characters from start to end, and says at which byte and character it begins.
func window(s string, start, end expr.Value) (part string, firstRune int, ok bool, err error) {
	n := utf8.RuneCountInString(s)
	w := expr.SliceIndex{Start: start, Stop: end}
	from, to, _, err := w.Bounds(n)
	if err != nil || from > to {
		return "", 0, false, err
	}
	if i, isInt := start.(int64); isInt && i > int64(n) {
		return "", 0, false, nil
	}
	if from == 0 && to == n {
		return s, 0, true, nil
	}
	return string([]rune(s)[from:to]), from, true, nil
}

func strCount(c *Call, s string, a []expr.Value) (expr.Value, error) {
	sub, err := textArg(a[0], "count() argument")
	if err != nil {
		return nil, err
	}
	part, _, ok, err := window(s, a[1], a[2])
	if err != nil || !ok {
		return int64(0), err
	}
	return int64(strings.Count(part, sub)), nil
}

// strJoin puts a text between the items; on Markup the items are made safe first.
func strJoin(c *Call, a []expr.Value) (expr.Value, error) {
	sep, _ := expr.Text(a[0])
	_, safe := a[0].(expr.Markup)
	it, err := expr.Iterate(c.Budget, a[1])
	if err != nil {
		return nil, err
	}
	out := newBuffer(c.Budget)
	for i := 0; ; i++ {
		v, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return softValue(out.String(), safe), nil
		}
		text, err := c.joinItem(v, i, safe)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text = sep + text
		}
		if err := out.Put(text); err != nil {
			return nil, err
		}
	}
}

func (c *Call) joinItem(v expr.Value, i int, safe bool) (string, error) {
	text, isText := expr.Text(v)
	if !safe {
		if !isText {
			return "", expr.Errorf("TypeError", "sequence item %d: expected str instance, %s found", i, expr.TypeName(v))
		}
		return text, nil
	}
	text, already, err := c.soft(v)
	if err == nil && !already {
		text = expr.EscapeHTML(text)
	}
	return text, err
}

func strReplace(c *Call, s string, a []expr.Value) (expr.Value, error) {
	old, err := textArg(a[0], "replace() argument 1")
	if err != nil {
		return nil, err
	}
	with, err := textArg(a[1], "replace() argument 2")
	if err != nil {
		return nil, err
	}
	n, err := expr.AsInt(a[2])
	if err != nil {
		return nil, err
	}
	out, err := replaceText(c.Budget, s, old, with, n)
	return out, err
}

// replaceText replaces at most n occurrences; all when n is negative.
func replaceText(b *expr.Budget, s, old, with string, n int64) (string, error) {
	count := int64(strings.Count(s, old)) // for an empty old: one more than characters
	if n >= 0 {
		count = min(count, n)
	}
	if err := b.Grow(int64(len(s)) + (count+1)*int64(len(with))); err != nil {
		return "", err
	}
	return strings.Replace(s, old, with, int(max(min(n, 1<<31), -1))), nil
}

func strExpandTabs(c *Call, s string, a []expr.Value) (expr.Value, error) {
	size, err := expr.AsInt(a[0])
	if err != nil {
		return nil, err
	}
	if err := c.Budget.Grow(int64(strings.Count(s, "\t")) * max(size, 0)); err != nil {
		return nil, err
	}
	var sb strings.Builder
	col := int64(0)
	for _, r := range s {
		switch {
		case r == '\t' && size > 0:
			fill := size - col%size
			sb.WriteString(strings.Repeat(" ", int(fill)))
			col += fill
		case r == '\t':
		default:
			sb.WriteRune(r)
			col++
			if r == '\n' || r == '\r' {
				col = 0
			}
		}
	}
	return sb.String(), nil
}

func strZfill(c *Call, s string, a []expr.Value) (expr.Value, error) {
	missing, err := padding(c, s, a[0])
	if err != nil {
		return nil, err
	}
	sign := ""
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign, s = s[:1], s[1:]
	}
	return sign + strings.Repeat("0", missing) + s, nil
}

// padding is how many characters s lacks to a width.
func padding(c *Call, s string, width expr.Value) (int, error) {
	w, err := expr.AsInt(width)
	if err != nil {
		return 0, err
	}
	missing := max(w-int64(utf8.RuneCountInString(s)), 0)
	return int(missing), c.Budget.Grow(missing)
}

func strTrimWith(trim func(s, cut string) string) func(c *Call, s string, a []expr.Value) (expr.Value, error) {
	return func(c *Call, s string, a []expr.Value) (expr.Value, error) {
		cut, err := textArg(a[0], "argument")
		return trim(s, cut), err
	}
}

// strTranslate maps characters by a dict from their numbers to text, numbers or None.
func strTranslate(c *Call, s string, a []expr.Value) (expr.Value, error) {
	d, ok := a[0].(*expr.Dict)
	if !ok {
		return nil, expr.Errorf("TypeError", "'%s' object is not subscriptable", expr.TypeName(a[0]))
	}
	out := newBuffer(c.Budget)
	for _, r := range s {
		text := string(r)
		v, found, err := d.Lookup(int64(r))
		if err != nil {
			return nil, err
		}
		if found {
			if text, err = translated(v); err != nil {
				return nil, err
			}
		}
		if err := out.Put(text); err != nil {
			return nil, err
		}
	}
	return out.String(), nil
}

func translated(v expr.Value) (string, error) {
	switch x := v.(type) {
	case nil:
		return "", nil
	case int64:
		return string(rune(x)), nil
	}
	return textArg(v, "character mapping")
}
