package jinja

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

func (c *compiler) attr(x *getAttr, p place) (evalFunc, error) {
	of, err := c.expr(x.of, p)
	if err != nil {
		return nil, err
	}
	member := c.env.methods.none(x.attr) && !strings.HasPrefix(x.attr, "_")
	return c.located(x, func(f *frame) (expr.Value, error) {
		v, err := of(f)
		if err != nil {
			return nil, err
		}
		if d, ok := v.(*expr.Dict); ok && member { // the usual case: no method has this name
			if v, ok := d.Get(x.attr); ok {
				return v, nil
			}
		}
		return f.getAttr(v, x.attr)
	}), nil
}

func (c *compiler) item(x *getItem, p place) (evalFunc, error) {
	of, err := c.expr(x.of, p)
	if err != nil {
		return nil, err
	}
	if s, ok := x.key.(*sliceLit); ok {
		return c.sliced(x, of, s, p)
	}
	key, err := c.expr(x.key, p)
	if err != nil {
		return nil, err
	}
	return c.located(x, func(f *frame) (expr.Value, error) {
		v, err := of(f)
		if err != nil {
			return nil, err
		}
		k, err := key(f)
		if err != nil {
			return nil, err
		}
		return f.getItem(v, k)
	}), nil
}

// slice compiles the bounds of a subscript into an *expr.SliceIndex.
func (c *compiler) slice(s *sliceLit, p place) (evalFunc, error) {
	parts := [3]evalFunc{}
	for i, n := range []node{s.start, s.stop, s.step} {
		if n == nil {
			continue
		}
		e, err := c.expr(n, p)
		if err != nil {
			return nil, err
		}
		parts[i] = e
	}
	return func(f *frame) (expr.Value, error) {
		vals := [3]expr.Value{}
		for i, part := range parts {
			if part == nil {
				continue
			}
			v, err := part(f)
			if err != nil {
				return nil, err
			}
			vals[i] = v
		}
		return &expr.SliceIndex{Start: vals[0], Stop: vals[1], Step: vals[2]}, nil
	}, nil
}

func (c *compiler) sliced(n node, of evalFunc, s *sliceLit, p place) (evalFunc, error) {
	bounds, err := c.slice(s, p)
	if err != nil {
		return nil, err
	}
	return c.located(n, func(f *frame) (expr.Value, error) {
		v, err := of(f)
		if err != nil {
			return nil, err
		}
		i, err := bounds(f)
		if err != nil {
			return nil, err
		}
		if v, err = f.resolved(v); err != nil {
			return nil, err
		}
		out, ok, err := expr.Slice(f.budget, v, i.(*expr.SliceIndex))
		if err != nil || ok {
			return out, err
		}
		return nil, cannotSlice(v)
	}), nil
}

func cannotSlice(v expr.Value) error {
	switch x := v.(type) {
	case *expr.Undefined:
		return x.Err()
	case *expr.Dict:
		return expr.Errorf("TypeError", "unhashable type: 'slice'")
	}
	return expr.Errorf("TypeError", "'%s' object is not subscriptable", expr.TypeName(v))
}

// compiledArgs are the arguments of a call.
type compiledArgs struct {
	args      []evalFunc
	names     []string
	kwargs    []evalFunc
	dynArgs   evalFunc
	dynKwargs evalFunc
}

func (c *compiler) args(a arguments, p place) (out compiledArgs, err error) {
	if out.args, err = c.exprs(a.args, p); err != nil {
		return out, err
	}
	for _, k := range a.kwargs {
		e, err := c.expr(k.value, p)
		if err != nil {
			return out, err
		}
		out.names, out.kwargs = append(out.names, k.name), append(out.kwargs, e)
	}
	if a.dynArgs != nil {
		if out.dynArgs, err = c.expr(a.dynArgs, p); err != nil {
			return out, err
		}
	}
	if a.dynKwargs != nil {
		out.dynKwargs, err = c.expr(a.dynKwargs, p)
	}
	return out, err
}

// call evaluates the arguments, after the given first ones.
func (a *compiledArgs) call(f *frame, first ...expr.Value) (*expr.Call, error) {
	call := &expr.Call{Budget: f.budget, Args: make([]expr.Value, 0, len(first)+len(a.args))}
	call.Args = append(call.Args, first...)
	for _, arg := range a.args {
		v, err := arg(f)
		if err != nil {
			return nil, err
		}
		call.Args = append(call.Args, v)
	}
	for i, arg := range a.kwargs {
		v, err := arg(f)
		if err != nil {
			return nil, err
		}
		call.Kwargs = append(call.Kwargs, expr.Kwarg{Name: a.names[i], Value: v})
	}
	if err := a.spread(f, call); err != nil {
		return nil, err
	}
	return call, repeatedKwarg(call.Kwargs)
}

