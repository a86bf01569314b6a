package jinja

import (
	"github.com/petrelhq/petrel/core/expr"
)

// render is one run of a template.
type render struct {
	env      *Environment
	tmpl     *Template
	budget   *expr.Budget
	vars     Vars
	thawer   *expr.Thawer          // set when the template changes what it is given
	exported map[string]expr.Value // what the template set at its top level, for blocks
}

// resolve finds a name that the template does not define itself; missing when there is none.
func (r *render) resolve(name string) (expr.Value, error) {
	if v, ok := r.exported[name]; ok {
		return v, nil
	}
	if v, ok := r.vars(name); ok {
		return r.private(v)
	}
	if v, ok := r.env.globals[name]; ok {
		return v, nil
	}
	return missing, nil
}

// private gives a value that the template may change, when it does such things.
func (r *render) private(v expr.Value) (expr.Value, error) {
	if r.thawer == nil {
		return v, nil
	}
	return r.thawer.Thaw(v)
}

func (r *render) undefined(name string) *expr.Undefined {
	return &expr.Undefined{Kind: r.env.Undefined, Name: name}
}

// frame is where code runs: variables, output, escaping.
type frame struct {
	*render
	env        *env
	out        *buffer
	autoescape bool
}

// env is the variables of one entered scope.
type env struct {
	vals []expr.Value
	up   *env
}

type missingType struct{}

// missing fills the slot of a variable that has no value yet.
var missing expr.Value = &missingType{}

// enter makes the variables of a scope inside the current ones.
func (f *frame) enter(s *scope) error {
	f.env = &env{vals: make([]expr.Value, len(s.slots)), up: f.env}
	return f.begin(s)
}

func (f *frame) exit() { f.env = f.env.up }

// begin gives each variable of the entered scope its first value.
func (f *frame) begin(s *scope) error {
	for i, slot := range s.slots {
		v := missing
		switch slot.kind {
		case loadContext:
			x, err := f.resolve(slot.name)
			if err != nil {
				return err
			}
			v = x
		case loadOuter:
			v = f.env.up.at(slot.up).vals[slot.index]
		}
		f.env.vals[i] = v
	}
	return f.budget.Step(int64(len(s.slots)))
}

func (e *env) at(up int) *env {
	for range up {
		e = e.up
	}
	return e
}

// buffer collects output within the budget.
type buffer struct {
	expr.TextBuilder
	bad error // something that is no text was put in: told when the text is taken
}

func newBuffer(b *expr.Budget) *buffer { return &buffer{TextBuilder: expr.TextBuilder{Budget: b}} }

// text is what was collected.
func (b *buffer) text() (string, error) { return b.String(), b.bad }

// putValue writes a value that must be text already.
func (b *buffer) putValue(v expr.Value) error {
	s, ok := expr.Text(v)
	if !ok && b.bad == nil {
		b.bad = expr.Errorf("TypeError", "sequence item: expected str instance, %s found", expr.TypeName(v))
	}
	return b.Put(s)
}

// writeAll writes texts with a separator between.
func (b *buffer) writeAll(parts []string, sep string) error {
	if err := b.Budget.GrowItems(len(parts)); err != nil {
		return err
	}
	for i, p := range parts {
		if i > 0 {
			if err := b.Put(sep); err != nil {
				return err
			}
		}
		if err := b.Put(p); err != nil {
			return err
		}
	}
	return nil
}

// capture runs code with a buffer of its own and gives the text.
func (f *frame) capture(body execFunc) (string, error) {
	saved := f.out
	f.out = newBuffer(f.budget)
	err := body(f)
	text, bad := f.out.text()
	f.out = saved
	if err == nil {
		err = bad
	}
	return text, err
}

// markup is text as the value of captured output: safe when escaping is on.
func (f *frame) markup(text string) expr.Value {
	if f.autoescape {
		return expr.Markup(text)
	}
	return text
}
