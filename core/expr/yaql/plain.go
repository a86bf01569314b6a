package yaql

import "github.com/petrelhq/petrel/core/expr"

// plain makes a result that is free of queries: they become lists, and so do tuples and views of
// values; views of keys become sets. Data that came in is shared, not copied.
func (r *run) plain(v Value, depth int) (Value, error) {
	if depth > maxDepth {
		return nil, tooDeep()
	}
	switch x := v.(type) {
	case *expr.List:
		if x.Mutable() != nil {
			return x, nil
		}
		return r.plainItems(x.Items, depth)
	case expr.Tuple:
		return r.plainItems(x, depth)
	case *expr.Dict:
		if x.Mutable() != nil {
			return x, nil
		}
		return r.plainDict(x, depth)
	case *missing:
		return nil, nil
	}
	if isSet(v) {
		return r.plainSet(v, depth)
	}
	if isIterable(v) {
		return r.plainWalk(v, depth)
	}
	return v, nil
}

func (r *run) plainItems(items []Value, depth int) (Value, error) {
	if err := r.budget.Grow(slotSize * int64(len(items)+3)); err != nil {
		return nil, err
	}
	out := make([]Value, len(items))
	for i, item := range items {
		p, err := r.plain(item, depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return expr.NewList(out...), nil
}

func (r *run) plainWalk(v Value, depth int) (Value, error) {
	it, err := r.walk(v)
	if err != nil {
		return nil, err
	}
	l := expr.NewList()
	for {
		item, ok, err := it.Next()
		if err != nil || !ok {
			return l, err
		}
		p, err := r.plain(item, depth+1)
		if err != nil {
			return nil, err
		}
		if err := l.Append(r.budget, p); err != nil {
			return nil, err
		}
	}
}

func (r *run) plainDict(d *expr.Dict, depth int) (Value, error) {
	if err := r.budget.Grow(keySize * int64(d.Len())); err != nil {
		return nil, err
	}
	out := expr.NewDict()
	for k, v := range d.All() {
		key, err := r.plain(unkey(k), depth+1)
		if err != nil {
			return nil, err
		}
		p, err := r.plain(v, depth+1)
		if err != nil {
			return nil, err
		}
		if err := out.Set(key, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// plainSet fails for sets of lists, as the original does: plain lists are no members of sets.
func (r *run) plainSet(v Value, depth int) (Value, error) {
	it, err := r.walk(v)
	if err != nil {
		return nil, err
	}
	out, err := expr.NewSet()
	if err != nil {
		return nil, err
	}
	for {
		item, ok, err := it.Next()
		if err != nil || !ok {
			return out, err
		}
		p, err := r.plain(item, depth+1)
		if err != nil {
			return nil, err
		}
		if err := out.Add(p); err != nil {
			return nil, err
		}
		if err := r.budget.Grow(keySize); err != nil {
			return nil, err
		}
	}
}
