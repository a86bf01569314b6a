package yaql

import "github.com/petrelhq/petrel/core/expr"

// cutSpecs are the queries that cut a collection into pieces or change items at positions.
func cutSpecs() []spec {
	const predicate = "collection: iterable, predicate: expression"
	return []spec{
		{"slice", AsMethod, "collection: iterable, length: int", slice, "Pieces of the given length.", "[1, 2, 3].slice(2)", "[[1, 2], [3]]"},
		{"splitAt", AsMethod, "collection: iterable, index: int", splitAt, "Two pieces: before the position and from it on.", "[1, 2, 3].splitAt(1)", "[[1], [2, 3]]"},
		{"splitWhere", AsMethod, predicate, splitWhere, "The pieces between items for which the predicate holds.", "[1, 0, 2].splitWhere($ = 0)", "[[1], [2]]"},
		{"sliceWhere", AsMethod, predicate, sliceWhere, "Pieces within which the predicate gives the same.", "[1, 3, 2, 5].sliceWhere($ mod 2 = 0)", "[[1, 3], [2], [5]]"},
		{"insert", AsMethod, "collection: list, position: int, value: any", insertIntoList, "The list with a value put in at a position.", "[1, 2].insert(1, x)", "[1, x, 2]"},
		{"insert", AsMethod, "collection: iterable, position: int, value: any", insert, "The items with a value put in at a position.", "range(2).insert(1, x)", "[0, x, 1]"},
		{"insertMany", AsMethod, "collection: iterable, position: int, values: iterable", insertMany, "The items with others put in at a position.", "[1, 2].insertMany(1, [x, y])", "[1, x, y, 2]"},
		{"delete", AsMethod, "collection: iterable, position: int, count: int = 1", deleteAt, "The items without those at a position; a negative count deletes to the end.", "[1, 2, 3].delete(1)", "[1, 3]"},
		{"replace", AsMethod, "collection: iterable, position: int, value: any, count: int = 1", replaceAt, "The items with a value in place of those at a position.", "[1, 2, 3].replace(1, x)", "[1, x, 3]"},
		{"replaceMany", AsMethod, "collection: iterable, position: int, values: iterable, count: int = 1", replaceManyAt, "The items with others in place of those at a position.", "[1, 2, 3].replaceMany(0, [x, y], 2)", "[x, y, 3]"},
		{"toList", AsMethod, "collection: iterable", toList, "The items as a list.", "range(2).toList()", "[0, 1]"},
		{"list", AsFunction, "*args: any", listFromArgs, "A list of the arguments; queries among them count as their items.", "list(1, [2], range(2))", "[1, [2], 0, 1]"},
	}
}

func slice(c *Call) (Value, error) {
	it, n, err := c.walkCounted()
	if err != nil {
		return nil, err
	}
	return c.sc.run.stream(func() (Value, bool, error) {
		var piece expr.Tuple
		for int64(len(piece)) < n {
			v, ok, err := it.Next()
			if err != nil {
				return nil, false, err
			}
			if !ok {
				break
			}
			piece = append(piece, v)
		}
		return piece, len(piece) > 0, c.budget().Grow(slotSize * int64(len(piece)))
	}), nil
}

// cutAt gives an argument as a position between n items; negative ones count from the end.
func (c *Call) cutAt(i, n int) (int64, error) {
	at, err := c.int(i)
	if at < 0 {
		at += int64(n)
	}
	return min(max(at, 0), int64(n)), err
}

func splitAt(c *Call) (Value, error) {
	items, err := c.items(0)
	if err != nil {
		return nil, err
	}
	i, err := c.cutAt(1, len(items))
	if err != nil {
		return nil, err
	}
	return expr.NewList(expr.Tuple(items[:i:i]), expr.Tuple(items[i:])), nil
}

func splitWhere(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	done := false
	return c.sc.run.stream(func() (Value, bool, error) {
		piece := expr.Tuple{}
		for !done {
			v, ok, err := it.Next()
			if err != nil {
				return nil, false, err
			}
			if !ok {
				done = true
				return piece, len(piece) > 0, nil
			}
			cut, err := c.lambda(1).test(v)
			if err != nil || cut {
				return piece, cut, err
			}
			piece = append(piece, v)
			if err := c.budget().Grow(slotSize); err != nil {
				return nil, false, err
			}
		}
		return nil, false, nil
	}), nil
}

func sliceWhere(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	var piece expr.Tuple
	var side Value
	done := false
	return c.sc.run.stream(func() (Value, bool, error) {
		for !done {
			v, ok, err := it.Next()
			if err != nil {
				return nil, false, err
			}
			if !ok {
				done = true
				return piece, len(piece) > 0, nil
			}
			now, err := c.lambda(1).call(v)
			if err != nil {
				return nil, false, err
			}
			same, err := c.sc.run.equal(side, now)
			if err != nil {
				return nil, false, err
			}
			side = now
			if len(piece) > 0 && !same {
				out := piece
				piece = expr.Tuple{v}
				return out, true, c.budget().Grow(slotSize)
			}
			piece = append(piece, v)
			if err := c.budget().Grow(slotSize); err != nil {
				return nil, false, err
			}
		}
		return nil, false, nil
	}), nil
}

