package yaql

import (
	"sort"

	"github.com/petrelhq/petrel/core/expr"
)

// stream is a query that is evaluated as it is walked, once.
type stream struct{ next expr.NextFunc }

// TypeName implements expr.Object.
func (*stream) TypeName() string { return "generator" }

// Iter implements expr.Iterable: a stream continues where it is.
func (s *stream) Iter(*expr.Budget) (expr.Iterator, error) { return s.next, nil }

// stream makes a query; each item costs a step, and queries on queries nest as calls do.
func (r *run) stream(next expr.NextFunc) *stream {
	return &stream{func() (Value, bool, error) {
		if err := r.budget.Enter(); err != nil {
			return nil, false, err
		}
		defer r.budget.Leave()
		return next()
	}}
}

// each is a stream of what f makes of the items of it; f says whether to keep the item.
func (r *run) each(it expr.Iterator, f func(Value) (Value, bool, error)) *stream {
	return r.stream(func() (Value, bool, error) {
		for {
			v, ok, err := it.Next()
			if err != nil || !ok {
				return nil, false, err
			}
			out, keep, err := f(v)
			if err != nil || keep {
				return out, keep, err
			}
			if err := r.budget.Step(1); err != nil {
				return nil, false, err
			}
		}
	})
}

// fromItems is a stream over items that are there already.
func (r *run) fromItems(items []Value) *stream {
	i := 0
	return r.stream(func() (Value, bool, error) {
		if i >= len(items) {
			return nil, false, nil
		}
		i++
		return items[i-1], true, nil
	})
}

// chain is a stream over several iterables, one after the other; each walk begins when its turn comes.
func (r *run) chain(vs ...Value) *stream {
	var it expr.Iterator
	return r.stream(func() (Value, bool, error) {
		for {
			if it != nil {
				v, ok, err := it.Next()
				if err != nil || ok {
					return v, ok, err
				}
				it = nil
			}
			if len(vs) == 0 {
				return nil, false, nil
			}
			var err error
			if it, err = r.begin(vs[0]); err != nil {
				return nil, false, err
			}
			vs = vs[1:]
		}
	})
}

// memory is a query that remembers what was walked, for memorize().
type memory struct {
	source expr.Iterator
	seen   []Value
	done   bool
}

// TypeName implements expr.Object.
func (*memory) TypeName() string { return "generator" }

// Iter implements expr.Iterable: every walk begins at the start.
func (m *memory) Iter(b *expr.Budget) (expr.Iterator, error) {
	i := 0
	return expr.NextFunc(func() (Value, bool, error) {
		if err := b.Step(1); err != nil {
			return nil, false, err
		}
		if i == len(m.seen) && !m.done {
			v, ok, err := m.source.Next()
			if err != nil {
				return nil, false, err
			}
			if ok {
				m.seen = append(m.seen, v)
				if err := b.Grow(slotSize); err != nil {
					return nil, false, err
				}
			}
			m.done = !ok
		}
		if i == len(m.seen) {
			return nil, false, nil
		}
		i++
		return m.seen[i-1], true, nil
	}), nil
}

// ordered is what orderBy gives: sorted when walked, so that thenBy can add further keys.
type ordered struct {
	run    *run
	source Value
	keys   []sortKey
	sorted []Value
	done   bool
}

type sortKey struct {
	by         *lambda
	descending bool
}

// TypeName implements expr.Object.
func (*ordered) TypeName() string { return "OrderingIterable" }

// Iter implements expr.Iterable.
func (o *ordered) Iter(b *expr.Budget) (expr.Iterator, error) {
	if !o.done {
		if err := b.Enter(); err != nil {
			return nil, err
		}
		defer b.Leave()
		if err := o.sort(); err != nil {
			return nil, err
		}
	}
	return expr.Iterate(b, expr.Tuple(o.sorted))
}

// then is the same query with one more key.
func (o *ordered) then(k sortKey) *ordered {
	keys := append(append([]sortKey(nil), o.keys...), k)
	return &ordered{run: o.run, source: o.source, keys: keys}
}

// sortItem is an item with the keys that were asked for so far.
type sortItem struct {
	val  Value
	keys []Value
}

// key is the i-th key; keys are made when two items are compared by them, as in the original.
func (o *ordered) key(x *sortItem, i int) (Value, error) {
	for len(x.keys) <= i {
		k, err := o.keys[len(x.keys)].by.call(x.val)
		if err != nil {
			return nil, err
		}
		x.keys = append(x.keys, k)
	}
	return x.keys[i], nil
}

func (o *ordered) sort() error {
	items, err := o.run.items(o.source)
	if err != nil {
		return err
	}
	if err := o.run.budget.Grow(4 * slotSize * int64(len(items))); err != nil {
		return err
	}
	rows := make([]*sortItem, len(items))
	for i, item := range items {
		rows[i] = &sortItem{val: item}
	}
	sort.SliceStable(rows, func(i, j int) bool {
		if err != nil {
			return false
		}
		var before bool
		before, err = o.before(rows[i], rows[j])
		return before
	})
	if err != nil {
		return err
	}
	o.sorted, o.done = make([]Value, len(rows)), true
	for i := range rows {
		o.sorted[i] = rows[i].val
	}
	return nil
}

// before compares by YAQL's own < and >, so mixed types fail as they do there.
func (o *ordered) before(x, y *sortItem) (bool, error) {
	for i, k := range o.keys {
		p, err := o.key(x, i)
		if err != nil {
			return false, err
		}
		q, err := o.key(y, i)
		if err != nil {
			return false, err
		}
		less, err := o.run.compare("<", p, q)
		if err != nil {
			return false, err
		}
		if less {
			return !k.descending, nil
		}
		more, err := o.run.compare(">", p, q)
		if err != nil || more {
			return k.descending, err
		}
	}
	return false, nil
}
