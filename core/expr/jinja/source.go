package jinja

import (
	"context"

	"github.com/petrelhq/petrel/core/expr"
)

// Variables lists the names a template's source mentions and does not set itself. The
// error says that it is no valid template.
func (env *Environment) Variables(src string) ([]string, error) {
	t, err := env.Compile(src)
	if err != nil {
		return nil, err
	}
	return t.Variables(), nil
}

// Render gives the text of a template's source with the given variables.
func (env *Environment) Render(ctx context.Context, src string, vars *expr.Dict) (string, error) {
	t, err := env.Compile(src)
	if err != nil {
		return "", err
	}
	return t.Render(Run{Context: ctx}, DictVars(vars))
}
