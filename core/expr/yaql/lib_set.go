package yaql

import "github.com/petrelhq/petrel/core/expr"

// setSpecs are the functions on sets. None changes its set: they give new ones.
func setSpecs() []spec {
	return []spec{
		{"set", AsFunction, "*args: any", setFromArgs, "A set of the arguments; queries among them count as their items.", "set(1, 2, 2)", "set(2, 1)"},
		{"toSet", AsMethod, "collection: iterable", toSet, "A set of the items.", "[1, 1, 2].toSet()", "set(1, 2)"},
		{"len", both, "set: set", length, "The number of members.", "set(1, 2).len()", "2"},
		{"union", AsMethod, "left: set, right: set", union, "The members of either set.", "set(1, 2).union(set(2, 3))", "set(1, 2, 3)"},
		{"intersect", AsMethod, "left: set, right: set", intersect, "The members of both sets.", "set(1, 2).intersect(set(2, 3))", "set(2)"},
		{"difference", AsMethod, "left: set, right: set", difference, "The members of the first set that the second lacks.", "set(1, 2).difference(set(2, 3))", "set(1)"},
		{"symmetricDifference", AsMethod, "left: set, right: set", symmetricDifference, "The members of exactly one of the sets.", "set(1, 2).symmetricDifference(set(2, 3))", "set(1, 3)"},
		{"add", AsMethod, "set: set, *values: any", setAdd, "The set with values added.", "set(1).add(2, 3)", "set(1, 2, 3)"},
		{"remove", AsMethod, "set: set, *values: any", setRemove, "The set with values removed.", "set(1, 2).remove(1)", "set(2)"},
	}
}

// setOf makes a set of items.
func (r *run) setOf(items []Value) (*expr.Set, error) {
	if err := r.budget.Grow(keySize * int64(len(items))); err != nil {
		return nil, err
	}
	out, err := expr.NewSet()
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		k, err := r.key(item)
		if err != nil {
			return nil, err
		}
		if err := out.Add(k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// asSet is a set value as a set: views of maps too.
func (r *run) asSet(v Value) (*expr.Set, error) {
	if s, ok := v.(*expr.Set); ok {
		return s, nil
	}
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	return r.setOf(items)
}

// compareSets is "=", or inclusion for the other operators.
func (r *run) compareSets(op string, x, y Value) (bool, error) {
	p, err := r.asSet(x)
	if err != nil {
		return false, err
	}
	q, err := r.asSet(y)
	if err != nil {
		return false, err
	}
	if err := r.budget.Step(int64(p.Len() + q.Len())); err != nil {
		return false, err
	}
	if op == "=" {
		return expr.Equal(r.budget, p, q)
	}
	return expr.Compare(r.budget, op, p, q)
}

// filterSet gives the members of v for which keep holds.
func (r *run) filterSet(v Value, keep func(k Value) (bool, error)) ([]Value, error) {
	s, err := r.asSet(v)
	if err != nil {
		return nil, err
	}
	var out []Value
	for k := range s.All() {
		if err := r.budget.Step(1); err != nil {
			return nil, err
		}
		ok, err := keep(k)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, k)
		}
	}
	return out, nil
}

func (r *run) setDifference(x, y Value) (Value, error) {
	items, err := r.membersNotIn(x, y)
	if err != nil {
		return nil, err
	}
	return r.setOf(items)
}

func (r *run) membersNotIn(x, y Value) ([]Value, error) {
	other, err := r.asSet(y)
	if err != nil {
		return nil, err
	}
	return r.filterSet(x, func(k Value) (bool, error) {
		has, err := other.Has(k)
		return !has, err
	})
}

// setFromArgs takes queries among the arguments apart.
func setFromArgs(c *Call) (Value, error) {
	items, err := c.flatArgs()
	if err != nil {
		return nil, err
	}
	return c.sc.run.setOf(items)
}

func toSet(c *Call) (Value, error) {
	items, err := c.items(0)
	if err != nil {
		return nil, err
	}
	return c.sc.run.setOf(items)
}

func union(c *Call) (Value, error) {
	items, err := c.sc.run.joined(c.args[0], c.args[1])
	if err != nil {
		return nil, err
	}
	return c.sc.run.setOf(items)
}

// intersect takes the members of the smaller set, or of a map's keys, which shows when 1 meets 1.0.
func intersect(c *Call) (Value, error) {
	r := c.sc.run
	left, err := r.asSet(c.args[0])
	if err != nil {
		return nil, err
	}
	right, err := r.asSet(c.args[1])
	if err != nil {
		return nil, err
	}
	if _, isSet := c.args[1].(*expr.Set); !isSet || right.Len() <= left.Len() {
		left, right = right, left
	}
	items, err := r.filterSet(left, right.Has)
	if err != nil {
		return nil, err
	}
	return r.setOf(items)
}

func difference(c *Call) (Value, error) { return c.sc.run.setDifference(c.args[0], c.args[1]) }

func symmetricDifference(c *Call) (Value, error) {
	left, err := c.sc.run.membersNotIn(c.args[0], c.args[1])
	if err != nil {
		return nil, err
	}
	right, err := c.sc.run.membersNotIn(c.args[1], c.args[0])
	if err != nil {
		return nil, err
	}
	return c.sc.run.setOf(append(left, right...))
}

func setAdd(c *Call) (Value, error) {
	items, err := c.items(0)
	if err != nil {
		return nil, err
	}
	return c.sc.run.setOf(append(append([]Value(nil), items...), c.rest...))
}

func setRemove(c *Call) (Value, error) {
	out, err := c.sc.run.setOf(c.rest)
	if err != nil {
		return nil, err
	}
	return c.sc.run.setDifference(c.args[0], out)
}
