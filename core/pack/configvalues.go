package pack

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
)

// Settings are a pack's configuration, a JSON object, with the secrets in it by value.
type Settings struct {
	Values  json.RawMessage
	Secrets []string
}

// Settings returns a pack's configuration as its code and templates see it, for a user:
// with the schema's defaults, and templates in it rendered. Without a configuration it is
// {}. The error is Invalid and names the attribute that cannot be rendered.
// st2: metadata reference 9.2, defaults, dynamic values.
func (c *Configs) Settings(ctx context.Context, pack, user string) (Settings, error) {
	of, err := c.of(ctx, pack)
	if err == nil {
		err = of.fault
	}
	if err != nil {
		return Settings{}, err
	}
	r := rendering{Configs: c, ctx: ctx, pack: pack, user: user}
	form := core.Schema{"type": "object", "properties": properties(of.schema)}
	values, err := r.value("", form, withDefaults(of.values, form))
	if err != nil {
		return Settings{}, err
	}
	raw, err := json.Marshal(values)
	object, _ := values.(map[string]any)
	return Settings{Values: raw, Secrets: schema.Secrets(object, of.secrets)}, err
}

// withDefaults fills in what is missing, also of objects that are missing as a whole. What
// is null stays so.
func withDefaults(v any, form core.Schema) any {
	switch v := v.(type) {
	case map[string]any:
		return objectWithDefaults(v, form)
	case []any:
		items, _ := form["items"].(map[string]any)
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = withDefaults(item, items)
		}
		return list
	}
	return v
}

func objectWithDefaults(object map[string]any, form core.Schema) map[string]any {
	filled := make(map[string]any, len(object))
	for name, v := range object {
		filled[name] = v
	}
	fields, _ := form["properties"].(map[string]any)
	for name, field := range fields {
		of, ok := field.(map[string]any)
		if !ok {
			continue
		}
		if _, given := filled[name]; !given {
			fallback, ok := absent(of)
			if !ok {
				continue
			}
			filled[name] = fallback
		}
		filled[name] = withDefaults(filled[name], of)
	}
	return filled
}

// absent is what stands for a value that is missing.
func absent(form core.Schema) (any, bool) {
	if fallback, ok := form["default"]; ok {
		return fallback, true
	}
	if _, ok := form["properties"].(map[string]any); ok {
		return map[string]any{}, true
	}
	if _, ok := form["items"].(map[string]any); ok {
		return []any{}, true
	}
	return nil, false
}

// rendering renders the templates in one pack's configuration.
type rendering struct {
	*Configs
	ctx        context.Context
	pack, user string
}

func (r rendering) value(at string, form core.Schema, v any) (any, error) {
	switch v := v.(type) {
	case string:
		return r.text(at, form, v)
	case []any:
		items, _ := form["items"].(map[string]any)
		out := make([]any, len(v))
		for i, item := range v {
			var err error
			if out[i], err = r.value(at, items, item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		return r.object(at, form, v)
	}
	return v, nil
}

func (r rendering) object(at string, form core.Schema, v map[string]any) (any, error) {
	fields, _ := form["properties"].(map[string]any)
	out := make(map[string]any, len(v))
	for name, item := range v {
		field, _ := fields[name].(map[string]any)
		var err error
		if out[name], err = r.value(strings.TrimPrefix(at+"."+name, "."), field, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// text renders one text. What a secret's template gives is a sealed text, and opened.
func (r rendering) text(at string, form core.Schema, text string) (any, error) {
	if !strings.Contains(text, "{{") && !strings.Contains(text, "{%") {
		return text, nil
	}
	rendered, err := r.Render(r.ctx, text, r.user)
	if err == nil && rendered != "" && form.Flag("secret") {
		rendered, err = r.Open(rendered)
	}
	switch {
	case err != nil:
		return nil, core.FieldErrorf(at, "Failed to render dynamic configuration value for key \"%s\" for pack \"%s\" config: %w", at, r.pack, err)
	case rendered == "":
		return nil, nil
	}
	return rendered, nil
}
