package regex

import "math"

// op says what a node does.
type op int

const (
	opEmpty op = iota
	opLiteral
	opSet
	opConcat
	opAlternate
	opRepeat
	opGroup       // capturing
	opAtomic      // (?>…)
	opLook        // look-ahead, look-behind
	opBackref     // \1, (?P=name)
	opConditional // (?(1)yes|no)
	opStart       // \A, and ^ without MULTILINE
	opLineStart
	opEnd     // \Z
	opLastEnd // $ without MULTILINE: the end, or before a newline that ends the text
	opLineEnd
	opBoundary // \b, \B
)

// eagerness says how a repeat tries its counts.
type eagerness int

const (
	greedy eagerness = iota
	lazy
	possessive
)

// node is one part of a parsed pattern. Case has been folded into sets and flags into
// ops already, so that no engine needs to know Python's flags.
type node struct {
	op         op
	literal    rune
	set        *set
	subs       []*node
	min, max   int // of a repeat, or the width of the group a backref means
	eager      eagerness
	group      int  // number: of a group, or referred to
	negate     bool // (?!…), (?<!…), \B
	behind     bool
	ignoreCase bool // of a backref
	ascii      bool // of a boundary
}

// unlimited stands for a repeat without an upper bound, and for a width without one.
const unlimited = math.MaxInt32

// width gives the least and greatest number of characters n can match.
func (n *node) width() (least, most int) {
	switch n.op {
	case opLiteral, opSet:
		return 1, 1
	case opConcat:
		for _, s := range n.subs {
			l, m := s.width()
			least, most = clamp(least+l), clamp(most+m)
		}
		return least, most
	case opAlternate, opConditional:
		return n.eitherWidth()
	case opRepeat:
		l, m := n.subs[0].width()
		return times(l, n.min), times(m, n.max)
	case opGroup, opAtomic:
		return n.subs[0].width()
	case opBackref:
		return n.min, n.max
	}
	return 0, 0
}

func widthOf(n *node) [2]int {
	least, most := n.width()
	return [2]int{least, most}
}

func (n *node) eitherWidth() (least, most int) {
	least = unlimited
	for _, s := range n.subs {
		l, m := s.width()
		least, most = min(least, l), max(most, m)
	}
	return least, most
}

// size estimates how many instructions a machine without counters needs for n.
func (n *node) size() int {
	total := 1
	for _, s := range n.subs {
		total = clamp(total + s.size())
	}
	if n.op != opRepeat {
		return total
	}
	if n.max == unlimited {
		return times(total, max(n.min, 1))
	}
	return times(total, n.max)
}

// anyOf reports whether f holds for n or anything in it.
func (n *node) anyOf(f func(*node) bool) bool {
	if f(n) {
		return true
	}
	for _, s := range n.subs {
		if s.anyOf(f) {
			return true
		}
	}
	return false
}

func clamp(n int) int { return min(n, unlimited) }

// times is a*b, no more than unlimited; both are at most unlimited.
func times(a, b int) int { return int(min(int64(a)*int64(b), unlimited)) }
