package jinja

import "github.com/petrelhq/petrel/core/expr"

// block compiles statements to run one after the other.
func (c *compiler) block(nodes []node, p place) (execFunc, error) {
	steps := make([]execFunc, 0, len(nodes))
	for _, n := range nodes {
		s, err := c.statement(n, p)
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	if len(steps) == 1 {
		return steps[0], nil
	}
	return func(f *frame) error {
		for _, s := range steps {
			if err := s(f); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (c *compiler) statement(n node, p place) (execFunc, error) {
	switch x := n.(type) {
	case *output:
		return c.output(x, p)
	case *forStmt:
		return c.forLoop(x, p)
	case *ifStmt:
		return c.ifStmt(x, p)
	case *assign:
		return c.assign(x, p)
	case *assignBlock:
		return c.assignBlock(x, p)
	case *macroStmt:
		return c.macro(x, p)
	case *callBlock:
		return c.callBlock(x, p)
	case *filterBlock:
		return c.filterBlock(x, p)
	case *withStmt:
		return c.with(x, p)
	case *blockStmt:
		return c.blockRef(x, p)
	case *autoescapeStmt:
		return c.autoescape(x, p)
	case *loaderStmt:
		return c.loader(x, p)
	}
	return nil, c.fail(n, "this cannot stand as a statement")
}

func (c *compiler) output(x *output, p place) (execFunc, error) {
	steps := make([]execFunc, len(x.parts))
	for i, part := range x.parts {
		if text, ok := part.(*textNode); ok {
			steps[i] = func(f *frame) error { return f.out.Put(text.text) }
			continue
		}
		e, err := c.expr(part, p)
		if err != nil {
			return nil, err
		}
		pos := c.pos(part)
		steps[i] = func(f *frame) error {
			v, err := e(f)
			if err != nil {
				return err
			}
			if err := f.print(v); err != nil {
				return expr.At(err, pos)
			}
			return nil
		}
	}
	return func(f *frame) error {
		for _, s := range steps {
			if err := s(f); err != nil {
				return err
			}
		}
		return f.budget.Step(int64(len(steps)))
	}, nil
}

func (f *frame) print(v expr.Value) error {
	s, err := expr.Str(f.budget, v)
	if err != nil {
		return err
	}
	if _, safe := v.(expr.Markup); f.autoescape && !safe {
		s = expr.EscapeHTML(s)
	}
	return f.out.Put(s)
}

func (c *compiler) ifStmt(x *ifStmt, p place) (execFunc, error) {
	p = p.soften()
	var tests []evalFunc
	var bodies []execFunc
	for _, arm := range append([]*ifStmt{x}, x.elifs...) {
		t, err := c.expr(arm.test, p)
		if err != nil {
			return nil, err
		}
		body, err := c.block(arm.body, p)
		if err != nil {
			return nil, err
		}
		tests, bodies = append(tests, c.truth(arm.test, t)), append(bodies, body)
	}
	orElse, err := c.block(x.orElse, p)
	if err != nil {
		return nil, err
	}
	return func(f *frame) error {
		for i, t := range tests {
			yes, err := t(f)
			if err != nil {
				return err
			}
			if yes.(bool) {
				return bodies[i](f)
			}
		}
		return orElse(f)
	}, nil
}

// truth makes a condition give a bool.
func (c *compiler) truth(n node, e evalFunc) evalFunc {
	return c.located(n, func(f *frame) (expr.Value, error) {
		v, err := e(f)
		if err != nil {
			return nil, err
		}
		yes, err := expr.Truthy(v)
		return yes, err
	})
}

func (c *compiler) filterBlock(x *filterBlock, p place) (execFunc, error) {
	in := p.inner()
	in.scope.visitAll(x.body)
	in.scope.visit(x.filter)
	c.seal(in.scope)
	value, err := c.captured(x.body, x.filter, in)
	if err != nil {
		return nil, err
	}
	return func(f *frame) error {
		v, err := value(f)
		if err != nil {
			return err
		}
		return f.out.putValue(v)
	}, nil
}

func (c *compiler) with(x *withStmt, p place) (execFunc, error) {
	values, err := c.exprs(x.values, p)
	if err != nil {
		return nil, err
	}
	in := p.inner()
	for _, t := range x.targets {
		in.scope.declare(t)
	}
	in.scope.visitAll(x.body)
	c.seal(in.scope)
	targets := make([]setFunc, len(x.targets))
	for i, t := range x.targets {
		if targets[i], err = c.target(t, in); err != nil {
			return nil, err
		}
	}
	body, err := c.block(x.body, in)
	if err != nil {
		return nil, err
	}
	return func(f *frame) error {
		vals, err := f.evalAll(values)
		if err != nil {
			return err
		}
		if err := f.enter(in.scope); err != nil {
			return err
		}
		defer f.exit()
		for i, set := range targets {
			if err := set(f, vals[i]); err != nil {
				return err
			}
		}
		return body(f)
	}, nil
}

func (c *compiler) autoescape(x *autoescapeStmt, p place) (execFunc, error) {
	value, err := c.expr(x.value, p)
	if err != nil {
		return nil, err
	}
	in := p.inner()
	in.scope.visitAll(x.body)
	c.seal(in.scope)
	body, err := c.block(x.body, in)
	if err != nil {
		return nil, err
	}
	on := c.truth(x.value, value)
	return func(f *frame) error {
		v, err := on(f)
		if err != nil {
			return err
		}
		if err := f.enter(in.scope); err != nil {
			return err
		}
		saved := f.autoescape
		f.autoescape = v.(bool)
		err = body(f)
		f.autoescape = saved
		f.exit()
		return err
	}, nil
}

// loader compiles extends, include and import, which fail when they are reached.
func (c *compiler) loader(x *loaderStmt, p place) (execFunc, error) {
	e, err := c.expr(x.template, p)
	if err != nil {
		return nil, err
	}
	pos := c.pos(x)
	return func(f *frame) error {
		if _, err := e(f); err != nil {
			return err
		}
		return expr.At(errNoLoader, pos)
	}, nil
}

var errNoLoader = expr.Errorf("TypeError", "no loader for this environment specified")
