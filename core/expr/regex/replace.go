package regex

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// FindAll gives what Python's findall does: a row per match, holding the groups, or the
// whole match when the pattern has none. A group that took no part is "". With more
// than one group (see [Pattern.Groups]) Python's rows are tuples, else strings.
func (p *Pattern) FindAll(b *expr.Budget, text string) ([][]string, error) {
	var rows [][]string
	for m, err := range p.All(b, text) {
		if err != nil {
			return nil, err
		}
		groups := m.Groups
		if len(groups) > 1 {
			groups = groups[1:]
		}
		row := make([]string, len(groups))
		for i, g := range groups {
			row[i] = g.Text
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Split gives the text between matches, and the groups of each match between those, as
// Python's split; at most most matches are used, 0 means all. A group that took no part
// is there, with Matched false.
func (p *Pattern) Split(b *expr.Budget, text string, most int) ([]Group, error) {
	var parts []Group
	rest := remainder{text: text}
	n := 0
	for m, err := range p.All(b, text) {
		if err != nil {
			return nil, err
		}
		parts = append(parts, rest.upTo(m.Groups[0]))
		parts = append(parts, m.Groups[1:]...)
		if n++; n == most {
			break
		}
	}
	return append(parts, rest.all()), nil
}

// remainder is the part of a text that no match has touched yet.
type remainder struct {
	text  string
	point int // where text begins, in code points of the whole
}

// upTo takes what lies before g and drops g.
func (r *remainder) upTo(g Group) Group {
	before := cutPoints(r.text, g.Start-r.point)
	part := Group{r.text[:before], r.point, g.Start}
	after := before + cutPoints(r.text[before:], g.End-g.Start)
	r.text, r.point = r.text[after:], g.End
	return part
}

func (r *remainder) all() Group {
	return Group{r.text, r.point, r.point + len([]rune(r.text))}
}

// cutPoints is the byte offset of the n-th code point.
func cutPoints(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}

// Sub replaces matches by a replacement in Python's syntax: \1, \g<1>, \g<name>, \n.
// At most most matches are replaced, 0 means all. A replacement that cannot be read
// is a *SyntaxError.
func (p *Pattern) Sub(b *expr.Budget, replacement, text string, most int) (string, error) {
	t, err := p.template(replacement)
	if err != nil {
		return "", err
	}
	return p.SubFunc(b, text, most, func(m *Match) (string, error) { return t.expand(m), nil })
}

// SubFunc replaces matches by what f makes of them; at most most, 0 means all.
func (p *Pattern) SubFunc(b *expr.Budget, text string, most int, f func(*Match) (string, error)) (string, error) {
	var out strings.Builder
	rest := remainder{text: text}
	n := 0
	for m, err := range p.All(b, text) {
		if err != nil {
			return "", err
		}
		piece, err := f(m)
		if err != nil {
			return "", err
		}
		before := rest.upTo(m.Groups[0]).Text
		if err := b.Grow(int64(len(before) + len(piece))); err != nil {
			return "", err
		}
		out.WriteString(before)
		out.WriteString(piece)
		if n++; n == most {
			break
		}
	}
	out.WriteString(rest.text)
	return out.String(), nil
}
