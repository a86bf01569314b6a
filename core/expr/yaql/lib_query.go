package yaql

import "github.com/petrelhq/petrel/core/expr"

// querySpecs are the queries that make new items of the items of a collection, one by one.
func querySpecs() []spec {
	return []spec{
		{"select", AsMethod, "collection: iterable, selector: expression", selectItems, "What the selector makes of each item.", "[1, 2].select($ * 10)", "[10, 20]"},
		{"map", AsMethod, "collection: iterable, selector: expression", selectItems, "The same as select.", "[1, 2].map($ * 10)", "[10, 20]"},
		{"selectMany", AsMethod, "collection: iterable, selector: expression", selectMany, "What the selector makes of each item; lists among it are taken apart.", "[1, 2].selectMany([$, $ * 10])", "[1, 10, 2, 20]"},
		{"enumerate", both, "collection: iterable, start: int? = 0", enumerate, "Pairs of position and item.", "[a, b].enumerate(1)", "[[1, a], [2, b]]"},
		{"append", both, "collection: iterable, *args: any", appendItems, "The items with further ones at the end.", "[1].append(2, 3)", "[1, 2, 3]"},
		{"concat", both, "*collections: iterable", concatItems, "The items of several collections.", "[1].concat([2], [3])", "[1, 2, 3]"},
		{"zip", AsMethod, "*collections: iterable", zip, "Rows of one item from each collection, as many as the shortest has.", "[1, 2, 3].zip([4, 5])", "[[1, 4], [2, 5]]"},
		{"zipLongest", AsMethod, "*collections: iterable, **kwargs: any", zipLongest, "Rows of one item from each collection, as many as the longest has; default => x fills up.", "[1, 2].zipLongest([3], default => 0)", "[[1, 3], [2, 0]]"},
		{"join", AsMethod, "collection1: iterable, collection2: iterable, predicate: expression, selector: expression", joinItems, "For each two items of both collections for which the predicate holds, what the selector makes of them ($1, $2).", "[1, 2].join([2, 3], $1 < $2, [$1, $2])", "[[1, 2], [1, 3], [2, 3]]"},
		{"flatten", AsMethod, "collection: iterable", flatten, "The items of the collection and of all lists in it.", "[1, [2, [3]]].flatten()", "[1, 2, 3]"},
		{"reverse", AsMethod, "collection: iterable", reverse, "The items from the last to the first.", "[1, 2].reverse()", "[2, 1]"},
		{"memorize", AsMethod, "collection: iterable", memorize, "A query that can be walked more than once.", "let(range(3).memorize()) -> $.sum() + $.len()", "6"},
		{"defaultIfEmpty", AsMethod, "collection: iterable, default: iterable", defaultIfEmpty, "The collection, or the default when it is empty.", "[].defaultIfEmpty([1])", "[1]"},
		{"groupBy", AsMethod, "collection: iterable, keySelector: expression, valueSelector: expression? = null, aggregator: expression? = null", groupBy, "Pairs of a key and the items that have it; the aggregator makes one value of each group's list.", "[1, 2, 3].groupBy($ mod 2, $, $.sum())", "[[1, 4], [0, 2]]"},
	}
}

func selectItems(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	l := c.lambda(1)
	return c.sc.run.each(it, func(v Value) (Value, bool, error) {
		out, err := l.call(v)
		return out, true, err
	}), nil
}

func selectMany(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	r, l := c.sc.run, c.lambda(1)
	var inner expr.Iterator
	return r.stream(func() (Value, bool, error) {
		for {
			if inner != nil {
				v, ok, err := inner.Next()
				if err != nil || ok {
					return v, ok, err
				}
				inner = nil
			}
			item, ok, err := it.Next()
			if err != nil || !ok {
				return nil, false, err
			}
			out, err := l.call(item)
			if err != nil || !isIterable(out) {
				return out, err == nil, err
			}
			if inner, err = r.walk(out); err != nil {
				return nil, false, err
			}
		}
	}), nil
}

func enumerate(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	if c.args[1] == nil {
		return nil, expr.Errorf("TypeError", "'NoneType' object cannot be interpreted as an integer")
	}
	i, err := c.int(1)
	if err != nil {
		return nil, err
	}
	return c.sc.run.each(it, func(v Value) (Value, bool, error) {
		i++
		return expr.NewList(i-1, v), true, c.budget().Grow(2 * slotSize)
	}), nil
}

func appendItems(c *Call) (Value, error) {
	return c.sc.run.chain(c.args[0], c.sc.run.fromItems(c.rest)), nil
}

// walks starts a walk over each of the rest arguments.
func (c *Call) walks() ([]expr.Iterator, error) {
	var out []expr.Iterator
	for _, v := range c.rest {
		it, err := c.sc.run.walk(v)
		if err != nil {
			return nil, err
		}
		out = append(out, it)
	}
	return out, nil
}

func concatItems(c *Call) (Value, error) { return c.sc.run.chain(c.rest...), nil }

func zip(c *Call) (Value, error) {
	its, err := c.walks()
	if err != nil {
		return nil, err
	}
	return c.sc.run.stream(func() (Value, bool, error) {
		row := make(expr.Tuple, len(its))
		for i, it := range its {
			var ok bool
			if row[i], ok, err = it.Next(); err != nil || !ok {
				return nil, false, err
			}
		}
		return row, len(its) > 0, c.budget().Grow(slotSize * int64(len(its)))
	}), nil
}

