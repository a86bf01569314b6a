package expr

import "strings"

// Compare is Python's x op y for op one of "<", "<=", ">", ">="; TypeError when the two do not compare.
func Compare(b *Budget, op string, x, y Value) (bool, error) {
	if xs, ok := x.(*Set); ok {
		if ys, ok := y.(*Set); ok {
			return compareSets(op, xs, ys)
		}
	}
	x, y, err := resolvePair(b, x, y)
	if err != nil {
		return false, err
	}
	c, ordered, err := order(b, op, x, y, 0)
	if err != nil || !ordered {
		return false, err
	}
	return holds(op, c), nil
}

// Less is x < y.
func Less(b *Budget, x, y Value) (bool, error) { return Compare(b, "<", x, y) }

// resolvePair reads lazy values.
func resolvePair(b *Budget, x, y Value) (Value, Value, error) {
	for _, v := range []*Value{&x, &y} {
		if l, ok := (*v).(*Lookup); ok {
			r, err := l.Resolve(b)
			if err != nil {
				return nil, nil, err
			}
			*v = r
		}
	}
	return x, y, nil
}

func holds(op string, c int) bool {
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// order compares two values; ordered is false for NaN.
func order(b *Budget, op string, x, y Value, depth int) (cmp int, ordered bool, err error) {
	if err := b.Step(1); err != nil {
		return 0, false, err
	}
	if isNumber(x) && isNumber(y) {
		c, ok := compareNumbers(x, y)
		return c, ok, nil
	}
	if s, ok := Text(x); ok {
		if t, ok := Text(y); ok {
			return strings.Compare(s, t), true, b.Step(int64(min(len(s), len(t))) / readBytes)
		}
	}
	if xs, ys, ok := sequences(x, y); ok {
		return orderItems(b, op, xs, ys, depth)
	}
	if o, ok := x.(Orderer); ok {
		if c, ok, err := o.Order(y); ok || err != nil {
			return c, true, err
		}
	}
	return 0, false, notOrdered(op, x, y)
}

func notOrdered(op string, x, y Value) error {
	for _, v := range []Value{x, y} {
		if u, ok := v.(*Undefined); ok {
			return u.Err()
		}
	}
	return Errorf("TypeError", "'%s' not supported between instances of '%s' and '%s'", op, TypeName(x), TypeName(y))
}

// sequences are the items of two lists or of two tuples.
func sequences(x, y Value) (xs, ys []Value, ok bool) {
	switch p := x.(type) {
	case *List:
		if q, ok := y.(*List); ok {
			return p.Items, q.Items, true
		}
	case Tuple:
		if q, ok := y.(Tuple); ok {
			return p, q, true
		}
	}
	return nil, nil, false
}

func orderItems(b *Budget, op string, xs, ys []Value, depth int) (int, bool, error) {
	if err := nesting(depth); err != nil {
		return 0, false, err
	}
	for i := range min(len(xs), len(ys)) {
		eq, err := same(b, xs[i], ys[i], depth+1)
		if err != nil {
			return 0, false, err
		}
		if !eq {
			return order(b, op, xs[i], ys[i], depth+1)
		}
	}
	return len(xs) - len(ys), true, nil
}

func compareSets(op string, x, y *Set) (bool, error) {
	switch op {
	case ">":
		return compareSets("<", y, x)
	case ">=":
		return compareSets("<=", y, x)
	case "<":
		if x.Len() >= y.Len() {
			return false, nil
		}
	}
	return x.subset(y)
}

// Contains is Python's item in v.
func Contains(b *Budget, v, item Value) (bool, error) {
	v, item, err := resolvePair(b, v, item)
	if err != nil {
		return false, err
	}
	switch x := v.(type) {
	case string, Markup:
		return containsText(b, v, item)
	case *List:
		return containsItem(b, x.Items, item)
	case Tuple:
		return containsItem(b, x, item)
	case *Dict:
		_, ok, err := x.Lookup(item)
		return ok, err
	case *Set:
		return x.Has(item)
	case Container:
		return x.Contains(b, item)
	}
	it, err := Iterate(b, v)
	if err != nil {
		if ClassOf(err) == "TypeError" {
			err = Errorf("TypeError", "argument of type '%s' is not iterable", TypeName(v))
		}
		return false, err
	}
	return containsNext(b, it, item)
}

func containsText(b *Budget, v, item Value) (bool, error) {
	s, _ := Text(v)
	sub, ok := Text(item)
	if !ok {
		return false, Errorf("TypeError", "'in <string>' requires string as left operand, not %s", TypeName(item))
	}
	if err := b.Step(int64(len(s)) / 256); err != nil {
		return false, err
	}
	return strings.Contains(s, sub), nil
}

func containsItem(b *Budget, items []Value, item Value) (bool, error) {
	for _, x := range items {
		if eq, err := same(b, x, item, 0); eq || err != nil {
			return eq, err
		}
	}
	return false, nil
}

func containsNext(b *Budget, it Iterator, item Value) (bool, error) {
	for {
		x, ok, err := it.Next()
		if err != nil || !ok {
			return false, err
		}
		if eq, err := same(b, x, item, 0); eq || err != nil {
			return eq, err
		}
	}
}
