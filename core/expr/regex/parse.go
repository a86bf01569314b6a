package regex

import (
	"fmt"
	"strings"
)

// Flags are Python's re flags; they can be combined.
type Flags uint8

const (
	IgnoreCase Flags = 1 << iota // re.I
	Multiline                    // re.M
	DotAll                       // re.S
	Verbose                      // re.X
	ASCII                        // re.A
)

// maxDepth bounds how deep groups may nest.
const maxDepth = 200

// parser reads Python's pattern syntax; one use.
type parser struct {
	src    []rune
	text   string
	pos    int
	flags  Flags // in force here
	whole  Flags // in force everywhere
	depth  int
	names  map[string]int
	closed []bool         // by group number; group 0 is never closed
	widths map[int][2]int // of closed groups
	behind int            // groups opened before the look-behind we are in; 0 outside

	forward []reference // groups asked for in conditionals
}

// reference is a group's number where the pattern names it.
type reference struct{ group, pos int }

// parsed is what a pattern says.
type parsed struct {
	root   *node
	groups int
	names  map[string]int
}

// parse reads a pattern. The error is a *SyntaxError.
//
// st2 differs: flags such as (?i) in the middle of a pattern hold for all of it, as
// they did before Python 3.11, which refuses them: packs written for older Pythons use them.
func parse(text string, flags Flags) (parsed, error) {
	for {
		ps := &parser{
			src: []rune(text), text: text, flags: flags, whole: flags, names: map[string]int{},
			closed: make([]bool, 1), widths: map[int][2]int{},
		}
		root, err := ps.run()
		if err == nil && ps.whole == flags {
			return parsed{root, len(ps.closed) - 1, ps.names}, nil
		}
		if ps.whole == flags {
			return parsed{}, err
		}
		flags = ps.whole // found on the way: all that came before must be read again
	}
}

// stop carries a syntax error up through the recursive descent.
type stop struct{ err *SyntaxError }

func (p *parser) run() (root *node, err error) {
	defer p.catch(&err)
	root = p.alternatives()
	if p.more() {
		p.fail(p.pos, "unbalanced parenthesis")
	}
	for _, r := range p.forward {
		if r.group >= len(p.closed) {
			p.fail(r.pos, "invalid group reference %d", r.group)
		}
	}
	return root, nil
}

// catch turns the end that fail brought about into an error; it is deferred.
func (p *parser) catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case stop:
		*err = r.err
	default:
		panic(r)
	}
}

// fail ends the parsing with an error at pos.
func (p *parser) fail(pos int, format string, args ...any) {
	p.failAs("error", pos, format, args...)
}

// failAs is fail with another class than re.error.
func (p *parser) failAs(class string, pos int, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	panic(stop{&SyntaxError{Msg: msg, Source: p.text, Pos: max(0, min(pos, len(p.src))), class: class}})
}

func (p *parser) more() bool { return p.pos < len(p.src) }

// peek is the next character, or -1 at the end.
func (p *parser) peek() rune {
	if !p.more() {
		return -1
	}
	return p.src[p.pos]
}

func (p *parser) next() rune {
	r := p.peek()
	p.pos++
	return r
}

func (p *parser) accept(r rune) bool {
	if p.peek() != r {
		return false
	}
	p.pos++
	return true
}

// takeWhile takes up to most characters of the given ones.
func (p *parser) takeWhile(most int, chars string) string {
	start := p.pos
	for p.more() && p.pos-start < most && strings.ContainsRune(chars, p.src[p.pos]) {
		p.pos++
	}
	return string(p.src[start:p.pos])
}

const (
	digits      = "0123456789"
	octalDigits = "01234567"
	hexDigits   = "0123456789abcdefABCDEF"
)

func (p *parser) alternatives() *node {
	n := &node{op: opAlternate}
	for {
		n.subs = append(n.subs, p.sequence())
		if !p.accept('|') {
			break
		}
	}
	if len(n.subs) == 1 {
		return n.subs[0]
	}
	return n
}

// sequence reads up to a | or ) that belongs to somebody else.
func (p *parser) sequence() *node {
	n := &node{op: opConcat}
	for p.more() && p.peek() != '|' && p.peek() != ')' {
		if p.flags&Verbose != 0 && p.skipBlank() {
			continue
		}
		start := p.pos
		switch r := p.next(); r {
		case '*', '+', '?':
			p.repeat(n, r, start)
		case '{':
			if !p.counted(n, start) {
				n.subs = append(n.subs, p.literal('{'))
			}
		default:
			if atom := p.atom(r); atom != nil {
				n.subs = append(n.subs, atom)
			}
		}
	}
	return n
}

// skipBlank skips white space and comments of VERBOSE patterns.
func (p *parser) skipBlank() bool {
	switch r := p.peek(); {
	case strings.ContainsRune(" \t\n\r\v\f", r):
		p.pos++
		return true
	case r == '#':
		for p.more() && p.next() != '\n' {
		}
		return true
	}
	return false
}

// atom reads what can be repeated; nil for comments and flags.
func (p *parser) atom(r rune) *node {
	switch r {
	case '\\':
		return p.escape()
	case '[':
		return p.class()
	case '(':
		return p.group()
	case '.':
		return p.dot()
	case '^':
		if p.flags&Multiline != 0 {
			return &node{op: opLineStart}
		}
		return &node{op: opStart}
	case '$':
		if p.flags&Multiline != 0 {
			return &node{op: opLineEnd}
		}
		return &node{op: opLastEnd}
	}
	return p.literal(r)
}

func (p *parser) dot() *node {
	s := &set{negate: true}
	if p.flags&DotAll == 0 {
		s.add('\n', '\n')
	}
	return &node{op: opSet, set: s}
}

// literal is one character, or the set of all that match it when case is ignored.
func (p *parser) literal(r rune) *node {
	if p.flags&IgnoreCase != 0 {
		if same := foldings(r, p.flags&ASCII != 0); len(same) > 1 {
			s := &set{}
			s.addAll(same)
			s.canon()
			return &node{op: opSet, set: s}
		}
	}
	return &node{op: opLiteral, literal: r}
}
