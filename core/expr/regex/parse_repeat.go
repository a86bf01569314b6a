package regex

import "strconv"

// repeat applies *, + or ? to the last part of n.
func (p *parser) repeat(n *node, r rune, start int) {
	switch r {
	case '*':
		p.repeatLast(n, 0, unlimited, start)
	case '+':
		p.repeatLast(n, 1, unlimited, start)
	default:
		p.repeatLast(n, 0, 1, start)
	}
}

// counted applies {m}, {m,}, {,n} or {m,n}; false when what follows { is something
// else, which makes it a plain brace.
func (p *parser) counted(n *node, start int) bool {
	from := p.pos
	if p.peek() == '}' {
		return false
	}
	lo := p.takeWhile(len(p.src), digits)
	hi := lo
	if p.accept(',') {
		hi = p.takeWhile(len(p.src), digits)
	}
	if !p.accept('}') {
		p.pos = from
		return false
	}
	least, most := p.count(lo, 0, start), p.count(hi, unlimited, start)
	if most < least {
		p.fail(start+1, "min repeat greater than max repeat")
	}
	p.repeatLast(n, least, most, start)
	return true
}

func (p *parser) count(digits string, missing, start int) int {
	if digits == "" {
		return missing
	}
	c, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || c == unlimited {
		p.fail(start, "the repetition number is too large")
	}
	return int(c)
}

func (p *parser) repeatLast(n *node, least, most, start int) {
	if len(n.subs) == 0 {
		p.fail(start, "nothing to repeat")
	}
	last := n.subs[len(n.subs)-1]
	switch last.op {
	case opStart, opLineStart, opEnd, opLastEnd, opLineEnd, opBoundary:
		p.fail(start, "nothing to repeat")
	case opRepeat:
		p.fail(start, "multiple repeat")
	}
	rep := &node{op: opRepeat, min: least, max: most, subs: []*node{last}}
	if p.accept('?') {
		rep.eager = lazy
	} else if p.accept('+') {
		rep.eager = possessive
	}
	n.subs[len(n.subs)-1] = rep
}
