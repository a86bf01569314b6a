package main

import (
	"context"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
)

// templates joins the Jinja evaluator to those who render with it.
type templates struct{ env *jinja.Environment }

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
