package jinja

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// templates makes random templates that are mostly right: expressions are typed, with a slip now and then.
type templates struct {
	r     *rand.Rand
	scope []string // variables that the template itself has set
	fresh int
}

// generatorContext is what generated templates see.
const generatorContext = `{
	"i": 7, "j": -3, "z": 0, "big": 123456789012345678901234567890, "f": 2.5, "g": -0.125, "t": true, "no": false, "n": null,
	"s": "Hello, World", "u": "naïve — ünï ☃ ß", "e": "", "num": " 42 ", "ml": "line1\nline2\n  line3 is rather a long one, with commas\n", "h": "<a href='x'>T&C</a>",
	"l": [5, 1, 4, 2, 3], "ls": ["pear", "Apple", "fig", "kiwi", "apple"], "le": [], "ln": [[1, 2], [3], []], "mix": [1, "two", 3.5, null, true, [6]],
	"d": {"a": 1, "b": {"c": [10, 20, 30]}, "k-1": "dash", "x y": "space"}, "de": {},
	"vms": [{"name": "web1", "cpu": 4, "tags": ["prod", "eu"], "up": true}, {"name": "db1", "cpu": 16, "tags": [], "up": false},
		{"name": "Web2", "cpu": 4, "tags": ["dev"], "up": true}]
}`

func (g *templates) pick(options ...string) string { return options[g.r.IntN(len(options))] }

func (g *templates) chance(percent int) bool { return g.r.IntN(100) < percent }

// any is an expression of any type.
func (g *templates) any(depth int) string {
	switch g.r.IntN(9) {
	case 0, 1:
		return g.integer(depth)
	case 2, 3:
		return g.text(depth)
	case 4:
		return g.list(depth)
	case 5:
		return g.dict(depth)
	case 6:
		return g.truth(depth)
	case 7:
		return g.float(depth)
	}
	if len(g.scope) > 0 {
		return g.pick(g.scope...)
	}
	return g.pick("nope", "n", "none", "mix", "d.nope", "l[9]", "vms[0].name", "(1,)", "()", "(i, s)", "vms[-1]")
}

func (g *templates) integer(depth int) string {
	if depth <= 0 || g.chance(20) {
		return g.pick("0", "1", "2", "3", "-1", "10", "i", "j", "z", "1_000", "0x1f", "0b11", "d.a", "vms[0].cpu", "l[1]", "big", "true")
	}
	if g.chance(4) {
		return g.any(depth - 1)
	}
	d := depth - 1
	switch g.r.IntN(12) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s %s)", g.integer(d), g.pick("+", "-", "*", "//", "%"), g.integer(d))
	case 3:
		return g.pick("-", "+") + g.integer(0)
	case 4:
		return g.wrap(g.iterable(d)) + "|" + g.pick("length", "count", "sum", "first", "last", "max", "min")
	case 5:
		return g.wrap(g.any(d)) + "|int" + g.pick("", "(7)", "(default=1)", "(0, 16)")
	case 6:
		return g.wrap(g.text(d)) + g.pick(".count('l')", ".find('o')", ".rfind('l')", ".index('e')", "|length", "|wordcount", ".find('l', 3)", ".find('o', -4, -1)")
	case 7:
		return g.wrap(g.integer(d)) + g.pick("|abs", "|round", "|round(-1)", "|int", ".bit_length()", ".real")
	case 8:
		return "(" + g.integer(d) + " ** " + g.pick("0", "1", "2", "3") + ")"
	case 9:
		return g.wrap(g.list(d)) + g.pick(".index(4)", ".count(1)", "[0]", "[-1]", "[1]", "|map('int')|sum", "|map('length')|list|length")
	case 10:
		return fmt.Sprintf("(%s if %s else %s)", g.integer(d), g.truth(d), g.integer(d))
	}
	return g.wrap(g.dict(d)) + g.pick(".a", "['a']", ".get('a', 3)", "|length", ".get('zz', 3)", ".pop('a', 9)")
}

