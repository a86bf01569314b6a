package jinja

import (
	"errors"
	"sort"

	"github.com/petrelhq/petrel/core/expr"
)

// Template is a compiled template; safe for concurrent use.
type Template struct {
	env     *Environment
	src     string
	root    *scope
	body    execFunc
	blocks  map[string]*compiledBlock
	unbound []string
}

// Render gives the text of the template with the given variables.
func (t *Template) Render(run Run, vars Vars) (string, error) {
	out, err := t.execute(run.budget(), vars)
	if err != nil {
		return "", err
	}
	return out.out.text()
}

// Value gives the value of a template made by CompileExpression, frozen and plain: generators,
// views and ranges are lists by then, lookups are read. A missing value is an *expr.Undefined.
func (t *Template) Value(run Run, vars Vars) (expr.Value, error) {
	b := run.budget()
	f, err := t.execute(b, vars)
	if err != nil {
		return nil, err
	}
	v, err := expr.Settle(b, f.env.vals[t.root.refs[resultName]])
	if err != nil {
		return nil, err
	}
	return expr.Freeze(v), nil
}

// Variables are the names the template takes from outside, sorted.
// st2: meta.find_undeclared_variables, used for the dependency graph of parameters.
func (t *Template) Variables() []string { return t.unbound }

// execute runs the template; when it tries to change shared data, it runs again on a private copy.
func (t *Template) execute(b *expr.Budget, vars Vars) (*frame, error) {
	f, err := t.run(&render{env: t.env, tmpl: t, budget: b, vars: vars})
	if errors.Is(err, expr.ErrFrozen) {
		return t.run(&render{env: t.env, tmpl: t, budget: b, vars: vars, thawer: expr.NewThawer(b)})
	}
	return f, err
}

func (t *Template) run(r *render) (*frame, error) {
	f := &frame{render: r, out: newBuffer(r.budget), autoescape: t.env.Autoescape}
	if err := f.enter(t.root); err != nil {
		return nil, err
	}
	if i, ok := t.root.refs["self"]; ok && len(t.blocks) > 0 {
		f.env.vals[i] = &selfRef{*f}
	}
	return f, t.body(f)
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
