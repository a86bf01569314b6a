package yaql

import (
	"github.com/petrelhq/petrel/core/expr"
)

// truthy is Python's bool(v).
func (r *run) truthy(v Value) (bool, error) { return expr.Truthy(v) }

// shown is a value inside an error message, cut when long.
func shown(v Value) string {
	s, err := pythonText(nil, v)
	if err != nil {
		s = expr.TypeName(v)
	}
	if runes := []rune(s); len(runes) > maxShown {
		s = string(runes[:maxShown]) + "…"
	}
	return s
}

const maxShown = 200

// isPythonList tells a list made by a Python function from data that came in, which counts as a tuple.
func isPythonList(v Value) bool {
	l, ok := v.(*expr.List)
	return ok && l.Mutable() == nil
}

// equal is Python's x == y.
func (r *run) equal(x, y Value) (bool, error) { return r.equalAt(x, y, 0) }

func (r *run) equalAt(x, y Value, depth int) (bool, error) {
	if depth > maxDepth {
		return false, tooDeep()
	}
	if p, ok := sequence(x); ok {
		q, ok := sequence(y)
		if !ok || len(p) != len(q) || isPythonList(x) != isPythonList(y) {
			return false, nil
		}
		return r.equalItems(p, q, depth)
	}
	if p, ok := x.(*expr.Dict); ok {
		q, ok := y.(*expr.Dict)
		if !ok || p.Len() != q.Len() {
			return false, nil
		}
		return r.equalDicts(p, q, depth)
	}
	if isSet(x) && isSet(y) {
		return r.compareSets("=", x, y)
	}
	return expr.Equal(r.budget, x, y)
}

// maxDepth bounds how deep values may nest.
const maxDepth = 1000

func tooDeep() error {
	return expr.Errorf("RecursionError", "values nest deeper than %d levels", maxDepth)
}

func (r *run) equalItems(p, q []Value, depth int) (bool, error) {
	if err := r.budget.Step(int64(len(p))); err != nil {
		return false, err
	}
	for i := range p {
		if eq, err := r.equalAt(p[i], q[i], depth+1); !eq || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *run) equalDicts(p, q *expr.Dict, depth int) (bool, error) {
	if err := r.budget.Step(int64(p.Len())); err != nil {
		return false, err
	}
	for k, v := range p.All() {
		w, ok, err := q.Lookup(k)
		if !ok || err != nil {
			return false, err
		}
		if eq, err := r.equalAt(v, w, depth+1); !eq || err != nil {
			return false, err
		}
	}
	return true, nil
}

// walk starts a walk over an iterable value; one that orderBy is to sort, it sorts when the first item is asked for.
func (r *run) walk(v Value) (expr.Iterator, error) {
	if _, ok := v.(*ordered); ok {
		return r.chain(v).next, nil
	}
	return r.begin(v)
}

func (r *run) begin(v Value) (expr.Iterator, error) {
	it, err := expr.Iterate(r.budget, v)
	if err != nil {
		return nil, err
	}
	if !isSet(v) {
		return it, nil
	}
	return expr.NextFunc(func() (Value, bool, error) {
		k, ok, err := it.Next()
		return unkey(k), ok, err
	}), nil
}

// items collects a walk.
func (r *run) items(v Value) ([]Value, error) {
	if items, ok := sequence(v); ok {
		return items, r.budget.Step(int64(len(items)))
	}
	it, err := r.walk(v)
	if err != nil {
		return nil, err
	}
	return expr.Drain(r.budget, it)
}

// lookup finds a key of a map.
func (r *run) lookup(d *expr.Dict, key Value) (Value, bool, error) {
	if s, ok := key.(string); ok {
		v, ok := d.Get(s)
		return v, ok, nil
	}
	k, err := r.key(key)
	if err != nil {
		return nil, false, err
	}
	return d.Lookup(k)
}

func keyError(key Value) error {
	s, err := pythonRepr(nil, key)
	if err != nil {
		s = expr.TypeName(key)
	}
	return expr.Errorf("KeyError", "%s", s)
}

// member is v.name: a key of a map, that of each item of a list, or a property of a date or time span.
func (r *run) member(v Value, name string) (Value, error) {
	if d, ok := v.(*expr.Dict); ok {
		x, ok := d.Get(name)
		if !ok {
			return nil, keyError(name)
		}
		return x, nil
	}
	if isIterable(v) {
		it, err := r.walk(v)
		if err != nil {
			return nil, err
		}
		return r.stream(func() (Value, bool, error) {
			item, ok, err := it.Next()
			if err != nil || !ok {
				return nil, false, err
			}
			x, err := r.member(item, name)
			return x, err == nil, err
		}), nil
	}
	return property(v, name)
}