func (g *templates) float(depth int) string {
	if depth <= 0 || g.chance(20) {
		return g.pick("1.5", "0.1", "2.0", "1e3", "1e16", "1.5e-7", "f", "g", "mix[2]", "0.0", "123456.789")
	}
	d := depth - 1
	switch g.r.IntN(7) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", g.float(d), g.pick("+", "-", "*", "/", "//", "%"), g.number(d))
	case 2:
		return fmt.Sprintf("(%s / %s)", g.integer(d), g.integer(d))
	case 3:
		return g.wrap(g.number(d)) + "|round" + g.pick("", "(1)", "(2)", "(1, 'floor')", "(2, 'ceil')", "(method='ceil')", "(-1, 'floor')")
	case 4:
		return g.wrap(g.any(d)) + "|float" + g.pick("", "(1.5)", "(default=0.5)")
	case 5:
		return g.wrap(g.float(d)) + g.pick("|abs", "|int", ".is_integer()", "|string", "|abs|round(3)", ".real")
	}
	return "(-" + g.float(d) + ")"
}

func (g *templates) number(depth int) string {
	if g.chance(50) {
		return g.integer(depth)
	}
	return g.float(depth)
}

func (g *templates) literal() string {
	return g.pick(`'abc'`, `"x y z"`, `''`, `'a,b,,c'`, `'ABC def'`, `"it's"`, `'say "hi"'`, `'a\nb\tc'`, `'\u00e9\x41'`, `'ÄÖ ß'`, `'  pad '`, `'%s-%s'`,
		`'{}:{}'`, `'{{'`, `'1.5'`, `'-12'`, `'0x1F'`, `'A' 'b'`, `'<b>&amp;</b>'`, `'title-case it(now)'`, `'tab\tbed'`, `'x=1&y=2'`, `'\\d'`)
}

func (g *templates) text(depth int) string {
	if depth <= 0 || g.chance(15) {
		if g.chance(50) {
			return g.literal()
		}
		return g.pick("s", "u", "e", "num", "ml", "h", "vms[0].name", "ls[0]", "d['k-1']")
	}
	if g.chance(4) {
		return g.any(depth - 1)
	}
	d := depth - 1
	switch g.r.IntN(15) {
	case 0, 1:
		return fmt.Sprintf("(%s ~ %s)", g.any(d), g.any(d))
	case 2:
		return fmt.Sprintf("(%s + %s)", g.text(d), g.text(d))
	case 3:
		return fmt.Sprintf("(%s * %s)", g.text(d), g.pick("2", "0", "3", "-1", "z"))
	case 4, 5, 6:
		return g.wrap(g.text(d)) + "|" + g.textFilter(d)
	case 7, 8, 9:
		return g.wrap(g.text(d)) + "." + g.textMethod(d)
	case 10:
		return g.wrap(g.text(d)) + g.slice(d)
	case 11:
		return g.wrap(g.list(d)) + "|join" + g.pick("", "(',')", "(', ')", "(d='-')", "('|')")
	case 12:
		return g.wrap(g.any(d)) + "|string"
	case 13:
		return g.formatted(d)
	}
	return fmt.Sprintf("(%s if %s else %s)", g.text(d), g.truth(d), g.text(d))
}

func (g *templates) formatted(d int) string {
	switch g.r.IntN(6) {
	case 0:
		return fmt.Sprintf("'%s' %% (%s, %s)", g.pick("%s-%s", "%5s|%-5s|", "%r %s", "%.3s%s", "%s%%%s"), g.any(d), g.any(d))
	case 1:
		return fmt.Sprintf("'%s' %% (%s,)", g.pick("%d", "%05d", "%x", "%X", "%o", "%+d", "% d", "%-6d|", "%.3d", "%#x", "%c"), g.pick("i", "10", "255", "-7", "65", "f", "t"))
	case 2:
		return fmt.Sprintf("'%s' %% %s", g.pick("%f", "%.2f", "%8.3f", "%e", "%g", "%-9.1f|", "%+.1f", "%08.2f", "%G", "%.0f"), g.pick("f", "1.5", "123456.789", "1e-7", "i", "1e20", "0.1", "g"))
	case 3:
		return fmt.Sprintf("'%s'.format(%s, %s)", g.pick("{}-{}", "{1}{0}", "{0!r:>12}{1}", "{!s}{}", "{:>20}|{:<4}|", "{:^21}{}", "{0}{0}{1}"), g.pick("s", "i", "f", "'x'", "'é'"), g.pick("i", "u", "t", "'y'"))
	case 4:
		return fmt.Sprintf("'%s'.format(%s)", g.pick("{:d}", "{:5d}", "{:05}", "{:,}", "{:_}", "{:x}", "{:#x}", "{:+}", "{:b}", "{:e}", "{:.2f}", "{:%}", "{:g}", "{:010,}", "{:.3}", "{:>8}", "{:*^9}", "{:=+8}"),
			g.pick("i", "1234567", "f", "-42", "1e6", "0.5", "big", "123456.789", "g"))
	}
	return "'{a} {b[0]} {c.name} {d[k-1]}'.format(a=i, b=l, c=vms[0], d=d)"
}

