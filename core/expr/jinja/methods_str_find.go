package jinja

import (
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

func searchMethods() map[string]Func {
	params := []expr.Param{expr.Req("sub"), expr.Opt("start", nil), expr.Opt("end", nil)}
	return map[string]Func{
		"find":       strMethod(strFind(strings.Index, false), params...),
		"rfind":      strMethod(strFind(strings.LastIndex, false), params...),
		"index":      strMethod(strFind(strings.Index, true), params...),
		"rindex":     strMethod(strFind(strings.LastIndex, true), params...),
		"startswith": method(strAffix("startswith", strings.HasPrefix), params...),
		"endswith":   method(strAffix("endswith", strings.HasSuffix), params...),
	}
}

func strFind(index func(s, sub string) int, must bool) func(c *Call, s string, a []expr.Value) (expr.Value, error) {
	return func(c *Call, s string, a []expr.Value) (expr.Value, error) {
		sub, err := textArg(a[0], "find() argument")
		if err != nil {
			return nil, err
		}
		part, first, ok, err := window(s, a[1], a[2])
		if err != nil {
			return nil, err
		}
		if i := index(part, sub); ok && i >= 0 {
			return int64(first + utf8.RuneCountInString(part[:i])), nil
		}
		if must {
			return nil, expr.Errorf("ValueError", "substring not found")
		}
		return int64(-1), nil
	}
}

// strAffix tests for one of the given prefixes or suffixes.
func strAffix(name string, has func(s, affix string) bool) func(c *Call, a []expr.Value) (expr.Value, error) {
	return func(c *Call, a []expr.Value) (expr.Value, error) {
		s, _ := expr.Text(a[0])
		part, _, ok, err := window(s, a[2], a[3])
		if err != nil {
			return nil, err
		}
		affixes, many := a[1].(expr.Tuple)
		if !many {
			affixes = expr.Tuple{a[1]}
		}
		for _, affix := range affixes {
			text, err := textArg(affix, name+" first arg")
			if err != nil {
				return nil, err
			}
			if ok && has(part, text) {
				return true, nil
			}
		}
		return false, c.Budget.Step(int64(len(affixes)))
	}
}

func padMethods() map[string]Func {
	params := []expr.Param{expr.Req("width"), expr.Opt("fillchar", " ")}
	pad := func(left func(missing, width int) int) Func {
		return safeMethod(true, func(c *Call, s string, a []expr.Value) (expr.Value, error) {
			missing, err := padding(c, s, a[0])
			if err != nil {
				return nil, err
			}
			fill, err := textArg(a[1], "The fill character")
			if err != nil {
				return nil, err
			}
			if utf8.RuneCountInString(fill) != 1 {
				return nil, expr.Errorf("TypeError", "The fill character must be exactly one character long")
			}
			n := left(missing, missing+utf8.RuneCountInString(s))
			return strings.Repeat(fill, n) + s + strings.Repeat(fill, missing-n), nil
		}, params...)
	}
	return map[string]Func{
		"ljust":  pad(func(missing, _ int) int { return 0 }),
		"rjust":  pad(func(missing, _ int) int { return missing }),
		"center": pad(func(missing, width int) int { return missing/2 + missing&width&1 }),
	}
}

func splitMethods() map[string]Func {
	params := []expr.Param{expr.Opt("sep", nil), expr.Opt("maxsplit", int64(-1))}
	strip := func(left, right bool) Func {
		return safeMethod(true, func(c *Call, s string, a []expr.Value) (expr.Value, error) {
			return strStrip(s, a[0], left, right)
		}, expr.Opt("chars", nil))
	}
	return map[string]Func{
		"split":      safeMethod(false, strSplit(splitLeft, fieldsLeft), params...),
		"rsplit":     safeMethod(false, strSplit(splitRight, fieldsRight), params...),
		"splitlines": safeMethod(false, strSplitLines, expr.Opt("keepends", false)),
		"partition":  safeMethod(true, strPartition(false), expr.Req("sep")),
		"rpartition": safeMethod(true, strPartition(true), expr.Req("sep")),
		"strip":      strip(true, true),
		"lstrip":     strip(true, false),
		"rstrip":     strip(false, true),
	}
}

func strStrip(s string, chars expr.Value, left, right bool) (expr.Value, error) {
	drop := isSpace
	if chars != nil {
		set, err := textArg(chars, "strip arg")
		if err != nil {
			return nil, err
		}
		drop = func(r rune) bool { return strings.ContainsRune(set, r) }
	}
	if left {
		s = strings.TrimLeftFunc(s, drop)
	}
	if right {
		s = strings.TrimRightFunc(s, drop)
	}
	return s, nil
}

func strSplit(bySep func(s, sep string, n int) []string, fields func(s string, n int) []string) func(c *Call, s string, a []expr.Value) (expr.Value, error) {
	return func(c *Call, s string, a []expr.Value) (expr.Value, error) {
		n, err := expr.AsInt(a[1])
		if err != nil {
			return nil, err
		}
		if n < 0 || n > int64(len(s)) {
			n = int64(len(s)) + 1
		}
		if a[0] == nil {
			if err := growParts(c.Budget, min(n+1, int64(countFields(s)))); err != nil {
				return nil, err
			}
			return textList(c.Budget, fields(s, int(n)))
		}
		sep, err := textArg(a[0], "sep")
		if err != nil {
			return nil, err
		}
		if sep == "" {
			return nil, expr.Errorf("ValueError", "empty separator")
		}
		if err := growParts(c.Budget, min(n, int64(strings.Count(s, sep)))+1); err != nil {
			return nil, err
		}
		return textList(c.Budget, bySep(s, sep, int(n)))
	}
}

// growParts spends the memory of n parts of a text, before they are cut out of it.
func growParts(b *expr.Budget, n int64) error { return b.Grow(n * 16) }

// countFields is how many words blanks set apart.
func countFields(s string) int { return countRuns(s, func(r rune) bool { return !isSpace(r) }) }

// countRuns is how many runs of such characters a text has.
func countRuns(s string, is func(rune) bool) int {
	n, inside := 0, false
	for _, r := range s {
		was := inside
		if inside = is(r); inside && !was {
			n++
		}
	}
	return n
}

// growLines is growParts for the lines of a text.
func growLines(b *expr.Budget, s string) error {
	n := int64(1)
	for _, r := range s {
		if isLineEnd(r) {
			n++
		}
	}
	return growParts(b, n)
}

func textList(b *expr.Budget, parts []string) (expr.Value, error) {
	if err := b.GrowItems(len(parts)); err != nil {
		return nil, err
	}
	l := expr.NewList()
	for _, p := range parts {
		l.Items = append(l.Items, p)
	}
	return l, nil
}

func splitLeft(s, sep string, n int) []string { return strings.SplitN(s, sep, n+1) }

func splitRight(s, sep string, n int) []string {
	var parts []string
	for ; n > 0; n-- {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(sep):])
		s = s[:i]
	}
	return reversed(append(parts, s))
}

