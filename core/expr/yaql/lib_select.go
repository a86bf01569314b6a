package yaql

import "github.com/petrelhq/petrel/core/expr"

// selectionSpecs are the queries that choose some of the items, or find one.
func selectionSpecs() []spec {
	const predicate = "collection: iterable, predicate: expression"
	return []spec{
		{"where", AsMethod, predicate, where, "The items for which the predicate holds.", "[1, 2, 3].where($ > 1)", "[2, 3]"},
		{"filter", AsMethod, predicate, where, "The same as where.", "[1, 2, 3].filter($ > 1)", "[2, 3]"},
		{"takeWhile", AsMethod, predicate, takeWhile, "The items before the first for which the predicate does not hold.", "[1, 2, 1].takeWhile($ < 2)", "[1]"},
		{"skipWhile", AsMethod, predicate, skipWhile, "The items from the first on for which the predicate does not hold.", "[1, 2, 1].skipWhile($ < 2)", "[2, 1]"},
		{"skip", AsMethod, "collection: iterable, count: int", skip, "The items without the first count ones.", "[1, 2, 3].skip(1)", "[2, 3]"},
		{"limit", AsMethod, "collection: iterable, count: int", limit, "The first count items.", "[1, 2, 3].limit(2)", "[1, 2]"},
		{"take", AsMethod, "collection: iterable, count: int", limit, "The same as limit.", "[1, 2, 3].take(2)", "[1, 2]"},
		{"distinct", both, "collection: iterable, keySelector: expression? = null", distinct, "The items without repeated ones; a key selector decides what counts as the same.", "[1, 2, 1].distinct()", "[1, 2]"},
		{"first", AsMethod, "collection: iterable, default: any = -", first, "The first item, or the default; StopIteration when there is neither.", "[].first(0)", "0"},
		{"last", AsMethod, "collection: iterable, default: any = -", last, "The last item, or the default; StopIteration when there is neither.", "[1, 2].last()", "2"},
		{"single", AsMethod, "collection: iterable", single, "The only item; StopIteration when there is none or more than one.", "[5].single()", "5"},
		{"contains", AsMethod, "collection: iterable, value: any", contains, "Whether the value is among the items.", "[1, 2].contains(2)", "true"},
		{"indexOf", AsMethod, "collection: iterable, item: any", indexOf, "The position of the first equal item, -1 when there is none.", "[a, b, a].indexOf(a)", "0"},
		{"lastIndexOf", AsMethod, "collection: iterable, item: any", lastIndexOf, "The position of the last equal item, -1 when there is none.", "[a, b, a].lastIndexOf(a)", "2"},
		{"indexWhere", AsMethod, predicate, indexWhere, "The position of the first item for which the predicate holds, or -1.", "[1, 2, 3].indexWhere($ > 1)", "1"},
		{"lastIndexWhere", AsMethod, predicate, lastIndexWhere, "The position of the last item for which the predicate holds, or -1.", "[1, 2, 3].lastIndexWhere($ > 1)", "2"},
	}
}

func where(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	l := c.lambda(1)
	return c.sc.run.each(it, func(v Value) (Value, bool, error) {
		yes, err := l.test(v)
		return v, yes, err
	}), nil
}

func takeWhile(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	done := false
	return c.sc.run.stream(func() (Value, bool, error) {
		if done {
			return nil, false, nil
		}
		v, ok, err := it.Next()
		if err != nil || !ok {
			return nil, false, err
		}
		yes, err := c.lambda(1).test(v)
		done = !yes
		return v, yes, err
	}), nil
}

func skipWhile(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	passed := false
	return c.sc.run.each(it, func(v Value) (Value, bool, error) {
		if !passed {
			yes, err := c.lambda(1).test(v)
			if err != nil {
				return nil, false, err
			}
			passed = !yes
		}
		return v, passed, nil
	}), nil
}

// walkCounted starts a walk over the first argument; the second is a count, which may not be negative.
func (c *Call) walkCounted() (expr.Iterator, int64, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, 0, err
	}
	n, err := c.int(1)
	if err == nil && n < 0 {
		err = expr.Errorf("ValueError", "the count must be 0 or more, not %d", n)
	}
	return it, n, err
}

func skip(c *Call) (Value, error) {
	it, n, err := c.walkCounted()
	if err != nil {
		return nil, err
	}
	return c.sc.run.each(it, func(v Value) (Value, bool, error) {
		n--
		return v, n < 0, nil
	}), nil
}

func limit(c *Call) (Value, error) {
	it, n, err := c.walkCounted()
	if err != nil {
		return nil, err
	}
	return c.sc.run.stream(func() (Value, bool, error) {
		if n == 0 {
			return nil, false, nil
		}
		n--
		return it.Next()
	}), nil
}

func distinct(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	seen := expr.NewDict()
	return c.sc.run.each(it, func(v Value) (Value, bool, error) {
		key := v
		if l := c.lambda(1); l != nil {
			if key, err = l.call(v); err != nil {
				return nil, false, err
			}
		}
		fresh, err := c.sc.run.fresh(seen, key)
		return v, fresh, err
	}), nil
}

// fresh reports whether a value was not seen yet, and remembers it.
func (r *run) fresh(seen *expr.Dict, v Value) (bool, error) {
	k, err := r.key(v)
	if err != nil {
		return false, err
	}
	n := seen.Len()
	if err := seen.Set(k, nil); err != nil {
		return false, err
	}
	return seen.Len() > n, r.budget.Grow(keySize)
}

func (r *run) distinct(items []Value) ([]Value, error) {
	seen := expr.NewDict()
	var out []Value
	for _, v := range items {
		fresh, err := r.fresh(seen, v)
		if err != nil {
			return nil, err
		}
		if fresh {
			out = append(out, v)
		}
	}
	return out, nil
}

func first(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	v, ok, err := it.Next()
	if err != nil || ok {
		return v, err
	}
	return c.orStop(1)
}

// orStop gives the default for an empty collection.
func (c *Call) orStop(i int) (Value, error) {
	if !given(c.args[i]) {
		return nil, expr.Errorf("StopIteration", "")
	}
	return c.args[i], nil
}

func last(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	var v Value
	found := false
	for {
		x, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		v, found = x, true
	}
	if found {
		return v, nil
	}
	return c.orStop(1)
}

func single(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	v, ok, err := it.Next()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, expr.Errorf("StopIteration", "")
	}
	_, more, err := it.Next()
	if err == nil && more {
		err = expr.Errorf("StopIteration", "Collection contains more than one item")
	}
	return v, err
}

func contains(c *Call) (Value, error) { return c.sc.run.has(c.args[0], c.args[1]) }

// position finds the first or last item that passes the test.
func (c *Call) position(lastOne bool, test func(v Value) (bool, error)) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	found := int64(-1)
	for i := int64(0); ; i++ {
		v, ok, err := it.Next()
		if err != nil || !ok {
			return found, err
		}
		yes, err := test(v)
		if err != nil {
			return nil, err
		}
		if yes {
			found = i
			if !lastOne {
				return found, nil
			}
		}
	}
}

func (c *Call) equalToItem(v Value) (bool, error) { return c.sc.run.equal(v, c.args[1]) }

func (c *Call) predicate(v Value) (bool, error) { return c.lambda(1).test(v) }

func indexOf(c *Call) (Value, error) { return c.position(false, c.equalToItem) }

func lastIndexOf(c *Call) (Value, error) { return c.position(true, c.equalToItem) }

func indexWhere(c *Call) (Value, error) { return c.position(false, c.predicate) }

func lastIndexWhere(c *Call) (Value, error) { return c.position(true, c.predicate) }
