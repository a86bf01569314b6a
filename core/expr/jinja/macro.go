package jinja

import (
	"fmt"
	"slices"

	"github.com/petrelhq/petrel/core/expr"
)

// compiledMacro is the code of a macro or of a call block's body.
type compiledMacro struct {
	name           string // "" for a call block
	params         []string
	slots          []int
	defaults       []evalFunc // one for each parameter, nil where there is none
	caller         int        // slot of "caller", or -1 when the body has no use for it
	kwargs         int        // slot of "kwargs", or -1
	varargs        int        // slot of "varargs", or -1
	explicitCaller bool       // "caller" is a declared parameter
	scope          *scope
	body           execFunc
}

// macroBody compiles parameters and body.
func (c *compiler) macroBody(n node, id string, s signature, body []node, p place) (*compiledMacro, error) {
	in := p.inner()
	m := &compiledMacro{name: id, scope: in.scope, caller: -1, kwargs: -1, varargs: -1}
	for _, param := range s.params {
		in.scope.visit(param)
	}
	in.scope.visitAll(s.defaults)
	in.scope.visitAll(body)
	for _, param := range s.params {
		if slices.Contains(m.params, param.id) {
			return nil, &expr.Error{Class: "SyntaxError", Msg: fmt.Sprintf("duplicate argument %s in function definition", expr.QuoteText(param.id)), Pos: c.pos(param)}
		}
		m.params = append(m.params, param.id)
		m.slots = append(m.slots, in.scope.param(param.id))
	}
	if err := c.implicitParams(m, n, s, body); err != nil {
		return nil, err
	}
	c.seal(in.scope)
	m.defaults = make([]evalFunc, len(s.params))
	for i, d := range s.defaults {
		e, err := c.expr(d, in)
		if err != nil {
			return nil, err
		}
		m.defaults[len(s.params)-len(s.defaults)+i] = e
	}
	var err error
	m.body, err = c.block(body, in)
	return m, err
}

// implicitParams gives the macro the special variables that its body mentions.
func (c *compiler) implicitParams(m *compiledMacro, n node, s signature, body []node) error {
	used := mentions(body, "caller", "kwargs", "varargs")
	for i, param := range m.params {
		if param == "caller" {
			m.explicitCaller = true
			if used["caller"] && i < len(s.params)-len(s.defaults) {
				return c.fail(n, "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.")
			}
		}
		delete(used, param)
	}
	for _, special := range []struct {
		name string
		slot *int
	}{{"caller", &m.caller}, {"kwargs", &m.kwargs}, {"varargs", &m.varargs}} {
		if used[special.name] {
			*special.slot = m.scope.param(special.name)
		}
	}
	return nil
}

// label names the macro in messages.
func (m *compiledMacro) label() string {
	if m.name == "" {
		return "None"
	}
	return expr.QuoteText(m.name)
}

func (c *compiler) macro(x *macroStmt, p place) (execFunc, error) {
	m, err := c.macroBody(x, x.name.id, x.signature, x.body, p)
	if err != nil {
		return nil, err
	}
	set := c.nameTarget(x.name, p)
	return func(f *frame) error { return set(f, &macro{code: m, home: *f}) }, nil
}

func (c *compiler) callBlock(x *callBlock, p place) (execFunc, error) {
	m, err := c.macroBody(x, "", x.signature, x.body, p)
	if err != nil {
		return nil, err
	}
	caller := func(f *frame) (expr.Value, error) { return &macro{code: m, home: *f}, nil }
	e, err := c.callWith(x.call, p, caller)
	if err != nil {
		return nil, err
	}
	return func(f *frame) error {
		v, err := e(f)
		if err != nil {
			return err
		}
		return f.out.putValue(v)
	}, nil
}

// macro is a macro as a value, with the place it was defined in.
type macro struct {
	code *compiledMacro
	home frame
}

// TypeName implements expr.Object.
func (m *macro) TypeName() string { return "Macro" }

// Str implements expr.Stringer.
func (m *macro) Str(*expr.Budget) (string, error) {
	if m.code.name == "" {
		return "<Macro anonymous>", nil
	}
	return "<Macro " + expr.QuoteText(m.code.name) + ">", nil
}

