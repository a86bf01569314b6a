package rules

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/regex"
)

// texts makes an operator of a comparison of two texts.
func texts(f func(value, pattern string) bool) func(*operands) (bool, error) {
	return func(o *operands) (bool, error) {
		value, pattern, err := o.bothTexts("AttributeError", "TypeError")
		return err == nil && f(value, pattern), err
	}
}

// folded is texts, but upper and lower case are the same.
func folded(f func(value, pattern string) bool) func(*operands) (bool, error) {
	return func(o *operands) (bool, error) {
		value, pattern, err := o.bothTexts("AttributeError", "AttributeError")
		return err == nil && f(strings.ToLower(value), strings.ToLower(pattern)), err
	}
}

func textEquals(value, pattern string) bool { return value == pattern }

// bothTexts gives both operands as texts, or an error of the class named for the one
// that is none.
func (o *operands) bothTexts(valueClass, patternClass string) (value, pattern string, err error) {
	value, ok := expr.Text(o.value)
	if !ok {
		return "", "", expr.Errorf(valueClass, "needs text, but the value is %s", describe(o.value))
	}
	if pattern, ok = expr.Text(o.pattern); !ok {
		return "", "", expr.Errorf(patternClass, "needs text, but the pattern is %s", describe(o.pattern))
	}
	return value, pattern, nil
}

// matchRegex is anchored at the start, and its dot matches newlines.
func matchRegex(o *operands) (bool, error) {
	return o.regex(regex.DotAll, (*regex.Pattern).Match)
}

func searchRegex(o *operands) (bool, error) { return o.regex(0, (*regex.Pattern).Search) }

func searchRegexFold(o *operands) (bool, error) {
	return o.regex(regex.IgnoreCase, (*regex.Pattern).Search)
}

type matcher func(p *regex.Pattern, b *expr.Budget, text string) (*regex.Match, error)

func (o *operands) regex(f regex.Flags, find matcher) (bool, error) {
	value, pattern, err := o.bothTexts("TypeError", "TypeError")
	if err != nil {
		return false, err
	}
	p, err := o.patterns.Compile(pattern, f)
	if err != nil {
		return false, err
	}
	m, err := find(p, o.budget, value)
	return m != nil, err
}

// matchWildcard is Python's fnmatch with case: * ? [seq] [!seq] over the whole text.
func matchWildcard(o *operands) (bool, error) {
	value, pattern, err := o.bothTexts("TypeError", "TypeError")
	if err != nil {
		return false, err
	}
	p, err := o.patterns.Compile(wildcardRegex(pattern), regex.DotAll)
	if err != nil {
		return false, err
	}
	m, err := p.FullMatch(o.budget, value)
	return m != nil, err
}

// wildcardRegex writes a wildcard as a regular expression.
func wildcardRegex(wildcard string) string {
	var b strings.Builder
	w := []rune(wildcard)
	for i := 0; i < len(w); i++ {
		switch w[i] {
		case '*':
			b.WriteString(".*")
			for i+1 < len(w) && w[i+1] == '*' {
				i++
			}
		case '?':
			b.WriteByte('.')
		case '[':
			end := classEnd(w, i+1)
			if end < 0 {
				b.WriteString(`\[`)
				continue
			}
			b.WriteString(wildcardClass(w[i+1 : end]))
			i = end
		default:
			b.WriteString(regex.Escape(string(w[i])))
		}
	}
	return b.String()
}

// classEnd finds the bracket that closes a class whose inside begins at i; -1 for none.
// One that comes first stands for itself.
func classEnd(w []rune, i int) int {
	if i < len(w) && w[i] == '!' {
		i++
	}
	if i < len(w) && w[i] == ']' {
		i++
	}
	for ; i < len(w); i++ {
		if w[i] == ']' {
			return i
		}
	}
	return -1
}

// wildcardClass writes the inside of [...]; ranges that run backwards hold nothing.
func wildcardClass(inside []rune) string {
	negate := inside[0] == '!'
	if negate {
		inside = inside[1:]
	}
	var b strings.Builder
	for i := 0; i < len(inside); i++ {
		if i+2 >= len(inside) || inside[i+1] != '-' {
			b.WriteString(classRune(inside[i]))
			continue
		}
		if inside[i] <= inside[i+2] {
			b.WriteString(classRune(inside[i]) + "-" + classRune(inside[i+2]))
		}
		i += 2
	}
	switch {
	case b.Len() == 0 && negate:
		return "."
	case b.Len() == 0:
		return "(?!)"
	case negate:
		return "[^" + b.String() + "]"
	}
	return "[" + b.String() + "]"
}

func classRune(r rune) string {
	if strings.ContainsRune(`\]^-[`, r) {
		return `\` + string(r)
	}
	return string(r)
}
