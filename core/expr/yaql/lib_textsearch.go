package yaql

import (
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// textSearchSpecs are the functions that look into text or cut it up.
func textSearchSpecs() []spec {
	const find, findIn = "string: string, sub: string, start: int = 0", "string: string, sub: string, start: int, length: int"
	const split = "string: string, separator: string? = null, maxSplits: int = -1"
	return []spec{
		{"len", both, "string: string", length, "The number of characters.", "len('abc')", "3"},
		{"split", AsMethod, split, splitText, "The parts between separators (blanks, when none is given), cut at most maxSplits times.", "'a,b,c'.split(',', 1)", "['a', 'b,c']"},
		{"rightSplit", AsMethod, split, rightSplitText, "The same, cut from the right.", "'a,b,c'.rightSplit(',', 1)", "['a,b', 'c']"},
		{"startsWith", AsMethod, "string: string, *prefixes: string", startsWith, "Whether the text begins with one of the prefixes.", "'hello'.startsWith('x', 'he')", "true"},
		{"endsWith", AsMethod, "string: string, *suffixes: string", endsWith, "Whether the text ends with one of the suffixes.", "'hello'.endsWith('lo')", "true"},
		{"indexOf", AsMethod, find, indexOfText, "The position of the first sub from start on, or -1.", "'hello'.indexOf('l')", "2"},
		{"indexOf", AsMethod, findIn, indexOfTextIn, "The position of the first sub within length characters from start, or -1.", "'hello'.indexOf('l', 0, 2)", "-1"},
		{"lastIndexOf", AsMethod, find, lastIndexOfText, "The position of the last sub from start on, or -1.", "'hello'.lastIndexOf('l')", "3"},
		{"lastIndexOf", AsMethod, findIn, lastIndexOfTextIn, "The position of the last sub within length characters from start, or -1.", "'hello'.lastIndexOf('l', 0, 3)", "2"},
	}
}

// splits reads the arguments of split; most is -1 for no limit.
func (c *Call) splits() (s string, separator Value, most int, err error) {
	n, err := c.int(2)
	if err != nil {
		return "", nil, 0, err
	}
	if c.args[1] == "" {
		return "", nil, 0, expr.Errorf("ValueError", "empty separator")
	}
	most = int(min(max(n, -1), 1<<40))
	s = c.text(0)
	cuts := len(s) / 2 // at most, when blanks part the text
	if sep, ok := c.args[1].(string); ok {
		cuts = strings.Count(s, sep)
	}
	return s, c.args[1], most, c.budget().Grow(int64(len(s)) + slotSize*int64(cuts))
}

// parts makes a Python list of texts.
func (c *Call) parts(parts []string) (Value, error) {
	if err := c.budget().Grow(2 * slotSize * int64(len(parts))); err != nil {
		return nil, err
	}
	items := make([]Value, len(parts))
	for i, p := range parts {
		items[i] = p
	}
	return expr.NewList(items...), nil
}

func splitText(c *Call) (Value, error) {
	s, separator, most, err := c.splits()
	if err != nil {
		return nil, err
	}
	if sep, ok := separator.(string); ok {
		if most >= 0 {
			most++
		}
		return c.parts(strings.SplitN(s, sep, most))
	}
	var out []string
	for s = strings.TrimLeftFunc(s, isSpace); s != ""; s = strings.TrimLeftFunc(s, isSpace) {
		end := strings.IndexFunc(s, isSpace)
		if end < 0 || len(out) == most {
			end = len(s)
		}
		out = append(out, s[:end])
		s = s[end:]
	}
	return c.parts(out)
}

func rightSplitText(c *Call) (Value, error) {
	s, separator, most, err := c.splits()
	if err != nil {
		return nil, err
	}
	var out []string
	if sep, ok := separator.(string); ok {
		for i := strings.LastIndex(s, sep); i >= 0 && len(out) != most; i = strings.LastIndex(s, sep) {
			out = append(out, s[i+len(sep):])
			s = s[:i]
		}
		return c.parts(reversed(append(out, s)))
	}
	for s = strings.TrimRightFunc(s, isSpace); s != ""; s = strings.TrimRightFunc(s, isSpace) {
		begin := 0
		if i := strings.LastIndexFunc(s, isSpace); i >= 0 && len(out) != most {
			_, n := utf8.DecodeRuneInString(s[i:])
			begin = i + n
		}
		out = append(out, s[begin:])
		s = s[:begin]
	}
	return c.parts(reversed(out))
}

func reversed(parts []string) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[len(parts)-1-i] = p
	}
	return out
}

func startsWith(c *Call) (Value, error) { return c.anyPart(strings.HasPrefix) }

func endsWith(c *Call) (Value, error) { return c.anyPart(strings.HasSuffix) }

func (c *Call) anyPart(test func(s, part string) bool) (Value, error) {
	for _, part := range c.rest {
		if test(c.text(0), part.(string)) {
			return true, nil
		}
	}
	return false, c.budget().Step(int64(len(c.rest)))
}

// find looks for a sub-text between two positions, as Python's find and rfind.
func (c *Call) find(start, end int64, index func(s, sub string) int) (Value, error) {
	runes, err := c.runes(0)
	if err != nil {
		return nil, err
	}
	n := int64(len(runes))
	if start > n {
		return int64(-1), nil
	}
	start, end = clip(start, n), clip(end, n)
	if start > end {
		return int64(-1), nil
	}
	part := string(runes[start:end])
	i := index(part, c.text(1))
	if i < 0 {
		return int64(-1), nil
	}
	return start + int64(utf8.RuneCountInString(part[:i])), nil
}

func (c *Call) findFrom(index func(s, sub string) int) (Value, error) {
	start, err := c.int(2)
	if err != nil {
		return nil, err
	}
	return c.find(start, int64(len(c.text(0))), index)
}

func (c *Call) findWithin(index func(s, sub string) int) (Value, error) {
	start, length, err := c.stretch(2)
	if err != nil {
		return nil, err
	}
	n := int64(utf8.RuneCountInString(c.text(0)))
	if start < 0 {
		start += n
	}
	if length < 0 {
		length = max(n-start, 0)
	}
	return c.find(start, start+length, index)
}

func indexOfText(c *Call) (Value, error) { return c.findFrom(strings.Index) }

func indexOfTextIn(c *Call) (Value, error) { return c.findWithin(strings.Index) }

func lastIndexOfText(c *Call) (Value, error) { return c.findFrom(strings.LastIndex) }

func lastIndexOfTextIn(c *Call) (Value, error) { return c.findWithin(strings.LastIndex) }
