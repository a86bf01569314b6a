package yaql

import (
	"math/big"

	"github.com/petrelhq/petrel/core/expr"
)

// Form says how a function may be called.
type Form int

const (
	AsFunction Form = 1 << iota // name(x)
	AsMethod                    // x.name()
)

// Function is one function of the library, or one of several that share a name and differ in the
// types of their parameters.
type Function struct {
	Name string
	Form Form
	Doc  expr.Doc

	params []param
	fn     func(c *Call) (Value, error)
}

// param is a parameter.
type param struct {
	name     string
	kind     kind
	null     bool // takes null too
	optional bool
	def      Value
	rest     bool // takes all further positional arguments
	keywords bool // takes all further keyword arguments
}

func (p *param) accepts(v Value) bool {
	return v == nil && p.null || p.kind.accepts(v)
}

// missing stands for an optional argument that was not given, where null means something else.
type missing struct{}

// TypeName implements expr.Object.
func (*missing) TypeName() string { return "NoValue" }

var notGiven = &missing{}

func given(v Value) bool { return v != notGiven }

// pairs reports whether the function takes key => value as arguments of its own and not as keyword arguments.
func (f *Function) pairs() bool {
	for _, p := range f.params {
		if p.kind == pairKind || p.kind == ruleKind {
			return true
		}
	}
	return f.Name == "dict" || f.Name == "set" && f.Form == AsMethod
}

// Shared makes a function of one that other languages know too. Its parameters take any value; names
// with underscores are spelled as YAQL does (sort_keys is sortKeys).
func Shared(name string, params []expr.Param, fn func(b *expr.Budget, a []Value) (Value, error)) *Function {
	f := &Function{Name: name, Form: AsFunction, fn: func(c *Call) (Value, error) { return fn(c.budget(), c.args) }}
	for _, p := range params {
		f.params = append(f.params, param{name: camelCase(p.Name), optional: p.Optional, def: p.Default})
	}
	return f
}

// Variadic makes a function of one that takes any positional and keyword arguments.
func Variadic(name string, fn func(c *expr.Call) (Value, error)) *Function {
	return &Function{
		Name: name, Form: AsFunction,
		params: []param{{name: "args", rest: true}, {name: "kwargs", keywords: true}},
		fn: func(c *Call) (Value, error) {
			return fn(&expr.Call{Budget: c.budget(), Args: c.rest, Kwargs: c.keywords})
		},
	}
}

func camelCase(name string) string {
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if name[i] == '_' && i > 0 && i+1 < len(name) {
			i++
			if c := name[i]; c >= 'a' && c <= 'z' {
				out = append(out, c-'a'+'A')
				continue
			}
		}
		out = append(out, name[i])
	}
	return string(out)
}

// Call is one call of a function: a value for each parameter (a *lambda where it is lazy).
type Call struct {
	sc       *scope
	args     []Value
	rest     []Value
	keywords []expr.Kwarg
}

func (c *Call) budget() *expr.Budget { return c.sc.run.budget }

func (c *Call) text(i int) string { s, _ := c.args[i].(string); return s }

func (c *Call) flag(i int) bool { b, _ := c.args[i].(bool); return b }

func (c *Call) lambda(i int) *lambda { l, _ := c.args[i].(*lambda); return l }

func (c *Call) dict(i int) *expr.Dict { d, _ := c.args[i].(*expr.Dict); return d }

// list gives the items of a list argument.
func (c *Call) list(i int) []Value { items, _ := sequence(c.args[i]); return items }

// int gives an int argument; OverflowError beyond 64 bits.
func (c *Call) int(i int) (int64, error) { return expr.AsInt(c.args[i]) }

// big gives an int argument of any size.
func (c *Call) big(i int) *big.Int { return expr.Big(c.args[i]) }

// items collects an iterable argument.
func (c *Call) items(i int) ([]Value, error) { return c.sc.run.items(c.args[i]) }

// walk starts a walk over an iterable argument.
func (c *Call) walk(i int) (expr.Iterator, error) { return c.sc.run.walk(c.args[i]) }

// tuple makes a list value of fresh items.
func (c *Call) tuple(items []Value) (Value, error) {
	if err := c.budget().Grow(slotSize * int64(len(items)+1)); err != nil {
		return nil, err
	}
	return expr.Tuple(items), nil
}

// string makes a text value and pays for it.
func (c *Call) string(s string) (Value, error) {
	return s, c.budget().Grow(int64(len(s)))
}

// slotSize is what one element of a container is charged, in bytes.
const slotSize = 24
