package yaql

import (
	"strconv"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/regex"
)

// regexSpecs are the functions on patterns, which are in Python's dialect.
func regexSpecs() []spec {
	const onPattern, onText = "regexp: regex, string: string", "string: string, regexp: regex"
	return []spec{
		{"regex", AsFunction, "pattern: string, ignoreCase: bool? = false, multiLine: bool? = false, dotAll: bool? = false", compileRegex, "A compiled pattern.", "regex('A', ignoreCase => true).matches('xa')", "true"},
		{"escapeRegex", AsFunction, "string: string", func(c *Call) (Value, error) { return c.string(regex.Escape(c.text(0))) }, "The text as a pattern that means just it.", "escapeRegex('a.b')", "'a\\\\.b'"},
		{"matches", AsMethod, onPattern, matchesPattern, "Whether the pattern is found in the text.", "regex('b').matches('abc')", "true"},
		{"matches", AsMethod, "string: string, regexp: string", matchesText, "Whether the pattern is found in the text.", "'abc'.matches('b')", "true"},
		{"search", AsMethod, onPattern + ", selector: expression? = null", search, "The first match as text; or what the selector makes of it: $ is the match and $2 … its groups, each with value, start and end.", "regex('(\\\\w)(\\\\d)').search('a1 b2', $2.value)", "'a'"},
		{"searchAll", AsMethod, onPattern + ", selector: expression? = null", searchAll, "All matches as texts, or what the selector makes of each.", "regex('\\\\d').searchAll('a1b2')", "['1', '2']"},
		{"split", AsMethod, onPattern + ", maxSplit: int = 0", splitPattern(0, 1), "The parts of the text between matches.", "regex(',\\\\s*').split('a, b,c')", "[a, b, c]"},
		{"split", AsMethod, onText + ", maxSplit: int = 0", splitPattern(1, 0), "The parts of the text between matches.", "'a1b'.split(regex('\\\\d'))", "[a, b]"},
		{"replace", AsMethod, onPattern + ", repl: string, count: int = 0", replacePattern(0, 1), "The text with matches replaced; \\1 … in the replacement are groups.", "regex('\\\\d').replace('a1b2', '#')", "'a#b#'"},
		{"replace", AsMethod, onText + ", repl: string, count: int = 0", replacePattern(1, 0), "The text with matches replaced.", "'a1b2'.replace(regex('\\\\d'), '#', 1)", "'a#b2'"},
		{"replaceBy", AsMethod, onPattern + ", repl: expression, count: int = 0", replaceBy(0, 1), "The text with matches replaced by what the expression makes of them.", "regex('\\\\d').replaceBy('a1', str(int($.value) + 1))", "'a2'"},
		{"replaceBy", AsMethod, onText + ", repl: expression, count: int = 0", replaceBy(1, 0), "The text with matches replaced by what the expression makes of them.", "'a1'.replaceBy(regex('\\\\d'), '[' + $.value + ']')", "'a[1]'"},
	}
}

func (c *Call) pattern(i int) *regex.Pattern { return c.args[i].(*pattern).Pattern }

func compileRegex(c *Call) (Value, error) {
	var flags regex.Flags
	for i, f := range []regex.Flags{regex.IgnoreCase, regex.Multiline, regex.DotAll} {
		if c.flag(i + 1) {
			flags |= f
		}
	}
	p, err := c.sc.run.engine.regexes.Compile(c.text(0), flags)
	if err != nil {
		return nil, err
	}
	return &pattern{p, flags}, nil
}

func matchesPattern(c *Call) (Value, error) { return c.sc.run.matches("=~", c.args[1], c.args[0]) }

func matchesText(c *Call) (Value, error) { return c.sc.run.matches("=~", c.args[0], c.args[1]) }

// groupValue is a group as selectors see it.
func groupValue(g regex.Group) Value {
	if !g.Matched() {
		return expr.DictOf("value", nil, "start", int64(-1), "end", int64(-1))
	}
	return expr.DictOf("value", g.Text, "start", int64(g.Start), "end", int64(g.End))
}

// selectMatch evaluates a selector for a match: $1 is the match, $2 … its groups.
func (c *Call) selectMatch(p *regex.Pattern, l *lambda, m *regex.Match) (Value, error) {
	for _, name := range p.GroupNames() {
		if name != "" { // the original trips over its own group table
			return nil, expr.Errorf("ValueError", "not enough values to unpack (expected 2, got 1)")
		}
	}
	args := make([]Value, len(m.Groups))
	for i, g := range m.Groups {
		args[i] = groupValue(g)
	}
	if err := c.budget().Grow(8 * slotSize * int64(len(args))); err != nil {
		return nil, err
	}
	return l.call(args...)
}

func (c *Call) matchValue(p *regex.Pattern, m *regex.Match) (Value, error) {
	if l := c.lambda(2); l != nil {
		return c.selectMatch(p, l, m)
	}
	return m.Groups[0].Text, nil
}

func search(c *Call) (Value, error) {
	p := c.pattern(0)
	m, err := p.Search(c.budget(), c.text(1))
	if err != nil || m == nil {
		return nil, err
	}
	return c.matchValue(p, m)
}

func searchAll(c *Call) (Value, error) {
	p := c.pattern(0)
	var out []Value
	for m, err := range p.All(c.budget(), c.text(1)) {
		if err != nil {
			return nil, err
		}
		v, err := c.matchValue(p, m)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if err := c.budget().Grow(slotSize); err != nil {
			return nil, err
		}
	}
	return c.sc.run.fromItems(out), nil
}

// most reads a limit for regex functions, where 0 means all and less than 0 none.
func (c *Call) most(i int) (n int, none bool, err error) {
	k, err := c.int(i)
	return int(min(max(k, 0), 1<<40)), k < 0, err
}

func splitPattern(pattern, text int) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) {
		most, none, err := c.most(2)
		if err != nil {
			return nil, err
		}
		if none {
			return c.parts([]string{c.text(text)})
		}
		groups, err := c.pattern(pattern).Split(c.budget(), c.text(text), most)
		if err != nil {
			return nil, err
		}
		l := expr.NewList()
		for _, g := range groups {
			var v Value
			if g.Matched() {
				v = g.Text
			}
			l.Items = append(l.Items, v)
		}
		return l, c.budget().Grow(slotSize * int64(len(groups)))
	}
}

func replacePattern(pattern, text int) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) {
		most, none, err := c.most(3)
		if err != nil || none {
			return c.text(text), err
		}
		return c.pattern(pattern).Sub(c.budget(), c.text(2), c.text(text), most)
	}
}

func replaceBy(pattern, text int) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) {
		most, none, err := c.most(3)
		if err != nil || none {
			return c.text(text), err
		}
		p := c.pattern(pattern)
		n := 0
		return p.SubFunc(c.budget(), c.text(text), most, func(m *regex.Match) (string, error) {
			v, err := c.selectMatch(p, c.lambda(2), m)
			if err != nil {
				return "", err
			}
			s, ok := v.(string)
			if n += 2; !ok {
				return "", expr.Errorf("TypeError", "sequence item %s: expected str instance, %s found", strconv.Itoa(n-1), expr.TypeName(v))
			}
			return s, nil
		})
	}
}
