package main

import (
	"context"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
)

// templates joins the Jinja evaluator to those who render with it.
type templates struct{ env *jinja.Environment }

// newTemplates makes StackStorm's environment. st2: triggers-rules reference 6.
func newTemplates() templates {
	return templates{jinja.StackStorm(expr.Strict, nil)}
}

// patternNames are the names that every criteria pattern sees.
func patternNames(name string) (expr.Value, bool) {
	if name == "st2kv" {
		return noKeyValues(""), true
	}
	return nil, false
}

// Variables implements execution.Jinja.
func (t templates) Variables(src string) ([]string, error) {
	tpl, err := t.env.Compile(src)
	if err != nil {
		return nil, err
	}
	return tpl.Variables(), nil
}

// Render implements execution.Jinja.
func (t templates) Render(ctx context.Context, src string, vars *expr.Dict) (string, error) {
	tpl, err := t.env.Compile(src)
	if err != nil {
		return "", err
	}
	return tpl.Render(jinja.Run{Context: ctx}, jinja.DictVars(vars))
}

// noKeyValues is what templates see as st2kv as long as there is no datastore: every
// key is missing, which renders as nothing.
func noKeyValues(string) expr.Value {
	missing := expr.NewLookup(func(context.Context, string) (expr.Value, bool, error) { return nil, false, nil })
	return expr.DictOf("system", missing, "user", missing)
}

// noPackConfig is what templates see as config_context as long as packs have no
// configuration.
func noPackConfig(context.Context, string, string) (expr.Value, error) { return expr.NewDict(), nil }