func (g *templates) textFilter(d int) string {
	return g.pick("upper", "lower", "title", "capitalize", "trim", "trim('ab ')", "string", "e", "escape", "forceescape", "safe", "striptags", "urlencode",
		"length", "reverse", "center(20)", "indent", "indent(2, true)", "indent(width='> ', blank=true)", "truncate(8)", "truncate(9, true)", "truncate(10, false, '…', 0)",
		"replace('l', 'L')", "replace('o', '0', 1)", "wordwrap(8)", "wordwrap(5, false)", "wordcount", "default('x')", "default('x', true)", "d(1)", "list|join('.')",
		"first", "last", "tojson", "pprint", "int", "float", "format", "batch(3)|list", "slice(3)|list", "urlize", "wordwrap(12, wrapstring='/')", "escape|upper", "list|length", "filesizeformat")
}

func (g *templates) textMethod(d int) string {
	return g.pick("upper()", "lower()", "title()", "capitalize()", "swapcase()", "strip()", "lstrip()", "rstrip()", "strip('Hd ')", "split()", "split(',')", "split(',', 1)", "rsplit(None, 1)",
		"rsplit(',', 1)", "splitlines()", "splitlines(true)", "partition(',')", "rpartition('o')", "replace('l', '1')", "replace('', '-')", "replace('l', '', 1)", "startswith('H')",
		"endswith(('d', 'x'))", "zfill(8)", "center(9, '*')", "ljust(9)", "rjust(9, '.')", "isdigit()", "isalpha()", "isupper()", "islower()", "isspace()", "istitle()", "isalnum()",
		"casefold()", "expandtabs(4)", "join(['a', 'b'])", "removeprefix('He')", "removesuffix('d')", "isidentifier()", "isnumeric()", "isascii()", "isprintable()", "startswith('l', 2)", "count('')", "join(ls)", "format()", "nope")
}

func (g *templates) slice(d int) string {
	part := func() string { return g.pick("", "", "0", "1", "2", "-1", "-2", "10", "i") }
	if g.chance(40) {
		return fmt.Sprintf("[%s:%s:%s]", part(), part(), g.pick("", "1", "2", "-1", "-2"))
	}
	return fmt.Sprintf("[%s:%s]", part(), part())
}

func (g *templates) iterable(depth int) string {
	switch g.r.IntN(5) {
	case 0:
		return g.text(depth)
	case 1:
		return g.dict(depth)
	}
	return g.list(depth)
}

func (g *templates) list(depth int) string {
	if depth <= 0 || g.chance(20) {
		return g.pick("l", "ls", "le", "ln", "mix", "vms", "[1, 2, 3]", "[]", "['b', 'a']", "d.b.c", "(3, 1)", "[none, 1]", "[1, 1.0, true]", "['x', 'X']")
	}
	if g.chance(4) {
		return g.any(depth - 1)
	}
	d := depth - 1
	switch g.r.IntN(11) {
	case 0:
		return fmt.Sprintf("[%s, %s]", g.any(d), g.any(d))
	case 1:
		return fmt.Sprintf("(%s + %s)", g.list(d), g.list(d))
	case 2:
		return g.wrap(g.list(d)) + g.slice(d)
	case 3, 4, 5:
		return g.wrap(g.iterable(d)) + "|" + g.listFilter()
	case 6:
		return "range(" + g.pick("4", "1, 6", "10, 0, -3", "i", "0", "2, 9, 4") + ")" + g.pick("", "|list", "[1:]")
	case 7:
		return g.wrap(g.dict(d)) + g.pick(".items()", ".keys()", ".values()", "|dictsort", "|dictsort(by='value')", "|items|list", "|list", ".items()|list", "|dictsort(reverse=true)", "|dictsort(true)") + g.pick("", "|list")
	case 8:
		return g.wrap(g.text(d)) + ".split(" + g.pick("", "','", "'l'") + ")"
	case 9:
		return fmt.Sprintf("(%s * %s)", g.list(d), g.pick("2", "0", "1"))
	}
	return "vms|" + g.pick("selectattr('up')", "rejectattr('up')", "selectattr('cpu', '>', 4)", "map(attribute='name')", "map(attribute='tags.0', default='-')", "sort(attribute='cpu')", "sort(attribute='cpu,name')",
		"sort(attribute='name', reverse=true)", "groupby('cpu')", "groupby('up')|map('first')", "unique(attribute='cpu')", "selectattr('tags')", "map(attribute='nope')", "groupby('cpu')|map(attribute='list')", "map('length')", "selectattr('name', 'in', ['web1'])") + "|list"
}

