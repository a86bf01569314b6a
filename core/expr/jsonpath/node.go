package jsonpath

import (
	"math/big"

	"github.com/petrelhq/petrel/core/expr"
)

// place is a value and what holds it; the whole has no holder.
type place struct {
	value  expr.Value
	holder *place
}

func (p *place) inside(v expr.Value) *place { return &place{value: v, holder: p} }

// node is one part of a path. It hands every place it leads to, from at, to yield, in
// order, and stops and returns false when yield does or the budget is spent.
type node interface {
	find(w *walk, at *place, yield func(*place) bool) bool
}

// walk is one search.
type walk struct {
	budget *expr.Budget
	err    error
}

func (w *walk) spend(err error) bool {
	if w.err == nil {
		w.err = err
	}
	return w.err == nil
}

func (w *walk) step() bool { return w.spend(w.budget.Step(1)) }

// root is $.
type root struct{}

func (root) find(w *walk, at *place, yield func(*place) bool) bool {
	for at.holder != nil {
		at = at.holder
	}
	return w.step() && yield(at)
}

// this is `this`.
type this struct{}

func (this) find(w *walk, at *place, yield func(*place) bool) bool { return w.step() && yield(at) }

// parent is `parent`.
type parent struct{}

func (parent) find(w *walk, at *place, yield func(*place) bool) bool {
	if at.holder == nil {
		return true
	}
	return w.step() && yield(at.holder)
}

// fields is a, or a,b, or * among them for every member.
type fields []string

func (f fields) find(w *walk, at *place, yield func(*place) bool) bool {
	d, ok := at.value.(*expr.Dict)
	if !ok {
		return w.step()
	}
	for _, name := range f {
		if name == "*" {
			return members(w, at, d, yield)
		}
	}
	for _, name := range f {
		if !w.step() {
			return false
		}
		if v, ok := d.Get(name); ok && !yield(at.inside(v)) {
			return false
		}
	}
	return true
}

func members(w *walk, at *place, d *expr.Dict, yield func(*place) bool) bool {
	for _, v := range d.All() {
		if !w.step() || !yield(at.inside(v)) {
			return false
		}
	}
	return true
}

// index is [0]; [-1] is the last. Text has characters.
type index int

func (n index) find(w *walk, at *place, yield func(*place) bool) bool {
	if !w.step() {
		return false
	}
	v, ok := expr.Index(at.value, int64(n))
	return !ok || yield(at.inside(v))
}

// slice is [1:3], [::2] and [*]. What is no list counts as a list of itself.
type slice struct{ start, end, step *int }

func (s slice) find(w *walk, at *place, yield func(*place) bool) bool {
	items, ok := listItems(at.value)
	if !ok {
		return true
	}
	step, i, end := s.bounds(len(items))
	for ; step > 0 && i < end || step < 0 && i > end; i += step {
		if !w.step() || !yield(at.inside(items[i])) {
			return false
		}
	}
	return true
}

// listItems is the elements of a list. st2: jsonpath-rw takes a mapping, a number or a
// text for a list of one.
func listItems(v expr.Value) ([]expr.Value, bool) {
	switch x := v.(type) {
	case *expr.List:
		return x.Items, true
	case expr.Tuple:
		return x, true
	case *expr.Dict, string, expr.Markup, bool, int64, *big.Int:
		return []expr.Value{v}, true
	}
	return nil, false
}

// bounds works out a slice of n elements as Python does.
func (s slice) bounds(n int) (step, start, end int) {
	step, low, high := 1, 0, n
	if s.step != nil {
		step = *s.step
	}
	if step < 0 {
		low, high = -1, n-1
	}
	clip := func(p *int, missing int) int {
		if p == nil {
			return missing
		}
		if *p < 0 {
			return max(*p+n, low)
		}
		return min(*p, high)
	}
	if step < 0 {
		return step, clip(s.start, high), clip(s.end, low)
	}
	return step, clip(s.start, low), clip(s.end, high)
}

// child is a.b: b inside a.
type child struct{ left, right node }

func (c child) find(w *walk, at *place, yield func(*place) bool) bool {
	return c.left.find(w, at, func(p *place) bool { return c.right.find(w, p, yield) })
}

// descendants is a..b: b inside a and all that a holds.
type descendants struct{ left, right node }

func (d descendants) find(w *walk, at *place, yield func(*place) bool) bool {
	return d.left.find(w, at, func(p *place) bool { return d.below(w, p, yield) })
}

func (d descendants) below(w *walk, at *place, yield func(*place) bool) bool {
	if !w.spend(w.budget.Enter()) {
		return false
	}
	defer w.budget.Leave()
	if !d.right.find(w, at, yield) {
		return false
	}
	deeper := func(p *place) bool { return d.below(w, p, yield) }
	switch x := at.value.(type) {
	case *expr.Dict:
		return members(w, at, x, deeper)
	case *expr.List, expr.Tuple:
		return slice{}.find(w, at, deeper)
	}
	return true
}

// where is a where b: those a that have b.
type where struct{ left, right node }

func (n where) find(w *walk, at *place, yield func(*place) bool) bool {
	return n.left.find(w, at, func(p *place) bool {
		has := false
		n.right.find(w, p, func(*place) bool { has = true; return false })
		return w.err == nil && (!has || yield(p))
	})
}

// union is a|b: what a finds, then what b finds.
type union struct{ left, right node }

func (u union) find(w *walk, at *place, yield func(*place) bool) bool {
	return u.left.find(w, at, yield) && u.right.find(w, at, yield)
}
