package yaql

import "github.com/petrelhq/petrel/core/expr"

// foldSpecs are the queries that make one value of all items.
func foldSpecs() []spec {
	const fold = "collection: iterable, selector: expression, seed: any = -"
	return []spec{
		{"aggregate", AsMethod, fold, aggregate, "One value of all items: the selector gets what there is so far and the next item ($1, $2).", "[1, 2, 3].aggregate($1 + $2, 10)", "16"},
		{"reduce", AsMethod, fold, aggregate, "The same as aggregate.", "[1, 2, 3].reduce($1 * $2)", "6"},
		{"accumulate", AsMethod, fold, accumulate, "All steps of an aggregate.", "[1, 2, 3].accumulate($1 + $2)", "[1, 3, 6]"},
		{"sum", AsMethod, "collection: iterable, initial: any = -", foldWith("+"), "The sum of the items, begun with the initial value.", "[1, 2].sum(10)", "13"},
		{"max", AsMethod, "collection: iterable, initial: any = -", foldWith(">"), "The largest item.", "[1, 3, 2].max()", "3"},
		{"min", AsMethod, "collection: iterable, initial: any = -", foldWith("<"), "The smallest item.", "[2, 1].min(0)", "0"},
		{"any", both, "collection: iterable, predicate: expression? = null", anyItem, "Whether there is an item, or one for which the predicate holds.", "[1, 2].any($ > 1)", "true"},
		{"all", both, "collection: iterable, predicate: expression? = null", allItems, "Whether all items are true, or the predicate holds for all.", "[1, 2].all($ > 1)", "false"},
		{"count", AsMethod, "collection: iterable", count, "The number of items.", "range(4).count()", "4"},
		{"len", both, "collection: iterator", count, "The number of items of a query.", "range(4).len()", "4"},
		{"len", both, "sequence: list", length, "The number of items of a list.", "[1, 2].len()", "2"},
	}
}

// fold runs step over the items, begun with the seed or the first item.
func (c *Call) fold(seed Value, step func(total, v Value) (Value, error)) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	total := seed
	if !given(seed) {
		var ok bool
		if total, ok, err = it.Next(); err != nil {
			return nil, err
		}
		if !ok {
			return nil, expr.Errorf("TypeError", "reduce() of empty iterable with no initial value")
		}
	}
	for {
		v, ok, err := it.Next()
		if err != nil || !ok {
			return total, err
		}
		if total, err = step(total, v); err != nil {
			return nil, err
		}
	}
}

func aggregate(c *Call) (Value, error) {
	return c.fold(c.args[2], func(total, v Value) (Value, error) { return c.lambda(1).call(total, v) })
}

// foldWith folds by an operator: + adds, > and < choose.
func foldWith(op string) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) {
		return c.fold(c.args[1], func(total, v Value) (Value, error) {
			if op == "+" {
				return c.sc.run.binary("+", total, v)
			}
			return c.sc.run.better(op, total, v)
		})
	}
}

// better is the larger (>) or smaller (<) value. Of equal ones it is the first for > and the second
// for <: both ask whether the second is larger.
func (r *run) better(op string, x, y Value) (Value, error) {
	larger, err := r.compare(">", y, x)
	if err != nil {
		return nil, err
	}
	if larger == (op == ">") {
		return y, nil
	}
	return x, nil
}

func accumulate(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	total, begun := c.args[2], false
	return c.sc.run.stream(func() (Value, bool, error) {
		if !begun && given(total) {
			begun = true
			return total, true, nil
		}
		v, ok, err := it.Next()
		switch {
		case err != nil:
			return nil, false, err
		case !ok && !begun:
			return nil, false, expr.Errorf("TypeError", "accumulate() of empty sequence with no initial value")
		case !ok:
			return nil, false, nil
		case !begun:
			total, begun = v, true
			return total, true, nil
		}
		total, err = c.lambda(1).call(total, v)
		return total, err == nil, err
	}), nil
}

// search looks for an item whose truth, or that of the predicate for it, is want.
func (c *Call) search(want bool) (bool, error) {
	it, err := c.walk(0)
	if err != nil {
		return false, err
	}
	for {
		v, ok, err := it.Next()
		if err != nil || !ok {
			return false, err
		}
		var yes bool
		if l := c.lambda(1); l != nil {
			yes, err = l.test(v)
		} else {
			yes, err = c.sc.run.truthy(v)
		}
		if err != nil || yes == want {
			return err == nil, err
		}
	}
}

func anyItem(c *Call) (Value, error) {
	if c.lambda(1) != nil {
		return c.search(true)
	}
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	_, ok, err := it.Next()
	return ok, err
}

func allItems(c *Call) (Value, error) {
	found, err := c.search(false)
	return !found, err
}

func count(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	for n := int64(0); ; n++ {
		if _, ok, err := it.Next(); err != nil || !ok {
			return n, err
		}
	}
}
