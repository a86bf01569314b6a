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
	return out.out.String(), nil
}

// Value gives the value of a template made by CompileExpression, frozen. A missing value is an *expr.Undefined.
func (t *Template) Value(run Run, vars Vars) (expr.Value, error) {
	f, err := t.execute(run.budget(), vars)
	if err != nil {
		return nil, err
	}
	v := f.env.vals[t.root.refs[resultName]]
	return expr.Freeze(v), nil
}

// Variables are the names the template takes from outside, sorted.
// st2: meta.find_undeclared_variables, used for the dependency graph of parameters.
func (t *Template) Variables() []string { return t.unbound }

// execute runs the template; when it tries to change shared data, it runs again on a private copy.
func (t *Template) execute(b *expr.Budget, vars Vars) (*frame, error) {
	f, err := t.run(b, vars)
	if errors.Is(err, expr.ErrFrozen) {
		f, err = t.run(b, thawed(b, vars))
	}
	return f, err
}

func (t *Template) run(b *expr.Budget, vars Vars) (*frame, error) {
	r := &render{env: t.env, tmpl: t, budget: b, vars: vars}
	f := &frame{render: r, out: &buffer{budget: b}, autoescape: t.env.Autoescape}
	if err := f.enter(t.root); err != nil {
		return nil, err
	}
	if i, ok := t.root.refs["self"]; ok && len(t.blocks) > 0 {
		f.env.vals[i] = &selfRef{*f}
	}
	return f, t.body(f)
}

// thawed gives private copies of variables, each made once.
func thawed(b *expr.Budget, vars Vars) Vars {
	copies := map[string]expr.Value{}
	return func(name string) (expr.Value, bool) {
		if v, ok := copies[name]; ok {
			return v, true
		}
		v, ok := vars(name)
		if !ok {
			return nil, false
		}
		c, err := expr.Thaw(b, v)
		if err != nil {
			c = v // the budget is spent: the next step says so
		}
		copies[name] = c
		return c, true
	}
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