// insertIntoList makes a Python list, in which negative positions count from the end.
func insertIntoList(c *Call) (Value, error) {
	items := c.list(0)
	i, err := c.cutAt(1, len(items))
	if err != nil {
		return nil, err
	}
	out := make([]Value, 0, len(items)+1)
	out = append(append(append(out, items[:i]...), c.args[2]), items[i:]...)
	return expr.NewList(out...), c.budget().Grow(slotSize * int64(len(out)))
}

// insert puts a value before the item at a position, or at the end; nowhere for negative positions.
func insert(c *Call) (Value, error) {
	e, err := c.edit(-1)
	if err != nil {
		return nil, err
	}
	if e.at >= 0 {
		e.values, e.atEnd = c.sc.run.fromItems([]Value{c.args[2]}).next, true
	}
	return c.sc.run.stream(e.next), nil
}

func insertMany(c *Call) (Value, error) {
	e, err := c.edit(-1)
	if err != nil {
		return nil, err
	}
	e.at, e.atEnd = max(e.at, 0), true
	if e.values, err = c.walk(2); err != nil {
		return nil, err
	}
	return c.sc.run.stream(e.next), nil
}

func deleteAt(c *Call) (Value, error) {
	e, err := c.edit(2)
	if err != nil {
		return nil, err
	}
	return c.sc.run.stream(e.next), nil
}

func replaceAt(c *Call) (Value, error) {
	return c.replaced(c.sc.run.fromItems([]Value{c.args[2]}).next)
}

func replaceManyAt(c *Call) (Value, error) {
	values, err := c.walk(2)
	if err != nil {
		return nil, err
	}
	return c.replaced(values)
}

// replaced puts values where items go out; where none does, nothing comes in.
func (c *Call) replaced(values expr.Iterator) (Value, error) {
	e, err := c.edit(3)
	if err != nil {
		return nil, err
	}
	if e.drop != 0 {
		e.values = values
	}
	return c.sc.run.stream(e.next), nil
}

// edit is a walk in which items go out at a position (all that follow, when drop is negative) and values come in.
type edit struct {
	run      *run
	it       expr.Iterator
	at, drop int64
	values   expr.Iterator // nil: nothing comes in, or it did
	atEnd    bool          // values also come in at the end, when the position is never reached

	i       int64
	pending expr.Iterator // values that are coming in
	held    []Value       // the item that follows them
}

// edit reads the arguments of an editing function: collection, position and, at countArg, how many go out.
func (c *Call) edit(countArg int) (*edit, error) {
	e := &edit{run: c.sc.run}
	var err error
	if e.it, err = c.walk(0); err != nil {
		return nil, err
	}
	if e.at, err = c.int(1); err != nil {
		return nil, err
	}
	if countArg >= 0 {
		e.drop, err = c.int(countArg)
	}
	return e, err
}

// out reports whether the item at i goes out.
func (e *edit) out(i int64) bool {
	return i >= e.at && (e.drop < 0 || i-e.at < e.drop)
}

func (e *edit) next() (Value, bool, error) {
	for {
		if v, ok, err := e.waiting(); err != nil || ok {
			return v, ok, err
		}
		v, ok, err := e.it.Next()
		if err != nil {
			return nil, false, err
		}
		if !ok {
			if !e.atEnd || e.values == nil {
				return nil, false, nil
			}
			e.pending, e.values = e.values, nil
			continue
		}
		i := e.i
		e.i++
		out := e.out(i)
		if e.values != nil && (i == e.at || out) {
			e.pending, e.values = e.values, nil
			if !out {
				e.held = []Value{v}
			}
			continue
		}
		if !out {
			return v, true, nil
		}
		if err := e.run.budget.Step(1); err != nil {
			return nil, false, err
		}
	}
}

// waiting gives what comes before the next item of the walk.
func (e *edit) waiting() (Value, bool, error) {
	if e.pending != nil {
		v, ok, err := e.pending.Next()
		if err != nil || ok {
			return v, ok, err
		}
		e.pending = nil
	}
	if len(e.held) > 0 {
		v := e.held[0]
		e.held = nil
		return v, true, nil
	}
	return nil, false, nil
}

func toList(c *Call) (Value, error) {
	items, err := c.items(0)
	if err != nil {
		return nil, err
	}
	return c.tuple(append([]Value(nil), items...))
}

// flatArgs are the arguments with queries, and queries in them, taken apart.
func (c *Call) flatArgs() ([]Value, error) { return c.flat(nil, c.rest, 0) }

// flat takes queries apart as it walks them: what fails first fails first in the original too.
func (c *Call) flat(out, vs []Value, depth int) ([]Value, error) {
	if depth > maxDepth {
		return nil, tooDeep()
	}
	for _, v := range vs {
		if !isQuery(v) {
			out = append(out, v)
			continue
		}
		it, err := c.sc.run.walk(v)
		if err != nil {
			return nil, err
		}
		for {
			item, ok, err := it.Next()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			if out, err = c.flat(out, []Value{item}, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return out, c.budget().Grow(slotSize * int64(len(vs)))
}

func listFromArgs(c *Call) (Value, error) {
	items, err := c.flatArgs()
	if err != nil {
		return nil, err
	}
	return c.tuple(items)
}