// spread adds the members of *args and **kwargs.
func (a *compiledArgs) spread(f *frame, call *expr.Call) error {
	if a.dynArgs != nil {
		v, err := a.dynArgs(f)
		if err != nil {
			return err
		}
		items, err := expr.Items(f.budget, v)
		if err != nil {
			return err
		}
		call.Args = append(call.Args, items...)
	}
	if a.dynKwargs == nil {
		return nil
	}
	v, err := a.dynKwargs(f)
	if err != nil {
		return err
	}
	d, ok := v.(*expr.Dict)
	if !ok {
		if u, ok := v.(*expr.Undefined); ok {
			return u.Err()
		}
		return expr.Errorf("TypeError", "argument after ** must be a mapping, not %s", expr.TypeName(v))
	}
	for k, v := range d.All() {
		name, ok := expr.Text(k)
		if !ok {
			return expr.Errorf("TypeError", "keywords must be strings")
		}
		call.Kwargs = append(call.Kwargs, expr.Kwarg{Name: name, Value: v})
	}
	return nil
}

func repeatedKwarg(kwargs []expr.Kwarg) error {
	if len(kwargs) < 2 {
		return nil
	}
	seen := make(map[string]bool, len(kwargs))
	for _, k := range kwargs {
		if seen[k.Name] {
			return expr.Errorf("TypeError", "got multiple values for keyword argument '%s'", k.Name)
		}
		seen[k.Name] = true
	}
	return nil
}

func (c *compiler) call(x *call, p place) (evalFunc, error) {
	return c.callWith(x, p, nil)
}

// callWith compiles a call; caller, when there is one, goes along as the keyword argument "caller".
func (c *compiler) callWith(x *call, p place, caller evalFunc) (evalFunc, error) {
	fn, err := c.expr(x.fn, p)
	if err != nil {
		return nil, err
	}
	args, err := c.args(x.arguments, p)
	if err != nil {
		return nil, err
	}
	if caller != nil {
		args.names, args.kwargs = append(args.names, "caller"), append(args.kwargs, caller)
	}
	return c.located(x, func(f *frame) (expr.Value, error) {
		v, err := fn(f)
		if err != nil {
			return nil, err
		}
		call, err := args.call(f)
		if err != nil {
			return nil, err
		}
		return f.call(v, call)
	}), nil
}

// call calls a value within the depth budget.
func (f *frame) call(fn expr.Value, call *expr.Call) (expr.Value, error) {
	callable, ok := fn.(expr.Callable)
	if !ok {
		if u, ok := fn.(*expr.Undefined); ok {
			return nil, u.Err()
		}
		return nil, expr.Errorf("TypeError", "'%s' object is not callable", expr.TypeName(fn))
	}
	if err := f.budget.Enter(); err != nil {
		return nil, err
	}
	defer f.budget.Leave()
	if err := f.budget.Call(); err != nil {
		return nil, err
	}
	v, err := callable.Call(call)
	if err != nil {
		return nil, err
	}
	return f.private(v)
}

func (c *compiler) filter(x *filter, p place) (evalFunc, error) {
	in, err := c.expr(x.in, p)
	if err != nil {
		return nil, err
	}
	return c.applyFilter(x, in, p)
}

// applyFilter compiles a filter on a given input.
func (c *compiler) applyFilter(x *filter, in evalFunc, p place) (evalFunc, error) {
	fn, known := c.env.filters[x.name]
	if !known && !p.soft {
		return nil, c.fail(x, "No filter named %s.", expr.QuoteText(x.name))
	}
	return c.apply(x, "filter", x.name, fn, known, in, x.arguments, p)
}

func (c *compiler) test(x *test, p place) (evalFunc, error) {
	in, err := c.expr(x.in, p)
	if err != nil {
		return nil, err
	}
	fn, known := c.env.tests[x.name]
	if !known && !p.soft {
		return nil, c.fail(x, "No test named %s.", expr.QuoteText(x.name))
	}
	return c.apply(x, "test", x.name, fn, known, in, x.arguments, p)
}

func (c *compiler) apply(n node, what, name string, fn Func, known bool, in evalFunc, a arguments, p place) (evalFunc, error) {
	args, err := c.args(a, p)
	if err != nil {
		return nil, err
	}
	return c.located(n, func(f *frame) (expr.Value, error) {
		v, err := in(f)
		if err != nil {
			return nil, err
		}
		call, err := args.call(f, v)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, expr.Errorf("TemplateRuntimeError", "No %s named %s found.", what, expr.QuoteText(name))
		}
		if v, err = fn.use(f, name, call); err != nil {
			return nil, err
		}
		return f.private(v)
	}), nil
}

// use binds the arguments and runs the filter or test.
func (fn Func) use(f *frame, name string, call *expr.Call) (expr.Value, error) {
	if err := f.budget.Call(); err != nil {
		return nil, err
	}
	for _, arg := range call.Args {
		if err := expr.ReadText(f.budget, arg); err != nil {
			return nil, err
		}
	}
	c := &Call{Call: *call, frame: f}
	if fn.Variadic {
		return fn.Fn(c, call.Args)
	}
	if len(fn.Params) == 0 && len(call.Args) == 1 && call.Kwargs == nil {
		return fn.Fn(c, call.Args)
	}
	rest := &expr.Call{Budget: call.Budget, Args: call.Args[1:], Kwargs: call.Kwargs}
	bound, err := rest.Bind(name, fn.Params...)
	if err != nil {
		return nil, err
	}
	return fn.Fn(c, append([]expr.Value{call.Args[0]}, bound...))
}
