package functions

import (
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/regex"
)

// regexes runs the regex functions on one cache of patterns.
type regexes struct{ cache *regex.Cache }

func patterns() *regexes { return &regexes{regex.NewCache(256)} }

func (r *regexes) compile(pattern, ignoreCase expr.Value) (*regex.Pattern, error) {
	source, err := str(pattern)
	if err != nil {
		return nil, err
	}
	ignore, err := expr.Truthy(ignoreCase)
	if err != nil {
		return nil, err
	}
	var flags regex.Flags
	if ignore {
		flags = regex.IgnoreCase
	}
	return r.cache.Compile(source, flags)
}

// prepare gives the text of the value and the compiled pattern.
func (r *regexes) prepare(b *expr.Budget, v, pattern, ignoreCase expr.Value) (string, *regex.Pattern, error) {
	s, err := text(b, v)
	if err != nil {
		return "", nil, err
	}
	p, err := r.compile(pattern, ignoreCase)
	return s, p, err
}

func (r *regexes) match(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	s, p, err := r.prepare(b, a[0], a[1], a[2])
	if err != nil {
		return nil, err
	}
	m, err := p.Match(b, s)
	return m != nil, err
}

func (r *regexes) search(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	s, p, err := r.prepare(b, a[0], a[1], a[2])
	if err != nil {
		return nil, err
	}
	m, err := p.Search(b, s)
	return m != nil, err
}

func (r *regexes) replace(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	s, p, err := r.prepare(b, a[0], a[1], a[3])
	if err != nil {
		return nil, err
	}
	with, err := str(a[2])
	if err != nil {
		return nil, err
	}
	out, err := p.Sub(b, with, s, 0)
	return out, err
}

// substring is one of all matches: text, or a tuple when the pattern has several groups.
func (r *regexes) substring(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	s, p, err := r.prepare(b, a[0], a[1], a[3])
	if err != nil {
		return nil, err
	}
	rows, err := p.FindAll(b, s)
	if err != nil {
		return nil, err
	}
	i, err := expr.AsInt(a[2])
	if err != nil {
		return nil, err
	}
	if i < 0 {
		i += int64(len(rows))
	}
	if i < 0 || i >= int64(len(rows)) {
		return nil, expr.Errorf("IndexError", "list index out of range")
	}
	if p.Groups() <= 1 {
		return rows[i][0], nil
	}
	t := make(expr.Tuple, len(rows[i]))
	for j, g := range rows[i] {
		t[j] = g
	}
	return t, nil
}
