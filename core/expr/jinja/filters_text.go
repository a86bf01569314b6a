package jinja

import (
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

func filterCenter(c *Call, a []expr.Value) (expr.Value, error) {
	s, safe, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	center := c.frame.render.env.methods["str"]["center"]
	return center.Fn(c, []expr.Value{softValue(s, safe), a[1], " "})
}

func filterTrim(c *Call, a []expr.Value) (expr.Value, error) {
	s, safe, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	v, err := strStrip(s, a[1], true, true)
	if safe && err == nil {
		v = markSafe(v)
	}
	return v, err
}

// filterReplace replaces in plain text; only with escaping on is the result safe, and then what is
// put into safe text is escaped.
func filterReplace(c *Call, a []expr.Value) (expr.Value, error) {
	s, safe, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	old, oldSafe, err := c.soft(a[1])
	if err != nil {
		return nil, err
	}
	with, withSafe, err := c.soft(a[2])
	if err != nil {
		return nil, err
	}
	n := int64(-1)
	if a[3] != nil {
		if n, err = expr.AsInt(a[3]); err != nil {
			return nil, err
		}
	}
	if !c.frame.autoescape || !safe && !oldSafe && !withSafe {
		return replaceText(c.Budget, s, old, with, n)
	}
	escapeUnless := func(s string, safe bool) string {
		if safe {
			return s
		}
		return expr.EscapeHTML(s)
	}
	out, err := replaceText(c.Budget, escapeUnless(s, safe), escapeUnless(old, oldSafe), escapeUnless(with, withSafe), n)
	return expr.Markup(out), err
}

func filterFormat(c *Call, a []expr.Value) (expr.Value, error) {
	s, safe, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	if len(a) > 1 && len(c.Kwargs) > 0 {
		return nil, expr.Errorf("FilterArgumentError", "can't handle positional and keyword arguments at the same time")
	}
	var args expr.Value = expr.Tuple(a[1:])
	if len(c.Kwargs) > 0 {
		d := expr.NewDict()
		if err := fillDict(c, d, nil); err != nil {
			return nil, err
		}
		args = d
	}
	return expr.Percent(c.Budget, softValue(s, safe), args)
}

func filterTitle(c *Call, a []expr.Value) (expr.Value, error) {
	s, _, err := c.soft(a[0])
	return titleWords(s), err
}

// titleWords capitalizes what stands between blanks, hyphens and opening brackets.
func titleWords(s string) string {
	isBreak := func(r rune) bool { return isSpace(r) || strings.ContainsRune("-({[<", r) }
	var sb strings.Builder
	for s != "" {
		end := strings.IndexFunc(s, isBreak)
		if end == 0 {
			r, n := utf8.DecodeRuneInString(s)
			sb.WriteRune(r)
			s = s[n:]
			continue
		}
		if end < 0 {
			end = len(s)
		}
		_, n := utf8.DecodeRuneInString(s)
		sb.WriteString(upper(s[:n]) + lower(s[n:end]))
		s = s[end:]
	}
	return sb.String()
}

func filterWordCount(c *Call, a []expr.Value) (expr.Value, error) {
	s, _, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	return int64(countRuns(s, isWordRune)), nil
}

func filterTruncate(c *Call, a []expr.Value) (expr.Value, error) {
	length, err := expr.AsInt(a[1])
	if err != nil {
		return nil, err
	}
	end, err := textArg(a[3], "end")
	if err != nil {
		return nil, err
	}
	leeway := int64(5)
	if a[4] != nil {
		if leeway, err = expr.AsInt(a[4]); err != nil {
			return nil, err
		}
	}
	endLen := int64(utf8.RuneCountInString(end))
	if length < endLen {
		return nil, expr.Errorf("AssertionError", "expected length >= %d, got %d", endLen, length)
	}
	if leeway < 0 {
		return nil, expr.Errorf("AssertionError", "expected leeway >= 0, got %d", leeway)
	}
	n, err := expr.Len(a[0])
	if err != nil || int64(n) <= length+leeway {
		return a[0], err
	}
	if _, ok := expr.Text(a[0]); !ok {
		return nil, c.noMethod(a[0], "rsplit")
	}
	return c.truncated(a[0], length-endLen, a[2], a[3])
}

// truncated cuts text to n characters, at a blank unless words may be cut, and adds the end.
func (c *Call) truncated(v expr.Value, n int64, killWords, end expr.Value) (expr.Value, error) {
	s, safe, err := c.soft(v)
	if err != nil {
		return nil, err
	}
	kill, err := expr.Truthy(killWords)
	if err != nil {
		return nil, err
	}
	cut := string([]rune(s)[:n])
	if i := strings.LastIndexByte(cut, ' '); !kill && i >= 0 {
		cut = cut[:i]
	}
	return expr.Binary(c.Budget, "+", softValue(cut, safe), end)
}

func filterIndent(c *Call, a []expr.Value) (expr.Value, error) {
	if _, ok := expr.Text(a[0]); !ok {
		if _, isList := a[0].(*expr.List); isList {
			return nil, c.noMethod(a[0], "splitlines")
		}
		return expr.Binary(c.Budget, "+", a[0], "\n")
	}
	s, safe, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	pad, ok := expr.Text(a[1])
	if !ok {
		n, err := expr.AsInt(a[1])
		if err != nil {
			return nil, err
		}
		if err := c.Budget.Grow(max(n, 0)); err != nil {
			return nil, err
		}
		pad = strings.Repeat(" ", int(max(n, 0)))
	}
	first, err := expr.Truthy(a[2])
	if err != nil {
		return nil, err
	}
	blank, err := expr.Truthy(a[3])
	if err != nil {
		return nil, err
	}
	if err := c.Budget.Grow(int64(strings.Count(s, "\n")+1) * int64(len(pad))); err != nil {
		return nil, err
	}
	if err := growLines(c.Budget, s); err != nil {
		return nil, err
	}
	return softValue(indentText(s, pad, first, blank), safe), nil
}

func indentText(s, pad string, first, blank bool) string {
	lines := splitLines(s+"\n", false)
	for i, line := range lines {
		if i > 0 && (line != "" || blank) {
			lines[i] = pad + line
		}
	}
	out := strings.Join(lines, "\n")
	if first {
		out = pad + out
	}
	return out
}

func filterToJSON(c *Call, a []expr.Value) (expr.Value, error) {
	o := expr.JSONOptions{SortKeys: true}
	if a[1] != nil {
		if err := o.SetIndent(a[1]); err != nil {
			return nil, err
		}
	}
	s, err := expr.ToJSON(c.Budget, a[0], o)
	if err != nil {
		return nil, err
	}
	return expr.Markup(strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(s)), nil
}
