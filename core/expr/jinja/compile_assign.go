package jinja

import "github.com/petrelhq/petrel/core/expr"

func (c *compiler) assign(x *assign, p place) (execFunc, error) {
	value, err := c.expr(x.value, p)
	if err != nil {
		return nil, err
	}
	set, err := c.target(x.target, p)
	if err != nil {
		return nil, err
	}
	return func(f *frame) error {
		v, err := value(f)
		if err != nil {
			return err
		}
		return set(f, v)
	}, nil
}

// setFunc stores a value in an assignment target.
type setFunc func(f *frame, v expr.Value) error

func (c *compiler) target(n node, p place) (setFunc, error) {
	switch x := n.(type) {
	case *name:
		return c.nameTarget(x, p), nil
	case *nsRef:
		return c.namespaceTarget(x, p), nil
	case *tupleLit:
		return c.tupleTarget(x, p)
	}
	return nil, c.fail(n, "can't assign to this expression")
}

func (c *compiler) nameTarget(x *name, p place) setFunc {
	up, index := p.scope.find(x.id)
	id, top := x.id, p.top
	return func(f *frame, v expr.Value) error {
		f.env.at(up).vals[index] = v
		if top {
			f.export(id, v)
		}
		return nil
	}
}

// export makes a top-level variable visible to the template's blocks.
func (f *frame) export(id string, v expr.Value) {
	if len(f.tmpl.blocks) == 0 {
		return
	}
	if f.exported == nil {
		f.exported = map[string]expr.Value{}
	}
	f.exported[id] = v
}

func (c *compiler) namespaceTarget(x *nsRef, p place) setFunc {
	get := c.load(&name{x.at, x.id, load}, p)
	pos := c.pos(x)
	return func(f *frame, v expr.Value) error {
		ns, err := get(f)
		if err != nil {
			return err
		}
		n, ok := ns.(*namespace)
		if !ok {
			return expr.At(expr.Errorf("TemplateRuntimeError", "cannot assign attribute on non-namespace object"), pos)
		}
		if err := f.budget.GrowEntries(1); err != nil {
			return err
		}
		return n.attrs.Set(x.attr, v)
	}
}

func (c *compiler) tupleTarget(x *tupleLit, p place) (setFunc, error) {
	targets := make([]setFunc, len(x.items))
	for i, item := range x.items {
		t, err := c.target(item, p)
		if err != nil {
			return nil, err
		}
		targets[i] = t
	}
	pos := c.pos(x)
	return func(f *frame, v expr.Value) error {
		items, err := f.unpack(v, len(targets))
		if err != nil {
			return expr.At(err, pos)
		}
		for i, t := range targets {
			if err := t(f, items[i]); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// unpack takes a value apart into exactly n values.
func (f *frame) unpack(v expr.Value, n int) ([]expr.Value, error) {
	items, err := expr.Items(f.budget, v)
	if err != nil {
		if expr.ClassOf(err) == "TypeError" {
			err = expr.Errorf("TypeError", "cannot unpack non-iterable %s object", expr.TypeName(v))
		}
		return nil, err
	}
	if len(items) < n {
		return nil, expr.Errorf("ValueError", "not enough values to unpack (expected %d, got %d)", n, len(items))
	}
	if len(items) > n {
		return nil, expr.Errorf("ValueError", "too many values to unpack (expected %d)", n)
	}
	return items, nil
}

func (c *compiler) assignBlock(x *assignBlock, p place) (execFunc, error) {
	in := p.inner()
	in.scope.visitAll(x.body)
	if x.filter != nil {
		in.scope.visit(x.filter)
	}
	c.seal(in.scope)
	text, err := c.captured(x.body, x.filter, in)
	if err != nil {
		return nil, err
	}
	set, err := c.target(x.target, p)
	if err != nil {
		return nil, err
	}
	return func(f *frame) error {
		v, err := text(f)
		if err != nil {
			return err
		}
		if f.autoescape { // with escaping on, what a set block gives is text, also after a filter
			s, err := expr.Str(f.budget, v)
			if err != nil {
				return err
			}
			v = expr.Markup(s)
		}
		return set(f, v)
	}, nil
}

// captured compiles a body whose text, passed through a filter chain, is a value.
func (c *compiler) captured(body []node, chain *filter, in place) (evalFunc, error) {
	code, err := c.block(body, in)
	if err != nil {
		return nil, err
	}
	value := evalFunc(func(f *frame) (expr.Value, error) {
		text, err := f.capture(code)
		return f.markup(text), err
	})
	if chain != nil {
		if value, err = c.filterChain(chain, value, in); err != nil {
			return nil, err
		}
	}
	return func(f *frame) (expr.Value, error) {
		if err := f.enter(in.scope); err != nil {
			return nil, err
		}
		defer f.exit()
		return value(f)
	}, nil
}

// filterChain compiles filters whose innermost input is the given value.
func (c *compiler) filterChain(x *filter, innermost evalFunc, p place) (evalFunc, error) {
	if x.in == nil {
		return c.applyFilter(x, innermost, p)
	}
	in, err := c.filterChain(x.in.(*filter), innermost, p)
	if err != nil {
		return nil, err
	}
	return c.applyFilter(x, in, p)
}
