package regex

import (
	"fmt"
	"strings"
	"unicode"
)

// dialect is a way to write a tree down for an engine.
type dialect int

const (
	re2ASCII  dialect = iota // for Go's regexp, right for texts in ASCII only
	re2                      // for Go's regexp
	backtrack                // for regexp2
)

// emitter writes a tree in a dialect.
type emitter struct {
	b       strings.Builder
	dialect dialect
	cannot  bool // the dialect has no way to say what the tree says
}

// emit gives the tree's text in a dialect; ok is false when that dialect would not
// mean the same.
func emit(root *node, d dialect) (text string, ok bool) {
	e := &emitter{dialect: d}
	e.node(root)
	return e.b.String(), !e.cannot
}

func (e *emitter) node(n *node) {
	switch n.op {
	case opEmpty:
		e.b.WriteString("(?:)")
	case opLiteral:
		e.b.WriteString(quote(n.literal))
	case opSet:
		e.set(n.set)
	case opConcat:
		for _, s := range n.subs {
			e.node(s)
		}
	case opAlternate:
		e.alternate(n.subs)
	case opRepeat:
		e.repeat(n)
	case opGroup:
		e.wrap("(", n.subs[0])
	default:
		e.special(n)
	}
}

// special writes what only a backtracking engine has, and the anchors.
func (e *emitter) special(n *node) {
	switch n.op {
	case opAtomic:
		e.only(backtrack)
		e.wrap("(?>", n.subs[0])
	case opLook:
		e.only(backtrack)
		e.wrap(lookPrefix(n), n.subs[0])
	case opBackref:
		e.only(backtrack)
		fmt.Fprintf(&e.b, "(?%s:\\%d)", choose(n.ignoreCase, "i", ""), n.group)
	case opConditional:
		e.only(backtrack)
		fmt.Fprintf(&e.b, "(?(%d)", n.group)
		e.wrap("(?:", n.subs[0])
		e.b.WriteByte('|')
		e.wrap("(?:", n.subs[1])
		e.b.WriteByte(')')
	case opBoundary:
		e.boundary(n)
	default:
		e.b.WriteString(e.anchor(n.op))
	}
}

func (e *emitter) only(d dialect) { e.cannot = e.cannot || e.dialect != d }

func (e *emitter) wrap(prefix string, n *node) {
	e.b.WriteString(prefix)
	e.node(n)
	e.b.WriteByte(')')
}

func lookPrefix(n *node) string {
	return "(?" + choose(n.behind, "<", "") + choose(n.negate, "!", "=")
}

func (e *emitter) anchor(o op) string {
	switch o {
	case opStart:
		return `\A`
	case opLineStart:
		return `(?m:^)`
	case opLineEnd:
		return `(?m:$)`
	case opLastEnd:
		if e.dialect == backtrack {
			return `\Z` // regexp2's \Z is before a last newline too
		}
	}
	return `\z`
}

// boundary writes \b or \B, which does not match the empty text. RE2 knows word
// characters of ASCII only.
func (e *emitter) boundary(n *node) {
	if e.dialect != backtrack {
		e.cannot = e.cannot || e.dialect == re2 && !n.ascii
		e.b.WriteString(choose(n.negate, `\B`, `\b`))
		return
	}
	word := `[\p{L}\p{N}_]`
	if n.ascii {
		word = `[0-9A-Z_a-z]`
	}
	within, at := `(?=`, `(?!`
	if n.negate {
		within, at = at, within
	}
	fmt.Fprintf(&e.b, `(?:(?<=%[1]s)%[2]s%[1]s)|(?<!%[1]s)%[3]s%[1]s)(?!\A\z))`, word, at, within)
}

func choose(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func (e *emitter) alternate(subs []*node) {
	e.b.WriteString("(?:")
	for i, s := range subs {
		if i > 0 {
			e.b.WriteByte('|')
		}
		e.node(s)
	}
	e.b.WriteByte(')')
}

// repeat writes a repeat. What an engine does when the repeated part matches nothing
// differs, so such repeats are left to the backtracking engine, which does as Python.
func (e *emitter) repeat(n *node) {
	if least, _ := n.subs[0].width(); least == 0 || n.eager == possessive {
		e.only(backtrack)
	}
	if n.eager == possessive {
		e.b.WriteString("(?>")
	}
	e.wrap("(?:", n.subs[0])
	if n.max == unlimited {
		fmt.Fprintf(&e.b, "{%d,}", n.min)
	} else {
		fmt.Fprintf(&e.b, "{%d,%d}", n.min, n.max)
	}
	switch n.eager {
	case lazy:
		e.b.WriteByte('?')
	case possessive:
		e.b.WriteByte(')')
	}
}

// set writes a character class. \W stands for what is outside two categories, which
// no engine can put into brackets beside other things: then it is written beside them.
func (e *emitter) set(s *set) {
	rest := *s
	rest.notWord, rest.negate = false, false
	switch {
	case e.dialect == re2ASCII:
		e.brackets(s.onlyASCII())
	case !s.notWord:
		e.brackets(s)
	case rest.empty():
		e.brackets(&set{word: true, negate: !s.negate})
	case !s.negate:
		e.b.WriteString(`(?:[^\p{L}\p{N}_]|`)
		e.brackets(&rest)
		e.b.WriteByte(')')
	default:
		e.only(backtrack)
		e.b.WriteString(`(?:(?!`)
		e.brackets(&rest)
		e.b.WriteString(`)[\p{L}\p{N}_])`)
	}
}

func (e *emitter) brackets(s *set) {
	switch {
	case s.empty() && s.negate:
		e.b.WriteString(`(?s:.)`)
		return
	case s.empty():
		e.b.WriteString(`[^\x00-\x{10FFFF}]`) // only of re2ASCII
		return
	}
	e.b.WriteByte('[')
	if s.negate {
		e.b.WriteByte('^')
	}
	for _, r := range s.ranges {
		e.b.WriteString(quote(r.lo))
		if r.lo != r.hi {
			e.b.WriteString("-" + quote(r.hi))
		}
	}
	e.categories(s)
	e.b.WriteByte(']')
}

func (e *emitter) categories(s *set) {
	if s.digit {
		e.b.WriteString(`\p{Nd}`)
	}
	if s.notDigit {
		e.b.WriteString(`\P{Nd}`)
	}
	if s.word {
		e.b.WriteString(`\p{L}\p{N}_`)
	}
}

// quote writes a character so that it means itself in every engine and in brackets.
func quote(r rune) string {
	switch {
	case r == '_' || r > unicode.MaxASCII || isASCIILetter(r) || '0' <= r && r <= '9':
		return string(r)
	case r <= ' ' || r == 0x7f:
		return fmt.Sprintf(`\x%02x`, r)
	}
	return `\` + string(r)
}
