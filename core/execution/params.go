package execution

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/schema"
)

// Jinja renders templates; package expr/jinja does.
type Jinja interface {
	// Variables lists the names a template mentions and does not set itself. An error
	// means that it is no valid template.
	Variables(src string) ([]string, error)
	// Render renders a template to text. An undefined name is an error.
	Render(ctx context.Context, src string, vars *expr.Dict) (string, error)
}

// Templates renders the parameters of actions.
// st2: triggers-rules reference, action parameter rendering.
type Templates struct {
	Jinja Jinja
	// KeyValues returns what templates see as st2kv, for a user.
	KeyValues func(user string) expr.Value
	// PackConfig returns what templates see as config_context.
	PackConfig func(ctx context.Context, pack, user string) (expr.Value, error)
}

// RenderError says that a template in a parameter could not be rendered.
type RenderError struct {
	Param string
	Err   error
}

func (e *RenderError) Error() string {
	return fmt.Sprintf("Failed to render parameter \"%s\": %v", e.Param, e.Err)
}

func (e *RenderError) Unwrap() error { return e.Err }

// live renders and checks what a caller passed, and returns what is stored: the given
// parameters rendered, and defaults that hold templates where rendering changed them.
// Errors are Invalid, or *RenderError.
func (t Templates) live(ctx context.Context, d *definition, x *core.Execution, r core.Request) (json.RawMessage, error) {
	given, err := object(r.Parameters)
	if err != nil {
		return nil, core.FieldErrorf("parameters", "parameters need to be an object: %v", err)
	}
	set, err := d.schemas()
	if err != nil {
		return nil, err
	}
	if hasTemplate(given) || defaultsHaveTemplate(set.Parameters()) {
		if given, err = t.renderGiven(ctx, d, set, x, r, given); err != nil {
			return nil, err
		}
	}
	if r.Cast {
		if given, err = set.Cast(given); err != nil {
			return nil, err
		}
	}
	if err := set.Check(given); err != nil {
		return nil, err
	}
	if len(given) == 0 {
		return nil, nil
	}
	return json.Marshal(given)
}

// renderGiven renders given parameters and defaults that hold templates, each after
// those it mentions.
func (t Templates) renderGiven(ctx context.Context, d *definition, set *schema.Set, x *core.Execution, r core.Request, given map[string]any) (map[string]any, error) {
	scope, err := t.scope(ctx, d, x)
	if err != nil {
		return nil, err
	}
	if len(r.Trigger) > 0 {
		payload, err := expr.FromJSON(r.Trigger)
		if err != nil {
			return nil, err
		}
		scope.names["trigger"] = payload
	}
	all := schema.Defaults(d.runner.Parameters, d.action.Parameters, given)
	for name, v := range given {
		all[name] = v // an immutable parameter's default must not hide what was passed
	}
	values, err := scope.renderAll(ctx, set.Parameters(), all, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	stored := map[string]any{}
	for name, v := range values {
		if _, passed := given[name]; passed || (holdsTemplate(all[name]) && !immutable(set.Parameters(), name)) {
			stored[name] = v
		}
	}
	return stored, nil
}

// final works out what a runner is called with: the stored parameters as they are,
// defaults rendered, everything cast and parted between runner and action.
func (t Templates) final(ctx context.Context, d *definition, x *core.Execution) (forRunner, forAction map[string]any, err error) {
	stored, err := object(x.Parameters)
	if err != nil {
		return nil, nil, err
	}
	set, err := d.schemas()
	if err != nil {
		return nil, nil, err
	}
	all := schema.Defaults(d.runner.Parameters, d.action.Parameters, stored)
	if defaultsHaveTemplate(set.Parameters()) {
		scope, err := t.scope(ctx, d, x)
		if err != nil {
			return nil, nil, err
		}
		fresh := func(name string) bool {
			v, ok := stored[name]
			return !ok || v == nil || immutable(set.Parameters(), name)
		}
		if all, err = scope.renderAll(ctx, set.Parameters(), all, fresh); err != nil {
			return nil, nil, err
		}
	}
	if all, err = set.Cast(all); err != nil {
		return nil, nil, err
	}
	forRunner, forAction = schema.Split(d.runner.Parameters, d.action.Parameters, all)
	return plainNumbers(forRunner), plainNumbers(forAction), nil
}

// masker finds the values of a run's secret parameters inside texts; nil when it has none.
func (r *run) masker() *schema.Masker {
	r.mu.Lock()
	parameters := r.stored.Parameters
	r.mu.Unlock()
	stored, err := object(parameters)
	if err != nil {
		return nil
	}
	set, err := r.def.schemas()
	if err != nil {
		return nil
	}
	return schema.MaskerOf(stored, set.Parameters())
}

// scope is the names that templates in parameters may use.
func (t Templates) scope(ctx context.Context, d *definition, x *core.Execution) (*scope, error) {
	s := &scope{jinja: t.Jinja, names: map[string]expr.Value{}}
	actx, err := expr.FromJSON(jsonOf(contextView(x)))
	if err != nil {
		return nil, err
	}
	s.names["action_context"] = actx
	s.names["st2kv"] = t.KeyValues(x.Context.User)
	cfg, err := t.PackConfig(ctx, d.action.Pack, x.Context.User)
	s.names["config_context"] = cfg
	return s, err
}

// contextView is an execution's context as templates and the API show it: the keys a
// caller added stand beside the others.
func contextView(x *core.Execution) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	plain := x.FullContext()
	plain.Extra = nil
	_ = json.Unmarshal(jsonOf(plain), &m)
	for k, v := range x.Context.Extra {
		if _, taken := m[k]; !taken {
			m[k] = v
		}
	}
	return m
}

func immutable(params core.Parameters, name string) bool {
	s, _ := params.Get(name)
	return s.Flag("immutable")
}

func defaultsHaveTemplate(params core.Parameters) bool {
	for _, p := range params {
		if holdsTemplate(p.Schema["default"]) {
			return true
		}
	}
	return false
}

func hasTemplate(values map[string]any) bool {
	for _, v := range values {
		if holdsTemplate(v) {
			return true
		}
	}
	return false
}

// holdsTemplate reports whether a value has {{ or {% in any string of it.
func holdsTemplate(v any) bool {
	switch v := v.(type) {
	case string:
		for i := 0; i+1 < len(v); i++ {
			if v[i] == '{' && (v[i+1] == '{' || v[i+1] == '%') {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if holdsTemplate(item) {
				return true
			}
		}
	case map[string]any:
		for name, item := range v {
			if holdsTemplate(name) || holdsTemplate(item) {
				return true
			}
		}
	}
	return false
}

// object decodes a JSON object, numbers as written; nothing at all is an empty one.
func object(raw json.RawMessage) (map[string]any, error) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null")) {
		return map[string]any{}, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var m map[string]any
	err := dec.Decode(&m)
	return m, err
}

// plainNumbers makes Go numbers of JSON's, as core.Call promises.
func plainNumbers(values map[string]any) map[string]any {
	for name, v := range values {
		values[name] = schema.Plain(v)
	}
	return values
}
