package schema

import (
	"regexp"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
)

// patternTimeout ends a search that backtracks without end; it counts as no match.
const patternTimeout = 100 * time.Millisecond

// pattern is a regular expression of Python's re, searched for anywhere in a text.
// Texts for which the dialects agree go to Go's engine, which never backtracks.
type pattern struct {
	fast   *regexp.Regexp // nil if Go's engine cannot say it
	python *regexp2.Regexp
}

func (c *compiler) pattern(arg any) *pattern {
	source, ok := arg.(string)
	if !ok {
		c.fault("a pattern needs to be a text, got %s", repr(arg))
		return nil
	}
	python, err := regexp2.Compile(fromPython(source), regexp2.None)
	if err != nil {
		c.fault("%s is not a regular expression: %v", repr(source), err)
		return nil
	}
	python.MatchTimeout = patternTimeout
	p := &pattern{python: python}
	if fast, err := regexp.Compile(source); err == nil {
		p.fast = fast
	}
	return p
}

func (p *pattern) match(s string) bool {
	if p.fast != nil && plain(s) {
		return p.fast.MatchString(s)
	}
	ok, err := p.python.MatchString(s)
	return ok && err == nil
}

// plain reports whether s is printable ASCII, in which \d, \w, \s, \b and $ mean the
// same to Go and to Python.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// fromPython rewrites what Python spells otherwise than .NET: (?P<name>…), (?P=name) and
// \Z, the very end.
func fromPython(source string) string {
	var b strings.Builder
	for i := 0; i < len(source); i++ {
		rest := source[i:]
		switch {
		case strings.HasPrefix(rest, `\Z`):
			b.WriteString(`\z`)
			i++
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(rest[:2])
			i++
		case strings.HasPrefix(rest, "(?P<"):
			b.WriteString("(?<")
			i += 3
		case strings.HasPrefix(rest, "(?P="):
			name, _, _ := strings.Cut(rest[4:], ")")
			b.WriteString(`\k<` + name + ">")
			i += 4 + len(name)
		default:
			b.WriteByte(rest[0])
		}
	}
	return b.String()
}
