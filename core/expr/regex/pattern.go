// Package regex matches text against patterns in the dialect of Python's re, in bounded time.
//
// A pattern is parsed here, with Python's rules and error texts, and written down again
// for an engine: Go's regexp wherever the pattern (and the text: ASCII or not, with or
// without a last newline) makes sure that it means the same there, else regexp2, whose
// backtracking is cut by the clock. See [Pattern.Within].
//
// Texts are what Python calls str: \d, \w, \s, \b and IGNORECASE know Unicode unless
// the flag ASCII is set, and positions count code points.
//
// The clock of regexp2 is a goroutine of its own that ends by itself about a second
// after the last match; tests with goleak ignore it by name (regexp2.runClock).
package regex

import (
	"iter"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// DefaultLimit is how long one call on a Pattern may take.
const DefaultLimit = 250 * time.Millisecond

// Pattern is a compiled pattern; safe for concurrent use.
//
// Its methods take a budget, which is charged for what they return and may end them
// before their own limit; nil charges nothing. Their errors are *TimeoutError and those
// of the budget.
type Pattern struct {
	*program
	source string
	limit  time.Duration
}

// Compile reads a pattern. The error is a *SyntaxError. A [Cache] saves doing it twice.
func Compile(source string, flags Flags) (*Pattern, error) {
	p, err := parse(source, flags)
	if err != nil {
		return nil, err
	}
	return &Pattern{program: newProgram(p), source: source, limit: DefaultLimit}, nil
}

// Within is p with another limit on the time of one call. The clock ticks every 100 ms,
// so a call may take that much longer.
func (p *Pattern) Within(limit time.Duration) *Pattern {
	return &Pattern{program: p.program, source: p.source, limit: limit}
}

// String is the pattern's source.
func (p *Pattern) String() string { return p.source }

// Groups is the number of capturing groups, the whole match not counted.
func (p *Pattern) Groups() int { return p.groups }

// GroupNames gives the name of each group by number; "" for group 0 and nameless ones.
func (p *Pattern) GroupNames() []string {
	names := make([]string, p.groups+1)
	for name, i := range p.names {
		names[i] = name
	}
	return names
}

// Group is what a group matched.
type Group struct {
	Text       string
	Start, End int // in code points; -1 when the group took no part
}

// Matched reports whether the group took part in the match.
func (g Group) Matched() bool { return g.Start >= 0 }

// Match is one match; Groups[0] is all of it.
type Match struct {
	Groups []Group
	names  map[string]int
}

// Named finds a group by name.
func (m *Match) Named(name string) (Group, bool) {
	i, ok := m.names[name]
	if !ok {
		return Group{}, false
	}
	return m.Groups[i], true
}

func (m *Match) empty() bool { return m.Groups[0].Start == m.Groups[0].End }

// Match looks for a match that begins where the text does; nil when there is none.
func (p *Pattern) Match(b *expr.Budget, text string) (*Match, error) {
	return p.one(b, text, atStart)
}

// FullMatch looks for a match that is the whole text; nil when there is none.
func (p *Pattern) FullMatch(b *expr.Budget, text string) (*Match, error) {
	return p.one(b, text, whole)
}

// Search looks for the first match; nil when there is none.
func (p *Pattern) Search(b *expr.Budget, text string) (*Match, error) {
	return p.one(b, text, anywhere)
}

func (p *Pattern) one(b *expr.Budget, text string, v variant) (*Match, error) {
	m, _, err := p.scan(b, text).find(v, 0)
	return m, err
}

// All yields the matches from left to right, as Python's finditer: an empty match may
// touch the one before it, but not another empty one. An error ends it.
func (p *Pattern) All(b *expr.Budget, text string) iter.Seq2[*Match, error] {
	return func(yield func(*Match, error) bool) {
		s := p.scan(b, text)
		if p.nullable {
			s.linear = nil // Go's regexp passes over empty matches that Python reports
		}
		pos, empty := 0, false
		for {
			m, end, err := s.next(pos, empty)
			if m == nil && err == nil || !yield(m, err) || err != nil {
				return
			}
			pos, empty = end, m.empty()
		}
	}
}
