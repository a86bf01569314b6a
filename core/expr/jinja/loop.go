package jinja

import "github.com/petrelhq/petrel/core/expr"

// compiledLoop is a for statement.
type compiledLoop struct {
	body      execFunc
	bodyIn    *scope
	set       setFunc
	loopVar   int // slot of "loop" in the body, or -1
	recursive bool
	test      evalFunc
	testIn    *scope
	testSet   setFunc
	kept      evalFunc // what the test lets through: the targets, so that a tuple of them is a tuple
	orElse    execFunc
	elseIn    *scope
	pos       expr.Pos
}

func (c *compiler) forLoop(x *forStmt, p place) (execFunc, error) {
	iter, err := c.expr(x.iter, p)
	if err != nil {
		return nil, err
	}
	l := &compiledLoop{loopVar: -1, recursive: x.recursive, pos: c.pos(x)}
	if err := c.loopBody(l, x, p); err != nil {
		return nil, err
	}
	if err := c.loopElse(l, x, p); err != nil {
		return nil, err
	}
	if x.test != nil {
		if err := c.loopTest(l, x, p); err != nil {
			return nil, err
		}
	}
	return func(f *frame) error {
		v, err := iter(f)
		if err != nil {
			return err
		}
		return l.run(f, v, 0)
	}, nil
}

func (c *compiler) loopBody(l *compiledLoop, x *forStmt, p place) (err error) {
	if bad, ok := assigns(x.body, "loop"); ok {
		return c.fail(bad, "Can't assign to special loop variable in for-loop")
	}
	in := p.inner()
	if x.recursive || mentions(x.body, "loop")["loop"] || scopedBlock(x.body) {
		l.loopVar = in.scope.param("loop")
	}
	in.scope.declare(x.target)
	in.scope.visitAll(x.body)
	c.seal(in.scope)
	l.bodyIn = in.scope
	if l.set, err = c.target(x.target, in); err != nil {
		return err
	}
	l.body, err = c.block(x.body, in)
	return err
}

func (c *compiler) loopElse(l *compiledLoop, x *forStmt, p place) (err error) {
	in := p.inner()
	in.scope.visitAll(x.orElse)
	c.seal(in.scope)
	l.elseIn = in.scope
	l.orElse, err = c.block(x.orElse, in)
	return err
}

func (c *compiler) loopTest(l *compiledLoop, x *forStmt, p place) error {
	in := p.inner()
	in.scope.declare(x.target)
	in.scope.visit(x.test)
	c.seal(in.scope)
	e, err := c.expr(x.test, in)
	if err != nil {
		return err
	}
	l.test, l.testIn = c.truth(x.test, e), in.scope
	if l.testSet, err = c.target(x.target, in); err != nil {
		return err
	}
	l.kept, err = c.expr(loaded(x.target), in)
	return err
}

// loaded is an assignment target as the expression that reads it.
func loaded(target node) node {
	switch x := target.(type) {
	case *name:
		return &name{x.at, x.id, load}
	case *tupleLit:
		items := make([]node, len(x.items))
		for i, item := range x.items {
			items[i] = loaded(item)
		}
		return &tupleLit{x.at, items}
	}
	return target
}

func scopedBlock(body []node) bool {
	for _, b := range blocksIn(body) {
		if b.scoped {
			return true
		}
	}
	return false
}

// run walks v; depth is that of a recursive loop.
func (l *compiledLoop) run(f *frame, v expr.Value, depth int64) error {
	it, err := expr.Iterate(f.budget, v)
	if err != nil {
		return expr.At(err, l.pos)
	}
	state := &loopState{source: v, it: it, depth: depth, loop: l, frame: *f}
	if l.test != nil {
		state.it, state.source = l.filtered(f, it), nil
	}
	ran, err := l.iterate(f, state)
	if err != nil || ran {
		return expr.At(err, l.pos)
	}
	if err := f.enter(l.elseIn); err != nil {
		return err
	}
	defer f.exit()
	return l.orElse(f)
}

// filtered leaves out items for which the loop's test is false.
func (l *compiledLoop) filtered(f *frame, it expr.Iterator) expr.Iterator {
	inner := *f
	inner.env = &env{vals: make([]expr.Value, len(l.testIn.slots)), up: f.env}
	return expr.NextFunc(func() (expr.Value, bool, error) {
		for {
			v, ok, err := it.Next()
			if err != nil || !ok {
				return nil, false, err
			}
			if err := inner.begin(l.testIn); err != nil {
				return nil, false, err
			}
			if err := l.testSet(&inner, v); err != nil {
				return nil, false, err
			}
			yes, err := l.test(&inner)
			if err != nil {
				return nil, false, err
			}
			if yes.(bool) {
				v, err = l.kept(&inner)
				return v, err == nil, err
			}
		}
	})
}

func (l *compiledLoop) iterate(f *frame, state *loopState) (ran bool, err error) {
	if err := f.enter(l.bodyIn); err != nil {
		return false, err
	}
	defer f.exit()
	next := state.it.Next
	if l.loopVar >= 0 {
		next = state.advance
	}
	for {
		v, ok, err := next()
		if err != nil || !ok {
			return ran, err
		}
		if ran {
			if err := f.begin(l.bodyIn); err != nil {
				return ran, err
			}
		}
		ran = true
		if l.loopVar >= 0 {
			f.env.vals[l.loopVar] = state
		}
		if err := l.set(f, v); err != nil {
			return ran, err
		}
		if err := l.body(f); err != nil {
			return ran, err
		}
	}
}
