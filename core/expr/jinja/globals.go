package jinja

import "github.com/petrelhq/petrel/core/expr"

func builtinGlobals() map[string]expr.Value {
	return map[string]expr.Value{
		"range":     &expr.Func{Name: "range", Fn: rangeFunc},
		"dict":      &expr.Func{Name: "dict", Fn: dictFunc},
		"namespace": &expr.Func{Name: "namespace", Fn: namespaceFunc},
		"cycler":    &expr.Func{Name: "cycler", Fn: cyclerFunc},
		"joiner":    &expr.Func{Name: "joiner", Fn: joinerFunc},
	}
}

// maxRange is the sandbox's limit for the length of a range.
const maxRange = 100_000

func rangeFunc(c *expr.Call) (expr.Value, error) {
	if len(c.Args) == 0 || len(c.Args) > 3 || len(c.Kwargs) > 0 {
		return nil, expr.Errorf("TypeError", "range expected 1 to 3 arguments, got %d", len(c.Args))
	}
	n := make([]int64, len(c.Args))
	for i, a := range c.Args {
		v, err := expr.AsInt(a)
		if err != nil {
			return nil, err
		}
		n[i] = v
	}
	r := &expr.Range{Stop: n[0], Step: 1}
	if len(n) > 1 {
		r.Start, r.Stop = n[0], n[1]
	}
	if len(n) > 2 {
		r.Step = n[2]
	}
	if r.Step == 0 {
		return nil, expr.Errorf("ValueError", "range() arg 3 must not be zero")
	}
	if size := r.Len(); size > maxRange || size < 0 {
		return nil, expr.Errorf("OverflowError", "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	return r, nil
}

func dictFunc(c *expr.Call) (expr.Value, error) {
	if len(c.Args) > 1 {
		return nil, expr.Errorf("TypeError", "dict expected at most 1 argument, got %d", len(c.Args))
	}
	d := expr.NewDict()
	return d, fillDict(&Call{Call: *c}, d, c.Args)
}

// namespace is an object whose members can be set from inner scopes.
type namespace struct{ attrs *expr.Dict }

func namespaceFunc(c *expr.Call) (expr.Value, error) {
	d, err := dictFunc(c)
	if err != nil {
		return nil, err
	}
	return &namespace{d.(*expr.Dict)}, nil
}

// TypeName implements expr.Object.
func (n *namespace) TypeName() string { return "Namespace" }

// Attr implements expr.Attributer.
func (n *namespace) Attr(_ *expr.Budget, name string) (expr.Value, bool, error) {
	v, ok := n.attrs.Get(name)
	return v, ok, nil
}

// Str implements expr.Stringer.
func (n *namespace) Str(b *expr.Budget) (string, error) {
	if err := b.Enter(); err != nil {
		return "", err
	}
	defer b.Leave()
	s, err := expr.Repr(b, n.attrs)
	return "<Namespace " + s + ">", err
}

// cycler walks round its items, one step for each call of next().
type cycler struct {
	items []expr.Value
	pos   int
}

func cyclerFunc(c *expr.Call) (expr.Value, error) {
	if len(c.Args) == 0 {
		return nil, expr.Errorf("RuntimeError", "at least one item has to be provided")
	}
	return &cycler{items: c.Args}, nil
}

// TypeName implements expr.Object.
func (*cycler) TypeName() string { return "Cycler" }

// Attr implements expr.Attributer.
func (y *cycler) Attr(_ *expr.Budget, name string) (expr.Value, bool, error) {
	switch name {
	case "items":
		return expr.Tuple(y.items), true, nil
	case "pos":
		return int64(y.pos), true, nil
	case "current":
		return y.items[y.pos], true, nil
	case "next":
		return &expr.Func{Name: "next", Fn: func(*expr.Call) (expr.Value, error) {
			v := y.items[y.pos]
			y.pos = (y.pos + 1) % len(y.items)
			return v, nil
		}}, true, nil
	case "reset":
		return &expr.Func{Name: "reset", Fn: func(*expr.Call) (expr.Value, error) {
			y.pos = 0
			return nil, nil
		}}, true, nil
	}
	return nil, false, nil
}

// joiner gives "" at its first call and the separator at every later one.
type joiner struct {
	sep  expr.Value
	used bool
}

func joinerFunc(c *expr.Call) (expr.Value, error) {
	a, err := c.Bind("joiner", expr.Opt("sep", ", "))
	if err != nil {
		return nil, err
	}
	return &joiner{sep: a[0]}, nil
}

// TypeName implements expr.Object.
func (*joiner) TypeName() string { return "Joiner" }

// Call implements expr.Callable.
func (j *joiner) Call(*expr.Call) (expr.Value, error) {
	if !j.used {
		j.used = true
		return "", nil
	}
	return j.sep, nil
}

// Attr implements expr.Attributer.
func (j *joiner) Attr(_ *expr.Budget, name string) (expr.Value, bool, error) {
	switch name {
	case "sep":
		return j.sep, true, nil
	case "used":
		return j.used, true, nil
	}
	return nil, false, nil
}
