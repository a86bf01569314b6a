package yaql

import "github.com/petrelhq/petrel/core/expr"

// generatorSpecs are the queries that begin with nothing; they may be endless, until something takes only part of them.
func generatorSpecs() []spec {
	return []spec{
		{"range", AsFunction, "stop: int", rangeTo, "The ints from 0 up to, without, stop.", "range(3)", "[0, 1, 2]"},
		{"range", AsFunction, "start: int, stop: int, step: int = 1", rangeOf, "The ints from start up to, without, stop.", "range(5, 0, -2)", "[5, 3, 1]"},
		{"sequence", AsFunction, "start: int = 0, step: int = 1", sequenceFrom, "All ints from start on.", "sequence(1).take(2)", "[1, 2]"},
		{"repeat", AsMethod, "value: any, times: int = -1", repeatValue, "The value over and over, or a number of times.", "x.repeat(2)", "[x, x]"},
		{"cycle", AsMethod, "collection: iterable", cycle, "The items over and over.", "[1, 2].cycle().take(3)", "[1, 2, 1]"},
		{"generate", AsFunction, "initial: any, predicate: expression, producer: expression, selector: expression? = null, decycle: bool = false", generate, "The initial value and what the producer makes of the one before, while the predicate holds; decycle ends it at a value that was there.", "generate(1, $ < 10, $ * 2)", "[1, 2, 4, 8]"},
		{"generateMany", AsFunction, "initial: any, producer: expression, selector: expression? = null, decycle: bool = false, depthFirst: bool = false", generateMany, "The initial value and, for each value, the list that the producer makes of it.", "generateMany(1, [$ * 2, $ * 3].where($ < 7))", "[1, 2, 3, 4, 6, 6]"},
	}
}

func rangeTo(c *Call) (Value, error) { return c.ints(int64(0), c.args[0], int64(1)) }

func rangeOf(c *Call) (Value, error) { return c.ints(c.args[0], c.args[1], c.args[2]) }

// ints counts from start to stop, which is nil for an endless walk.
func (c *Call) ints(start, stop, step Value) (Value, error) {
	b := c.budget()
	up, err := expr.Compare(b, ">", step, int64(0))
	if err != nil {
		return nil, err
	}
	if zero, err := expr.Equal(b, step, int64(0)); err != nil || zero && stop != nil {
		return nil, expr.Errorf("ValueError", "range() arg 3 must not be zero")
	}
	op := "<"
	if !up {
		op = ">"
	}
	return c.sc.run.stream(func() (Value, bool, error) {
		v, err := expr.Unary(b, "+", start)
		if err != nil {
			return nil, false, err
		}
		if stop != nil {
			if more, err := expr.Compare(b, op, v, stop); err != nil || !more {
				return nil, false, err
			}
		}
		start, err = expr.Binary(b, "+", v, step)
		return v, err == nil, err
	}), nil
}

func sequenceFrom(c *Call) (Value, error) { return c.ints(c.args[0], nil, c.args[1]) }

func repeatValue(c *Call) (Value, error) {
	n, err := c.int(1)
	if err != nil {
		return nil, err
	}
	left := n
	return c.sc.run.stream(func() (Value, bool, error) {
		if n >= 0 {
			if left == 0 {
				return nil, false, nil
			}
			left--
		}
		return c.args[0], true, nil
	}), nil
}

func cycle(c *Call) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	m := &memory{source: it}
	return c.sc.run.stream(func() (Value, bool, error) {
		for {
			v, ok, err := it.Next()
			if err != nil || ok {
				if !m.done {
					m.seen = append(m.seen, v)
					if err == nil {
						err = c.budget().Grow(slotSize)
					}
				}
				return v, ok, err
			}
			m.done = true
			if len(m.seen) == 0 {
				return nil, false, nil
			}
			if it, err = m.Iter(c.budget()); err != nil {
				return nil, false, err
			}
		}
	}), nil
}

// selected is v, or what the selector makes of it.
func (c *Call) selected(i int, v Value) (Value, error) {
	if l := c.lambda(i); l != nil {
		return l.call(v)
	}
	return v, nil
}

func generate(c *Call) (Value, error) {
	val, begun := c.args[0], false
	past := expr.NewDict()
	return c.sc.run.stream(func() (Value, bool, error) {
		var err error
		if begun {
			if val, err = c.lambda(2).call(val); err != nil {
				return nil, false, err
			}
		}
		begun = true
		yes, err := c.lambda(1).test(val)
		if err != nil || !yes {
			return nil, false, err
		}
		if c.flag(4) {
			if fresh, err := c.sc.run.fresh(past, val); err != nil || !fresh {
				return nil, false, err
			}
		}
		out, err := c.selected(3, val)
		return out, err == nil, err
	}), nil
}

// expansion walks a tree that a producer grows.
type expansion struct {
	c     *Call
	queue []Value
	last  []Value // the value given last, whose children are still to come
	past  *expr.Dict
}

func generateMany(c *Call) (Value, error) {
	x := &expansion{c: c, queue: []Value{c.args[0]}, past: expr.NewDict()}
	return c.sc.run.stream(x.next), nil
}

func (x *expansion) next() (Value, bool, error) {
	if len(x.last) > 0 {
		if err := x.grow(x.last[0]); err != nil {
			return nil, false, err
		}
		x.last = nil
	}
	for len(x.queue) > 0 {
		val := x.queue[0]
		x.queue = x.queue[1:]
		if x.c.flag(3) {
			fresh, err := x.c.sc.run.fresh(x.past, val)
			if err != nil {
				return nil, false, err
			}
			if !fresh {
				continue
			}
		}
		x.last = []Value{val}
		out, err := x.c.selected(2, val)
		return out, err == nil, err
	}
	return nil, false, nil
}

// grow puts what the producer makes of a value into the queue: in front for depth first.
func (x *expansion) grow(val Value) error {
	r := x.c.sc.run
	made, err := x.c.lambda(1).call(val)
	if err != nil {
		return err
	}
	children := []Value{made}
	if isIterable(made) {
		if children, err = r.items(made); err != nil {
			return err
		}
	} else if s, ok := made.(string); ok {
		children = characters(s)
	}
	if err := r.budget.Grow(slotSize * int64(3*len(children)+2)); err != nil {
		return err
	}
	if x.c.flag(4) {
		if err := r.budget.Grow(slotSize * int64(len(x.queue))); err != nil {
			return err
		}
		x.queue = append(append([]Value(nil), children...), x.queue...)
		return nil
	}
	x.queue = append(x.queue, children...)
	return nil
}
