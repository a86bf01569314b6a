package regex

import "strings"

// class reads [...], after its bracket.
func (p *parser) class() *node {
	start := p.pos - 1
	s := &set{negate: p.accept('^')}
	first := p.pos
	for p.pos == first || p.peek() != ']' {
		if !p.more() {
			p.fail(start, "unterminated character set")
		}
		p.classItem(s, start)
	}
	p.pos++
	s.canon()
	return &node{op: opSet, set: s}
}

// classItem reads a character, a category such as \w, or a range.
func (p *parser) classItem(s *set, start int) {
	from := p.pos
	lo, category := p.classChar()
	if p.peek() != '-' {
		p.addItem(s, lo, category)
		return
	}
	p.pos++
	switch p.peek() {
	case -1:
		p.fail(start, "unterminated character set")
	case ']': // the - stands for itself
		p.addItem(s, lo, category)
		s.add('-', '-')
		return
	}
	hi, category2 := p.classChar()
	if category || category2 || hi < lo {
		p.fail(from, "bad character range %s", string(p.src[from:p.pos]))
	}
	p.addRange(s, runeRange{lo, hi})
}

func (p *parser) addItem(s *set, r rune, category bool) {
	if category {
		s.addCategory(r, p.flags&ASCII != 0)
		return
	}
	p.addRange(s, runeRange{r, r})
}

func (p *parser) addRange(s *set, r runeRange) {
	s.add(r.lo, r.hi)
	if p.flags&IgnoreCase != 0 {
		s.foldRange(r, p.flags&ASCII != 0)
	}
}

// classChar reads one character inside brackets, or the letter of a category.
func (p *parser) classChar() (r rune, category bool) {
	start := p.pos
	r = p.next()
	if r != '\\' {
		return r, false
	}
	c := p.next()
	switch {
	case strings.ContainsRune("dDsSwW", c):
		return c, true
	case c == 'b':
		return '\b', false
	case strings.ContainsRune(octalDigits, c):
		p.pos--
		return p.octal(p.takeWhile(3, octalDigits), start), false
	case strings.ContainsRune(digits, c):
		p.fail(start, `bad escape \%c`, c)
	}
	return p.charEscape(c, start), false
}
