package expr

// Settle makes plain data of what an evaluation gave: generators, views and ranges become lists,
// lazy values what they stand for. Data from outside (frozen) is plain already; functions and
// undefined values stay.
func Settle(b *Budget, v Value) (Value, error) { return settle(b, v, map[any]bool{}, 0) }

func settle(b *Budget, v Value, seen map[any]bool, depth int) (Value, error) {
	if err := nesting(depth); err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case *List:
		if x.frozen || seen[x] {
			return x, nil
		}
		seen[x] = true
		return x, settleItems(b, x.Items, seen, depth)
	case Tuple:
		out := append(Tuple(nil), x...)
		return out, settleItems(b, out, seen, depth)
	case *Dict:
		if x.frozen || seen[x] {
			return x, nil
		}
		seen[x] = true
		return x, settleDict(b, x, seen, depth)
	case *Generator, *View, *Range:
		items, err := Items(b, v)
		if err != nil {
			return nil, err
		}
		return settle(b, NewList(items...), seen, depth+1)
	case Resolver:
		r, err := x.Resolve(b)
		if err != nil {
			return nil, err
		}
		return settle(b, r, seen, depth+1)
	}
	return v, nil
}

func settleItems(b *Budget, items []Value, seen map[any]bool, depth int) error {
	if err := b.Step(int64(len(items))); err != nil {
		return err
	}
	for i, item := range items {
		s, err := settle(b, item, seen, depth+1)
		if err != nil {
			return err
		}
		items[i] = s
	}
	return nil
}

func settleDict(b *Budget, d *Dict, seen map[any]bool, depth int) error {
	if err := b.Step(int64(d.Len())); err != nil {
		return err
	}
	for i := range d.entries {
		if d.entries[i].dead {
			continue
		}
		s, err := settle(b, d.entries[i].val, seen, depth+1)
		if err != nil {
			return err
		}
		d.entries[i].val = s
	}
	return nil
}