// Attr implements expr.Attributer.
func (m *macro) Attr(_ *expr.Budget, name string) (expr.Value, bool, error) {
	switch name {
	case "name":
		if m.code.name == "" {
			return nil, true, nil
		}
		return m.code.name, true, nil
	case "arguments":
		args := make(expr.Tuple, len(m.code.params))
		for i, p := range m.code.params {
			args[i] = p
		}
		return args, true, nil
	case "catch_kwargs":
		return m.code.kwargs >= 0, true, nil
	case "catch_varargs":
		return m.code.varargs >= 0, true, nil
	case "caller":
		return m.code.caller >= 0 || m.code.explicitCaller, true, nil
	}
	return nil, false, nil
}

// Call implements expr.Callable: it gives the text of the body.
func (m *macro) Call(c *expr.Call) (expr.Value, error) {
	f := m.home
	if err := f.enter(m.code.scope); err != nil {
		return nil, err
	}
	if err := m.bind(&f, c); err != nil {
		return nil, err
	}
	text, err := f.capture(m.code.body)
	if err != nil {
		return nil, err
	}
	return f.markup(text), nil
}

// bind fills the parameters from the call; missing ones take their default or are undefined.
func (m *macro) bind(f *frame, c *expr.Call) error {
	code, vals := m.code, f.env.vals
	for _, slot := range code.slots {
		vals[slot] = missing
	}
	positional := min(len(c.Args), len(code.params))
	for i := range positional {
		vals[code.slots[i]] = c.Args[i]
	}
	rest, err := m.bindKwargs(f, c.Kwargs, positional)
	if err != nil {
		return err
	}
	if err := m.bindSpecial(f, c.Args[positional:], rest); err != nil {
		return err
	}
	for i, slot := range code.slots {
		if vals[slot] != missing {
			continue
		}
		if vals[slot], err = m.missingParam(f, i); err != nil {
			return err
		}
	}
	return nil
}

func (m *macro) missingParam(f *frame, i int) (expr.Value, error) {
	if d := m.code.defaults[i]; d != nil {
		return d(f)
	}
	p := m.code.params[i]
	return &expr.Undefined{Kind: f.render.env.Undefined, Name: p, Hint: "parameter " + expr.QuoteText(p) + " was not provided"}, nil
}

// bindKwargs fills parameters given by name and returns the keywords left over.
func (m *macro) bindKwargs(f *frame, kwargs []expr.Kwarg, positional int) (*expr.Dict, error) {
	rest := expr.NewDict()
	for _, k := range kwargs {
		i := indexOf(m.code.params[positional:], k.Name)
		if i < 0 {
			if err := rest.Set(k.Name, k.Value); err != nil {
				return nil, err
			}
			continue
		}
		f.env.vals[m.code.slots[positional+i]] = k.Value
	}
	return rest, nil
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

// bindSpecial fills caller, kwargs and varargs, or refuses what has no place.
func (m *macro) bindSpecial(f *frame, extra []expr.Value, rest *expr.Dict) error {
	code := m.code
	if code.caller >= 0 {
		caller, ok, err := rest.Delete("caller")
		if err != nil {
			return err
		}
		if !ok {
			caller = &expr.Undefined{Kind: f.render.env.Undefined, Name: "caller", Hint: "No caller defined"}
		}
		f.env.vals[code.caller] = caller
	}
	if code.kwargs >= 0 {
		f.env.vals[code.kwargs] = rest
	} else if rest.Len() > 0 {
		if _, ok := rest.Get("caller"); ok {
			return expr.Errorf("TypeError", "macro %s was invoked with two values for the special caller argument. This is most likely a bug.", code.label())
		}
		return expr.Errorf("TypeError", "macro %s takes no keyword argument %s", code.label(), expr.QuoteText(rest.Keys()[0].(string)))
	}
	if code.varargs >= 0 {
		f.env.vals[code.varargs] = expr.Tuple(extra)
	} else if len(extra) > 0 {
		return expr.Errorf("TypeError", "macro %s takes not more than %d argument(s)", code.label(), len(code.params))
	}
	return nil
}
