package jinja

import "github.com/petrelhq/petrel/core/expr"

// group is one entry of groupby: the tuple (grouper, list) that also has these names.
type group struct {
	grouper expr.Value
	list    *expr.List
}

func (g *group) tuple() expr.Tuple { return expr.Tuple{g.grouper, g.list} }

// TypeName implements expr.Object.
func (*group) TypeName() string { return "_GroupTuple" }

// Len implements expr.Sized.
func (*group) Len() int { return 2 }

// Attr implements expr.Attributer.
func (g *group) Attr(_ *expr.Budget, name string) (expr.Value, bool, error) {
	switch name {
	case "grouper":
		return g.grouper, true, nil
	case "list":
		return g.list, true, nil
	}
	return nil, false, nil
}

// Item implements expr.Indexer.
func (g *group) Item(_ *expr.Budget, key expr.Value) (expr.Value, bool, error) {
	v, ok := expr.Index(g.tuple(), key)
	return v, ok, nil
}

// Iter implements expr.Iterable.
func (g *group) Iter(b *expr.Budget) (expr.Iterator, error) { return expr.Iterate(b, g.tuple()) }

// Str implements expr.Stringer.
func (g *group) Str(b *expr.Budget) (string, error) {
	if err := b.Enter(); err != nil {
		return "", err
	}
	defer b.Leave()
	return expr.Repr(b, g.tuple())
}

// Resolve implements expr.Resolver: outside of expressions a group is its tuple.
func (g *group) Resolve(*expr.Budget) (expr.Value, error) { return g.tuple(), nil }

// Order implements expr.Orderer.
func (g *group) Order(other expr.Value) (int, bool, error) {
	o, ok := other.(*group)
	if !ok {
		return 0, false, nil
	}
	if less, err := expr.Less(nil, g.tuple(), o.tuple()); less || err != nil {
		return -1, true, err
	}
	more, err := expr.Less(nil, o.tuple(), g.tuple())
	if more {
		return 1, true, err
	}
	return 0, true, err
}

// HashKey implements expr.Hasher: the list in it cannot be part of a key.
func (g *group) HashKey() (any, error) { return nil, expr.Hashable(g.list) }

// EqualTo implements expr.Equaler.
func (g *group) EqualTo(b *expr.Budget, other expr.Value) (bool, error) {
	if o, ok := other.(*group); ok {
		other = o.tuple()
	}
	return expr.Equal(b, g.tuple(), other)
}

func filterGroupBy(c *Call, a []expr.Value) (expr.Value, error) {
	key, err := c.key(a[1], a[3], a[2])
	if err != nil {
		return nil, err
	}
	exact := c.getter(a[1], a[2])
	items, err := expr.Items(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	items = append([]expr.Value(nil), items...)
	keys, err := c.keysOf(items, key)
	if err != nil {
		return nil, err
	}
	if err := sortValues(c.Budget, items, keys, false); err != nil {
		return nil, err
	}
	out := expr.NewList()
	var last expr.Value
	for i, item := range items {
		k, err := key(item)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			eq, err := expr.Equal(c.Budget, last, k)
			if err != nil {
				return nil, err
			}
			if eq {
				g := out.Items[len(out.Items)-1].(*group)
				g.list.Items = append(g.list.Items, item)
				continue
			}
		}
		last = k
		shown, err := exact(item)
		if err != nil {
			return nil, err
		}
		if err := out.Append(c.Budget, &group{shown, expr.NewList(item)}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
