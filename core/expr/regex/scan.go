package regex

import (
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// scan is one call's walk over a text.
type scan struct {
	*Pattern
	budget   *expr.Budget
	text     string
	runes    []rune  // of text, once regexp2 is asked
	linear   *linear // nil when only regexp2 will do
	deadline time.Time
	mark     mark
}

func (p *Pattern) scan(b *expr.Budget, text string) *scan {
	s := &scan{Pattern: p, budget: b, text: text, deadline: time.Now().Add(p.limit)}
	s.mark.ascii = isASCII(text)
	s.linear = p.linearFor(text, s.mark.ascii)
	if end := b.Deadline(); !end.IsZero() && end.Before(s.deadline) {
		s.deadline = end
	}
	return s
}

func isASCII(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// next finds the match after one that ended at pos and was empty or not.
func (s *scan) next(pos int, empty bool) (*Match, int, error) {
	if pos > 0 && s.linear != nil || empty {
		return s.find(onward, pos)
	}
	return s.find(anywhere, pos)
}

// groupCost is what a group of a match is charged, in bytes.
const groupCost = 40

// find looks for a match from pos on, and gives the pos after it. A pos is the scan's
// own: bytes for one engine, code points for the other.
func (s *scan) find(v variant, pos int) (m *Match, end int, err error) {
	if err := s.alive(); err != nil {
		return nil, 0, err
	}
	if err := s.budget.Grow(int64(s.groups+1) * groupCost); err != nil {
		return nil, 0, err
	}
	if s.linear != nil {
		if re := s.linear[v](); re != nil {
			return s.findLinear(re, v, pos)
		}
		s.linear = nil // refused; it is the same for every variant, so pos is still 0
	}
	return s.findTracking(v, pos)
}

func (s *scan) alive() error {
	if err := s.budget.Alive(); err != nil {
		return err
	}
	if time.Now().After(s.deadline) {
		return &TimeoutError{Pattern: s.source, Limit: s.limit}
	}
	return nil
}

// unclocked is how much work (bytes of text times instructions) is done without looking
// at the clock.
const unclocked = 1 << 25

func (s *scan) findLinear(re *regexp.Regexp, v variant, pos int) (*Match, int, error) {
	from, text := 0, s.text
	if v == onward { // the character before pos is there for ^ and \b to see
		_, width := utf8.DecodeLastRuneInString(text[:pos])
		from, text = pos-width, text[pos-width:]
	}
	loc, err := s.locate(re, text)
	if loc == nil || err != nil {
		return nil, 0, err
	}
	if v == onward {
		loc = loc[2:]
	}
	m := &Match{Groups: make([]Group, s.groups+1), names: s.names}
	for i := range m.Groups {
		m.Groups[i] = Group{Start: -1, End: -1}
		if lo, hi := loc[2*i], loc[2*i+1]; lo >= 0 {
			m.Groups[i] = Group{s.text[from+lo : from+hi], s.mark.at(s.text, from+lo), s.mark.at(s.text, from+hi)}
		}
	}
	return m, from + loc[1], nil
}

// locate runs Go's regexp, under the clock when there is much to do.
func (s *scan) locate(re *regexp.Regexp, text string) ([]int, error) {
	if len(text)*s.size <= unclocked {
		return re.FindStringSubmatchIndex(text), nil
	}
	r := &clockedReader{Reader: strings.NewReader(text), alive: s.alive}
	loc := re.FindReaderSubmatchIndex(r)
	return loc, r.err
}

// clockedReader ends when alive says so.
type clockedReader struct {
	*strings.Reader
	alive func() error
	runes int
	err   error
}

func (r *clockedReader) ReadRune() (rune, int, error) {
	const lookEvery = 1024
	if r.runes++; r.runes%lookEvery == 0 && r.err == nil {
		r.err = r.alive()
	}
	if r.err != nil {
		return 0, 0, io.EOF
	}
	return r.Reader.ReadRune()
}

// mark turns byte offsets into code points. It remembers the last, so that walking
// forward over a text costs one pass.
type mark struct {
	ascii       bool
	byte, point int
}

func (m *mark) at(text string, offset int) int {
	switch {
	case m.ascii:
		return offset
	case offset >= m.byte:
		m.point += utf8.RuneCountInString(text[m.byte:offset])
	default:
		m.point -= utf8.RuneCountInString(text[offset:m.byte])
	}
	m.byte = offset
	return m.point
}

func (s *scan) findTracking(v variant, pos int) (*Match, int, error) {
	re := s.tracking[v]()
	if re == nil {
		return nil, 0, &SyntaxError{Msg: "the pattern is too large", Source: s.source, class: "error"}
	}
	if s.runes == nil {
		if err := s.budget.Grow(4 * int64(len(s.text))); err != nil {
			return nil, 0, err
		}
		s.runes = []rune(s.text)
	}
	own := *re // its limit is a field, so each call has a copy
	own.MatchTimeout = max(time.Until(s.deadline), time.Millisecond)
	found, err := own.FindRunesMatchStartingAt(s.runes, pos)
	if err != nil {
		if err := s.budget.Alive(); err != nil {
			return nil, 0, err
		}
		return nil, 0, &TimeoutError{Pattern: s.source, Limit: s.limit}
	}
	if found == nil {
		return nil, 0, nil
	}
	m := &Match{Groups: make([]Group, s.groups+1), names: s.names}
	for i := range m.Groups {
		m.Groups[i] = Group{Start: -1, End: -1}
		if g := found.GroupByNumber(i); len(g.Captures) > 0 {
			m.Groups[i] = Group{g.String(), g.Index, g.Index + g.Length}
		}
	}
	return m, m.Groups[0].End, nil
}
