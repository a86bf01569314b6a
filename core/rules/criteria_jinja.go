package rules

import (
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
)

// jinjaRenderer renders with an environment, which keeps its templates compiled.
type jinjaRenderer struct {
	env   *jinja.Environment
	names jinja.Vars
}

// NewRenderer makes a Renderer of an environment, which has to be strict about undefined
// names and to have the filter to_complex, and of the names that all patterns see.
func NewRenderer(env *jinja.Environment, names jinja.Vars) Renderer {
	return &jinjaRenderer{env, names}
}

// Render implements Renderer.
func (r *jinjaRenderer) Render(b *expr.Budget, template string, names *expr.Dict) (string, error) {
	t, err := r.env.Compile(template)
	if err != nil {
		return "", err
	}
	return t.Render(jinja.Run{Budget: b}, func(name string) (expr.Value, bool) {
		if v, ok := names.Get(name); ok {
			return v, true
		}
		return r.names(name)
	})
}
