package jinja

import "github.com/petrelhq/petrel/core/expr"

// prepareMap makes the function that map applies: an attribute, or a filter with arguments.
func (c *Call) prepareMap(a []expr.Value) (func(expr.Value) (expr.Value, error), error) {
	if len(a) == 0 {
		if attribute, ok := c.Kwarg("attribute"); ok {
			missing, _ := c.Kwarg("default")
			for _, k := range c.Kwargs {
				if k.Name != "attribute" && k.Name != "default" {
					return nil, expr.Errorf("FilterArgumentError", "Unexpected keyword argument %s", expr.QuoteText(k.Name))
				}
			}
			return c.getter(attribute, missing), nil
		}
		return nil, expr.Errorf("FilterArgumentError", "map requires a filter argument")
	}
	name, err := expr.Str(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	return c.applying("filter", c.frame.render.env.filters, name, a[1:]), nil
}

// applying makes a function of a filter or test with its further arguments; an unknown one fails when it is used.
func (c *Call) applying(what string, table map[string]Func, name string, rest []expr.Value) func(expr.Value) (expr.Value, error) {
	fn, known := table[name]
	return func(v expr.Value) (expr.Value, error) {
		if !known {
			return nil, expr.Errorf("TemplateRuntimeError", "No %s named %s.", what, expr.QuoteText(name))
		}
		if err := c.Budget.Enter(); err != nil {
			return nil, err
		}
		defer c.Budget.Leave()
		args := append([]expr.Value{v}, rest...)
		return fn.use(c.frame, name, &expr.Call{Budget: c.Budget, Args: args, Kwargs: c.Kwargs})
	}
}

func filterMap(c *Call, a []expr.Value) (expr.Value, error) {
	if len(a) == 0 {
		return nil, expr.Errorf("TypeError", "map needs a value")
	}
	next := c.lazily(a[0])
	var apply func(expr.Value) (expr.Value, error)
	return generator("map", func() (expr.Value, bool, error) {
		if apply == nil {
			if empty, err := isFalse(a[0]); err != nil || empty {
				return nil, false, err
			}
			var err error
			if apply, err = c.prepareMap(a[1:]); err != nil {
				return nil, false, err
			}
		}
		v, ok, err := next()
		if err != nil || !ok {
			return nil, false, err
		}
		out, err := apply(v)
		return out, err == nil, err
	}), nil
}

func isFalse(v expr.Value) (bool, error) {
	yes, err := expr.Truthy(v)
	return !yes, err
}

// filterSelect makes select, reject, selectattr and rejectattr.
func filterSelect(keep, byAttr bool) func(c *Call, a []expr.Value) (expr.Value, error) {
	return func(c *Call, a []expr.Value) (expr.Value, error) {
		if len(a) == 0 {
			return nil, expr.Errorf("TypeError", "select needs a value")
		}
		next := c.lazily(a[0])
		var ok func(expr.Value) (expr.Value, error)
		return generator("select", func() (expr.Value, bool, error) {
			if ok == nil {
				if empty, err := isFalse(a[0]); err != nil || empty {
					return nil, false, err
				}
				var err error
				if ok, err = c.prepareSelect(a[1:], byAttr); err != nil {
					return nil, false, err
				}
			}
			return pull(next, ok, keep)
		}), nil
	}
}

// pull gives the next value whose test has the wanted outcome.
func pull(next func() (expr.Value, bool, error), test func(expr.Value) (expr.Value, error), keep bool) (expr.Value, bool, error) {
	for {
		v, more, err := next()
		if err != nil || !more {
			return nil, false, err
		}
		outcome, err := test(v)
		if err != nil {
			return nil, false, err
		}
		yes, err := expr.Truthy(outcome)
		if err != nil {
			return nil, false, err
		}
		if yes == keep {
			return v, true, nil
		}
	}
}

// prepareSelect makes the test: truth, or a named test with arguments, of the item or of its attribute.
func (c *Call) prepareSelect(a []expr.Value, byAttr bool) (func(expr.Value) (expr.Value, error), error) {
	get := func(v expr.Value) (expr.Value, error) { return v, nil }
	if byAttr {
		if len(a) == 0 {
			return nil, expr.Errorf("FilterArgumentError", "Missing parameter for attribute name")
		}
		get = c.getter(a[0], nil)
		a = a[1:]
	}
	test := get
	if len(a) > 0 {
		name, err := expr.Str(c.Budget, a[0])
		if err != nil {
			return nil, err
		}
		apply := c.applying("test", c.frame.render.env.tests, name, a[1:])
		test = func(v expr.Value) (expr.Value, error) {
			v, err := get(v)
			if err != nil {
				return nil, err
			}
			return apply(v)
		}
	}
	return test, nil
}

func filterJoin(c *Call, a []expr.Value) (expr.Value, error) {
	get := c.getter(a[2], nil)
	it, err := expr.Iterate(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	var parts []expr.Value
	for {
		v, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return c.frame.joinParts(a[1], parts)
		}
		if v, err = get(v); err != nil {
			return nil, err
		}
		if !c.frame.autoescape { // each item is made text before the next one is asked for
			if v, err = expr.Str(c.Budget, v); err != nil {
				return nil, err
			}
		}
		if err := c.Budget.GrowItems(1); err != nil {
			return nil, err
		}
		parts = append(parts, v)
	}
}

// joinParts puts a separator between texts; with escaping on, safe and unsafe ones may mix.
func (f *frame) joinParts(sep expr.Value, parts []expr.Value) (expr.Value, error) {
	if err := f.budget.GrowItems(len(parts)); err != nil {
		return nil, err
	}
	vals := make([]expr.Value, 0, 2*len(parts))
	for i, p := range parts {
		if i > 0 {
			vals = append(vals, sep)
		}
		vals = append(vals, p)
	}
	return f.join(vals)
}