func reversed(parts []string) []string {
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return parts
}

// fieldsLeft splits at runs of whitespace, at most n times from the left.
func fieldsLeft(s string, n int) []string {
	var parts []string
	for s = strings.TrimLeftFunc(s, isSpace); s != ""; s = strings.TrimLeftFunc(s, isSpace) {
		if n == 0 {
			return append(parts, s)
		}
		i := strings.IndexFunc(s, isSpace)
		if i < 0 {
			return append(parts, s)
		}
		parts = append(parts, s[:i])
		s = s[i:]
		n--
	}
	return parts
}

func fieldsRight(s string, n int) []string {
	var parts []string
	for s = strings.TrimRightFunc(s, isSpace); s != ""; s = strings.TrimRightFunc(s, isSpace) {
		i := strings.LastIndexFunc(s, isSpace)
		if n == 0 || i < 0 {
			parts = append(parts, s)
			break
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		parts = append(parts, s[i+size:])
		s = s[:i]
		n--
	}
	return reversed(parts)
}

// isLineEnd is what str.splitlines breaks at.
func isLineEnd(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

func strSplitLines(c *Call, s string, a []expr.Value) (expr.Value, error) {
	keep, err := expr.Truthy(a[0])
	if err != nil {
		return nil, err
	}
	if err := growLines(c.Budget, s); err != nil {
		return nil, err
	}
	return textList(c.Budget, splitLines(s, keep))
}

func splitLines(s string, keep bool) []string {
	var lines []string
	for s != "" {
		i := strings.IndexFunc(s, isLineEnd)
		if i < 0 {
			return append(lines, s)
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			size = 2
		}
		line := s[:i]
		if keep {
			line = s[:i+size]
		}
		lines = append(lines, line)
		s = s[i+size:]
	}
	return lines
}

func strPartition(last bool) func(c *Call, s string, a []expr.Value) (expr.Value, error) {
	return func(c *Call, s string, a []expr.Value) (expr.Value, error) {
		sep, err := textArg(a[0], "sep")
		if err != nil {
			return nil, err
		}
		if sep == "" {
			return nil, expr.Errorf("ValueError", "empty separator")
		}
		i := strings.Index(s, sep)
		if last {
			i = strings.LastIndex(s, sep)
		}
		switch {
		case i >= 0:
			return expr.Tuple{s[:i], sep, s[i+len(sep):]}, nil
		case last:
			return expr.Tuple{"", "", s}, nil
		}
		return expr.Tuple{s, "", ""}, nil
	}
}
