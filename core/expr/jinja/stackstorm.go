package jinja

import (
	"regexp"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// StackStorm is an environment as rules, parameters and aliases use it: blocks trimmed,
// StackStorm's filters. Strictness is strict everywhere but in ChatOps formats.
// st2: triggers-rules.md 6, "Environment".
func StackStorm(undefined expr.Strictness, decrypt functions.Decrypt) *Environment {
	o := Options{TrimBlocks: true, LstripBlocks: true, Undefined: undefined}
	return New(o, asFilters(functions.StackStorm(decrypt)), nil, nil)
}

// asFilters makes filters of shared functions: the first parameter is the input.
func asFilters(fns map[string]functions.Function) map[string]Func {
	out := make(map[string]Func, len(fns))
	for name, f := range fns {
		if len(f.Params) == 0 {
			continue
		}
		out[name] = method(func(c *Call, a []expr.Value) (expr.Value, error) { return f.Fn(c.Budget, a) }, f.Params[1:]...)
	}
	return out
}

// IsExpression reports whether a string may hold Jinja.
func IsExpression(s string) bool { return strings.Contains(s, "{{") || strings.Contains(s, "{%") }

var (
	bracePair = regexp.MustCompile(`\{\{.*\}\}`)
	blockPair = regexp.MustCompile(`\{%.*%\}`)
)

// ToRawBlock protects every string with Jinja in v, at any depth but not in keys, by a raw block.
func ToRawBlock(v expr.Value) (expr.Value, error) {
	switch x := v.(type) {
	case string:
		if bracePair.MatchString(x) || blockPair.MatchString(x) {
			return "{% raw %}" + x + "{% endraw %}", nil
		}
	case *expr.List:
		out := expr.NewList()
		for _, item := range x.Items {
			r, err := ToRawBlock(item)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, r)
		}
		return out, nil
	case *expr.Dict:
		out := expr.NewDict()
		for k, item := range x.All() {
			r, err := ToRawBlock(item)
			if err != nil {
				return nil, err
			}
			if err := out.Set(k, r); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// RenderMapping renders the values of a mapping. Strings become text; lists and mappings are
// rendered through their JSON text; what a template does not change keeps its type.
// The variables also go by the name __context.
// st2: triggers-rules.md 6; util/jinja render_values.
func (env *Environment) RenderMapping(run Run, mapping, context *expr.Dict) (*expr.Dict, error) {
	if context.Len() == 0 || mapping.Len() == 0 {
		return mapping, nil
	}
	run.Budget = run.budget()
	vars := func(name string) (expr.Value, bool) {
		if v, ok := context.Get(name); ok || name != "__context" {
			return v, ok
		}
		return context, true
	}
	out := expr.NewDict()
	for k, v := range mapping.All() {
		r, err := env.renderValue(run, v, vars)
		if err != nil {
			return nil, err
		}
		if err := out.Set(k, r); err != nil {
			return nil, err
		}
	}
	expr.Freeze(out)
	return out, nil
}

func (env *Environment) renderValue(run Run, v expr.Value, vars Vars) (expr.Value, error) {
	source, isJSON, err := templateText(run.Budget, v)
	if err != nil || !IsExpression(source) && !strings.Contains(source, "{#") {
		return v, err
	}
	t, err := env.Compile(source)
	if err != nil {
		return nil, err
	}
	text, err := t.Render(run, vars)
	switch {
	case err != nil:
		return nil, err
	case text == source:
		return v, nil
	case isJSON:
		return expr.ParseJSON(run.Budget, text)
	}
	return text, nil
}

// templateText is the text that is rendered for a value.
func templateText(b *expr.Budget, v expr.Value) (source string, isJSON bool, err error) {
	switch v.(type) {
	case *expr.Dict, *expr.List:
		source, err = expr.ToJSON(b, v, expr.JSONOptions{})
		return source, true, err
	}
	source, err = expr.Str(b, v)
	return source, false, err
}
