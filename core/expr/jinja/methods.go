package jinja

import (
	"math/big"

	"github.com/petrelhq/petrel/core/expr"
)

// methodTable holds the methods of Python's types by type name; a method's first argument is its object.
type methodTable map[string]map[string]Func

func builtinMethods() methodTable {
	str := strMethods()
	return methodTable{
		"str": str, "Markup": str, "list": listMethods(), "tuple": tupleMethods(), "dict": dictMethods(),
		"set": setMethods(), "int": intMethods(), "bool": intMethods(), "float": floatMethods(), "range": rangeMethods(),
	}
}

// none reports whether no type has a method of that name.
func (t methodTable) none(name string) bool {
	for _, methods := range t {
		if _, ok := methods[name]; ok {
			return false
		}
	}
	return true
}

// method makes a Func with positional parameters.
func method(fn func(c *Call, a []expr.Value) (expr.Value, error), params ...expr.Param) Func {
	return Func{Params: params, Fn: fn}
}

// boundMethod is a method together with its object.
type boundMethod struct {
	self   expr.Value
	name   string
	method Func
	frame  *frame
}

// TypeName implements expr.Object.
func (m *boundMethod) TypeName() string { return "builtin_function_or_method" }

// Str implements expr.Stringer.
func (m *boundMethod) Str(*expr.Budget) (string, error) {
	return "<built-in method " + m.name + " of " + expr.TypeName(m.self) + " object" + expr.Address + ">", nil
}

// Call implements expr.Callable.
func (m *boundMethod) Call(c *expr.Call) (expr.Value, error) {
	args := append(make([]expr.Value, 0, len(c.Args)+1), m.self)
	return m.method.use(m.frame, m.name, &expr.Call{Budget: c.Budget, Args: append(args, c.Args...), Kwargs: c.Kwargs})
}

// property gives the plain attributes of numbers and ranges.
func property(v expr.Value, name string) (expr.Value, bool) {
	switch x := v.(type) {
	case bool, int64, *big.Int:
		return intProperty(x, name)
	case float64:
		switch name {
		case "real":
			return x, true
		case "imag":
			return 0.0, true
		}
	case *expr.Range:
		switch name {
		case "start":
			return x.Start, true
		case "stop":
			return x.Stop, true
		case "step":
			return x.Step, true
		}
	}
	return nil, false
}

func intProperty(x expr.Value, name string) (expr.Value, bool) {
	switch name {
	case "real", "numerator":
		if b, ok := x.(bool); ok {
			x = map[bool]int64{true: 1}[b]
		}
		return x, true
	case "imag":
		return int64(0), true
	case "denominator":
		return int64(1), true
	}
	return nil, false
}

func intMethods() map[string]Func {
	return map[string]Func{
		"bit_length": method(func(c *Call, a []expr.Value) (expr.Value, error) {
			return int64(expr.Big(a[0]).BitLen()), nil
		}),
		"bit_count": method(func(c *Call, a []expr.Value) (expr.Value, error) {
			n := int64(0)
			for _, bit := range new(big.Int).Abs(expr.Big(a[0])).Text(2) {
				n += int64(bit - '0')
			}
			return n, nil
		}),
		"conjugate": method(func(c *Call, a []expr.Value) (expr.Value, error) {
			return expr.Int(expr.Big(a[0])), nil
		}),
		"as_integer_ratio": method(func(c *Call, a []expr.Value) (expr.Value, error) {
			return expr.Tuple{expr.Int(expr.Big(a[0])), int64(1)}, nil
		}),
	}
}

func floatMethods() map[string]Func {
	return map[string]Func{
		"is_integer": method(func(c *Call, a []expr.Value) (expr.Value, error) {
			f := a[0].(float64)
			n, err := expr.Trunc(f)
			if err != nil {
				return false, nil
			}
			return expr.Equal(nil, n, f)
		}),
		"conjugate": method(func(c *Call, a []expr.Value) (expr.Value, error) { return a[0], nil }),
		"as_integer_ratio": method(func(c *Call, a []expr.Value) (expr.Value, error) {
			f := a[0].(float64)
			if _, err := expr.Trunc(f); err != nil {
				return nil, err
			}
			r := new(big.Rat)
			r.SetFloat64(f)
			return expr.Tuple{expr.Int(r.Num()), expr.Int(r.Denom())}, nil
		}),
	}
}

func rangeMethods() map[string]Func {
	return map[string]Func{
		"count": method(sequenceCount, expr.Req("value")),
		"index": method(sequenceIndex, expr.Req("value"), expr.Opt("start", int64(0)), expr.Opt("stop", nil)),
	}
}

func tupleMethods() map[string]Func { return rangeMethods() }

// sequenceCount counts the items that equal a value.
func sequenceCount(c *Call, a []expr.Value) (expr.Value, error) {
	it, err := expr.Iterate(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	n := int64(0)
	for {
		v, ok, err := it.Next()
		if err != nil || !ok {
			return n, err
		}
		eq, err := expr.Equal(c.Budget, v, a[1])
		if err != nil {
			return nil, err
		}
		if eq {
			n++
		}
	}
}

// sequenceIndex finds the first item that equals a value, within start and stop.
func sequenceIndex(c *Call, a []expr.Value) (expr.Value, error) {
	items, err := expr.Items(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	window := expr.SliceIndex{Start: a[2], Stop: a[3]}
	start, stop, _, err := window.Bounds(len(items))
	if err != nil {
		return nil, err
	}
	for i := start; i < stop; i++ {
		eq, err := expr.Equal(c.Budget, items[i], a[1])
		if err != nil || eq {
			return int64(i), err
		}
	}
	what, err := expr.Repr(c.Budget, a[1])
	if err != nil {
		return nil, err
	}
	return nil, expr.Errorf("ValueError", "%s is not in %s", what, expr.TypeName(a[0]))
}