func zipLongest(c *Call) (Value, error) {
	its, err := c.walks()
	if err != nil {
		return nil, err
	}
	var fill Value
	for _, k := range c.keywords {
		if k.Name == "default" {
			fill = k.Value
		}
	}
	return c.sc.run.stream(func() (Value, bool, error) {
		row, found := make(expr.Tuple, len(its)), false
		for i, it := range its {
			v, ok, err := it.Next()
			if err != nil {
				return nil, false, err
			}
			row[i] = fill
			if ok {
				row[i], found = v, true
			}
		}
		return row, found, c.budget().Grow(slotSize * int64(len(its)))
	}), nil
}

func joinItems(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	right, err := c.items(1)
	if err != nil {
		return nil, err
	}
	test, l := c.lambda(2), c.lambda(3)
	var left Value
	at := len(right)
	return c.sc.run.stream(func() (Value, bool, error) {
		for {
			if at == len(right) {
				var ok bool
				if left, ok, err = it.Next(); err != nil || !ok {
					return nil, false, err
				}
				at = 0
				continue
			}
			at++
			yes, err := test.test(left, right[at-1])
			if err != nil {
				return nil, false, err
			}
			if yes {
				v, err := l.call(left, right[at-1])
				return v, err == nil, err
			}
		}
	}), nil
}

func flatten(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	r := c.sc.run
	stack := []expr.Iterator{it}
	return r.stream(func() (Value, bool, error) {
		for len(stack) > 0 {
			v, ok, err := stack[len(stack)-1].Next()
			if err != nil {
				return nil, false, err
			}
			if !ok {
				stack = stack[:len(stack)-1]
				continue
			}
			if !isIterable(v) {
				return v, true, nil
			}
			inner, err := r.walk(v)
			if err != nil {
				return nil, false, err
			}
			if len(stack) >= maxDepth {
				return nil, false, tooDeep()
			}
			stack = append(stack, inner)
		}
		return nil, false, nil
	}), nil
}

func reverse(c *Call) (Value, error) {
	items, err := c.items(0)
	if err != nil {
		return nil, err
	}
	i := len(items)
	return c.sc.run.stream(func() (Value, bool, error) {
		if i == 0 {
			return nil, false, nil
		}
		i--
		return items[i], true, nil
	}), nil
}

func memorize(c *Call) (Value, error) {
	switch v := c.args[0].(type) {
	case *stream, *ordered:
		return &memory{source: c.sc.run.chain(v).next}, nil
	}
	return c.args[0], nil
}

func defaultIfEmpty(c *Call) (Value, error) {
	if n, err := expr.Len(c.args[0]); err == nil {
		if n == 0 {
			return c.args[1], nil
		}
		return c.args[0], nil
	}
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	first, ok, err := it.Next()
	if err != nil {
		return nil, err
	}
	if !ok {
		return c.args[1], nil
	}
	return c.sc.run.chain(expr.Tuple{first}, &stream{it.Next}), nil
}

// groups are keys and the values that have them, in order of appearance.
type groups struct {
	index *expr.Dict // key to position
	keys  []Value
	lists []*expr.List
}

// groupSize is what a group is charged: a list, a key and its place in the index.
const groupSize = 30 * slotSize

func (g *groups) add(r *run, key, val Value) error {
	k, err := r.key(key)
	if err != nil {
		return err
	}
	at, ok, err := g.index.Lookup(k)
	if err != nil {
		return err
	}
	if !ok {
		at = int64(len(g.keys))
		g.keys, g.lists = append(g.keys, key), append(g.lists, expr.NewList())
		if err := g.index.Set(k, at); err != nil {
			return err
		}
		if err := r.budget.Grow(groupSize); err != nil {
			return err
		}
	}
	return g.lists[at.(int64)].Append(r.budget, val)
}

func groupBy(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	g := groups{index: expr.NewDict()}
	for {
		item, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if err := g.item(c, item); err != nil {
			return nil, err
		}
	}
	return c.aggregated(&g), nil
}

// item puts one item into its group.
func (g *groups) item(c *Call, item Value) error {
	val, err := c.selected(2, item)
	if err != nil {
		return err
	}
	key, err := c.lambda(1).call(item)
	if err != nil {
		return err
	}
	return g.add(c.sc.run, key, val)
}

// aggregated are the groups as pairs. The aggregator gets a group's list. When it cannot work on
// that, it is tried as older versions of the language called it: with the pair of key and list.
func (c *Call) aggregated(g *groups) Value {
	i, old := -1, false
	return c.sc.run.stream(func() (Value, bool, error) {
		i++
		if i >= len(g.keys) {
			return nil, false, nil
		}
		if c.lambda(3) == nil {
			return expr.Tuple{g.keys[i], g.lists[i]}, true, nil
		}
		if !old {
			v, err := c.lambda(3).call(g.lists[i])
			if err == nil {
				return expr.Tuple{g.keys[i], v}, true, nil
			}
			if i > 0 || !oldAggregator(err) {
				return nil, false, err
			}
			pair, ok := c.oldAggregate(g, i)
			if !ok {
				return nil, false, err
			}
			old = true
			return pair, true, nil
		}
		pair, err := c.lambda(3).call(expr.Tuple{g.keys[i], g.lists[i]})
		return pair, err == nil, err
	})
}

// oldAggregator reports whether an error may come from an aggregator written for pairs.
func oldAggregator(err error) bool {
	switch expr.ClassOf(err) {
	case "NoMatchingMethodException", "NoMatchingFunctionException", "IndexError":
		return true
	}
	return false
}

func (c *Call) oldAggregate(g *groups, i int) (Value, bool) {
	v, err := c.lambda(3).call(expr.Tuple{g.keys[i], g.lists[i]})
	if err != nil {
		return nil, false
	}
	items, ok := sequence(v)
	return v, ok && len(items) == 2
}
