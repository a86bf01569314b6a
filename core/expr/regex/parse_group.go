package regex

import (
	"strconv"
	"strings"
	"unicode"
)

// group reads what begins with a parenthesis, after it; nil for comments and flags.
func (p *parser) group() *node {
	start := p.pos - 1
	if p.depth++; p.depth > maxDepth {
		p.fail(start, "groups nest deeper than %d levels", maxDepth)
	}
	defer func() { p.depth-- }()
	if !p.accept('?') {
		return p.capture("", start)
	}
	switch r := p.next(); r {
	case -1:
		p.fail(p.pos, "unexpected end of pattern")
	case 'P':
		return p.named(start)
	case ':':
		return p.body(start, p.flags)
	case '#':
		p.comment(start)
		return nil
	case '=', '!':
		return p.look(start, r == '!')
	case '<':
		return p.lookBehind(start)
	case '(':
		return p.conditional(start)
	case '>':
		return &node{op: opAtomic, subs: []*node{p.body(start, p.flags)}}
	default:
		if r == '-' || strings.ContainsRune(flagLetters, r) {
			return p.inlineFlags(start)
		}
		p.fail(start+1, "unknown extension ?%c", r)
	}
	return nil
}

// body reads up to the closing parenthesis with the given flags in force.
func (p *parser) body(start int, flags Flags) *node {
	outer := p.flags
	p.flags = flags
	n := p.alternatives()
	p.flags = outer
	if !p.accept(')') {
		p.fail(start, "missing ), unterminated subpattern")
	}
	return n
}

func (p *parser) capture(name string, start int) *node {
	number := len(p.closed)
	p.closed = append(p.closed, false)
	if name != "" {
		if was, ok := p.names[name]; ok {
			p.fail(start+len("(?P<"), "redefinition of group name '%s' as group %d; was group %d", name, number, was)
		}
		p.names[name] = number
	}
	n := &node{op: opGroup, group: number, subs: []*node{p.body(start, p.flags)}}
	p.closed[number] = true
	p.widths[number] = widthOf(n)
	return n
}

// named reads (?P<name>…) and (?P=name).
func (p *parser) named(start int) *node {
	switch r := p.next(); r {
	case -1:
		p.fail(p.pos, "unexpected end of pattern")
	case '<':
		return p.capture(p.name('>'), start)
	case '=':
		pos := p.pos
		name := p.name(')')
		group, ok := p.names[name]
		if !ok {
			p.fail(pos, "unknown group name '%s'", name)
		}
		return p.backref(group, pos)
	default:
		p.fail(start+1, "unknown extension ?P%c", r)
	}
	return nil
}

// name reads a group name and the character that ends it.
func (p *parser) name(end rune) string {
	pos := p.pos
	name := p.until(end)
	if !isIdentifier(name) {
		p.fail(pos, "bad character in group name '%s'", name)
	}
	return name
}

func (p *parser) until(end rune) string {
	start := p.pos
	for p.more() && p.peek() != end {
		p.pos++
	}
	name := string(p.src[start:p.pos])
	if name == "" {
		p.fail(start, "missing group name")
	}
	if !p.accept(end) {
		p.fail(start, "missing %c, unterminated name", end)
	}
	return name
}

func isIdentifier(name string) bool {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsNumber(r) && !unicode.IsMark(r)) {
			return false
		}
	}
	return name != ""
}

func (p *parser) comment(start int) {
	for p.next() != ')' {
		if p.pos > len(p.src) {
			p.fail(start, "missing ), unterminated comment")
		}
	}
}

func (p *parser) look(start int, negate bool) *node {
	return &node{op: opLook, negate: negate, subs: []*node{p.body(start, p.flags)}}
}

// lookBehind reads (?<=…) and (?<!…), whose width has to be known.
func (p *parser) lookBehind(start int) *node {
	r := p.next()
	switch r {
	case -1:
		p.fail(p.pos, "unexpected end of pattern")
	case '=', '!':
	default:
		p.fail(start+1, "unknown extension ?<%c", r)
	}
	outer := p.behind
	if outer == 0 {
		p.behind = len(p.closed)
	}
	n := p.look(start, r == '!')
	p.behind, n.behind = outer, true
	if least, most := n.subs[0].width(); least != most || most == unlimited {
		p.fail(start, "look-behind requires fixed-width pattern")
	}
	return n
}

// conditional reads (?(group)yes|no).
func (p *parser) conditional(start int) *node {
	group := p.conditionGroup()
	n := &node{op: opConditional, group: group, subs: []*node{p.sequence(), {op: opEmpty}}}
	if p.accept('|') {
		n.subs[1] = p.sequence()
		if p.peek() == '|' {
			p.fail(p.pos, "conditional backref with more than two branches")
		}
	}
	if !p.accept(')') {
		p.fail(start, "missing ), unterminated subpattern")
	}
	return n
}

func (p *parser) conditionGroup() int {
	pos := p.pos
	name := p.until(')')
	if isIdentifier(name) {
		group, ok := p.names[name]
		if !ok {
			p.fail(pos, "unknown group name '%s'", name)
		}
		p.checkBehind(group)
		return group
	}
	group, err := strconv.Atoi(name)
	switch {
	case err != nil || group < 0:
		p.fail(pos, "bad character in group name '%s'", name)
	case group == 0:
		p.fail(pos, "bad group number")
	}
	p.checkBehind(group)
	p.forward = append(p.forward, reference{group, pos})
	return group
}