func (g *templates) listFilter() string {
	return g.pick("sort", "sort(true)", "sort(case_sensitive=true)", "unique", "unique|list", "reverse", "map('string')", "map('upper')", "select", "reject", "select('odd')", "select('string')", "reject('none')",
		"select('equalto', 1)", "batch(2)", "batch(2, 'x')", "slice(2)", "slice(3, 0)", "list", "map('int', 3)", "map('default', 'x')", "select('>', 2)", "map('replace', 'a', 'b')", "map('first')",
		"select('in', [1, 2])", "map('abs')", "rejectattr('nope')", "select('defined')", "map('nofilter')", "select('notest')", "map('join', '-')", "unique(true)", "select('divisibleby', 2)") + g.pick("|list", "|list", "|list", "|join(' ')", "|first")
}

func (g *templates) dict(depth int) string {
	if depth <= 0 || g.chance(40) {
		return g.pick("d", "de", "vms[0]", "{}", "{'a': 1, 'b': [2]}", "{1: 2, 'x': none}", "d.b", "dict(a=1, b=2)", "dict([('k', 'v')])", "dict(d, z=3)", "{'B': 1, 'a': 2, 'C': 0}", "{(1, 2): 3}", "{true: 'one', 1: 'uno'}")
	}
	d := depth - 1
	return fmt.Sprintf("{%s: %s, 'k': %s}", g.pick("'a'", "1", "s", "i", "2.0"), g.any(d), g.any(d))
}

func (g *templates) truth(depth int) string {
	if depth <= 0 || g.chance(15) {
		return g.pick("true", "false", "t", "no", "i", "e", "l", "le", "n", "True")
	}
	d := depth - 1
	switch g.r.IntN(9) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", g.number(d), g.pick("==", "!=", "<", "<=", ">", ">="), g.number(d))
	case 2:
		return fmt.Sprintf("(%s %s %s)", g.any(d), g.pick("in", "not in"), g.pick(g.list(d), g.text(d), g.dict(d)))
	case 3:
		return fmt.Sprintf("(%s %s %s)", g.any(d), g.pick("and", "or"), g.any(d))
	case 4:
		return "(not " + g.truth(d) + ")"
	case 5, 6:
		return fmt.Sprintf("(%s is %s%s)", g.wrap(g.any(d)), g.pick("", "not "), g.test())
	case 7:
		return fmt.Sprintf("(%s == %s)", g.any(d), g.any(d))
	}
	return fmt.Sprintf("(%s < %s <= %s)", g.any(d), g.any(d), g.any(d))
}

func (g *templates) test() string {
	return g.pick("defined", "undefined", "none", "string", "number", "mapping", "iterable", "sequence", "odd", "even", "divisibleby 3", "divisibleby(2)", "callable", "boolean", "integer", "float",
		"true", "false", "lower", "upper", "sameas none", "sameas(true)", "eq 1", "ne 'a'", "lt 5", "gt(3)", "in [1, 7]", "escaped", "equalto 7", "ge 2", "le i", "filter", "test", "lessthan 4")
}

func (g *templates) wrap(e string) string {
	if strings.HasPrefix(e, "-") || strings.HasPrefix(e, "+") || strings.ContainsAny(e, " %|") && !balanced(e) {
		return "(" + e + ")"
	}
	return e
}

// balanced reports whether an expression is one bracketed piece.
func balanced(e string) bool {
	if e == "" || !strings.ContainsRune("([{'\"", rune(e[0])) {
		return false
	}
	if e[0] == '\'' || e[0] == '"' {
		return strings.IndexByte(e[1:], e[0]) == len(e)-2
	}
	depth := 0
	for i, c := range e {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth == 0 {
			return i == len(e)-1
		}
	}
	return false
}
