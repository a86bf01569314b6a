package regex

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// escape reads what follows a backslash outside brackets.
func (p *parser) escape() *node {
	start := p.pos - 1
	switch c := p.next(); c {
	case 'A':
		return &node{op: opStart}
	case 'Z':
		return &node{op: opEnd}
	case 'b', 'B':
		return &node{op: opBoundary, negate: c == 'B', ascii: p.flags&ASCII != 0}
	case 'd', 'D', 's', 'S', 'w', 'W':
		s := &set{}
		s.addCategory(c, p.flags&ASCII != 0)
		s.canon()
		return &node{op: opSet, set: s}
	case '0':
		return p.literal(p.octal("0"+p.takeWhile(2, octalDigits), start))
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.numbered(c, start)
	default:
		return p.literal(p.charEscape(c, start))
	}
}

// numbered reads a reference to a group, or three octal digits.
func (p *parser) numbered(first rune, start int) *node {
	number := string(first) + p.takeWhile(1, digits)
	if len(number) == 2 && isOctal(number) && p.more() && isOctal(string(p.peek())) {
		return p.literal(p.octal(number+string(p.next()), start))
	}
	group, _ := strconv.Atoi(number)
	if group >= len(p.closed) {
		p.fail(start+1, "invalid group reference %d", group)
	}
	return p.backref(group, start)
}

// backref refers to what a group matched.
func (p *parser) backref(group, pos int) *node {
	if !p.closed[group] {
		p.fail(pos, "cannot refer to an open group")
	}
	p.checkBehind(group)
	w := p.widths[group]
	return &node{op: opBackref, group: group, min: w[0], max: w[1], ignoreCase: p.flags&IgnoreCase != 0}
}

func (p *parser) checkBehind(group int) {
	if p.behind > 0 && group >= p.behind {
		p.fail(p.pos, "cannot refer to group defined in the same lookbehind subpattern")
	}
}

func isOctal(s string) bool { return strings.Trim(s, octalDigits) == "" }

func (p *parser) octal(number string, start int) rune {
	r, _ := strconv.ParseInt(number, 8, 32)
	if r > 0o377 {
		p.fail(start, `octal escape value \%s outside of range 0-0o377`, number)
	}
	return rune(r)
}

// charEscape reads an escape that stands for one character, inside or outside brackets.
func (p *parser) charEscape(c rune, start int) rune {
	switch c {
	case -1:
		p.fail(start, "bad escape (end of pattern)")
	case 'x':
		return p.hex(2, start)
	case 'u':
		return p.hex(4, start)
	case 'U':
		return p.hex(8, start)
	case 'N':
		p.fail(start, `named characters (\N{...}) are not supported: write the character itself or its \u escape`)
	}
	if r, ok := controlEscape(c); ok {
		return r
	}
	if isASCIILetter(c) {
		p.fail(start, `bad escape \%c`, c)
	}
	return c
}

// controlEscape reads the escapes that patterns and replacements share.
func controlEscape(c rune) (rune, bool) {
	if i := strings.IndexRune("afnrtv", c); i >= 0 {
		return rune("\a\f\n\r\t\v"[i]), true
	}
	return 0, false
}

func (p *parser) hex(n, start int) rune {
	number := p.takeWhile(n, hexDigits)
	if len(number) != n {
		p.fail(start, "incomplete escape %s", string(p.src[start:p.pos]))
	}
	r, _ := strconv.ParseUint(number, 16, 32)
	if r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
		p.fail(start, "bad escape %s", string(p.src[start:p.pos]))
	}
	return rune(r)
}

func isASCIILetter(c rune) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
