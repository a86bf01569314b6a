package expr

import "math/big"

// Param describes one parameter of a function.
type Param struct {
	Name     string
	Default  Value
	Optional bool
}

// Req is a parameter that must be given.
func Req(name string) Param { return Param{Name: name} }

// Opt is a parameter with a default.
func Opt(name string, def Value) Param { return Param{Name: name, Default: def, Optional: true} }

// Bind gives the values of params, in their order, from positional and keyword arguments;
// Python's TypeError when they do not fit.
func (c *Call) Bind(fn string, params ...Param) ([]Value, error) {
	if len(c.Args) > len(params) {
		return nil, Errorf("TypeError", "%s() takes at most %d arguments (%d given)", fn, len(params), len(c.Args))
	}
	out := make([]Value, len(params))
	given := make([]bool, len(params))
	for i, v := range c.Args {
		out[i], given[i] = v, true
	}
	for _, k := range c.Kwargs {
		i := paramIndex(params, k.Name)
		if i < 0 {
			return nil, Errorf("TypeError", "%s() got an unexpected keyword argument '%s'", fn, k.Name)
		}
		if given[i] {
			return nil, Errorf("TypeError", "%s() got multiple values for argument '%s'", fn, k.Name)
		}
		out[i], given[i] = k.Value, true
	}
	for i, p := range params {
		if given[i] {
			continue
		}
		if !p.Optional {
			return nil, Errorf("TypeError", "%s() missing required argument: '%s'", fn, p.Name)
		}
		out[i] = p.Default
	}
	return out, nil
}

func paramIndex(params []Param, name string) int {
	for i, p := range params {
		if p.Name == name {
			return i
		}
	}
	return -1
}

// AsInt is the int64 of an int or bool; TypeError for other types, OverflowError beyond 64 bits.
func AsInt(v Value) (int64, error) {
	if i, ok := smallInt(v); ok {
		return i, nil
	}
	if _, ok := v.(*big.Int); ok {
		return 0, Errorf("OverflowError", "Python int too large to convert to C ssize_t")
	}
	return 0, Errorf("TypeError", "'%s' object cannot be interpreted as an integer", TypeName(v))
}
