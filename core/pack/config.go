package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/core/store"
)

// Configs keeps the configurations of packs, sealed. It is safe for concurrent use.
// st2: metadata reference 9.
type Configs struct {
	ConfigsConfig
	known store.Cached[map[string]*config]
}

// ConfigsConfig is what Configs needs.
type ConfigsConfig struct {
	Store *store.Store
	// Seal and Open seal a text and open a sealed one, a key's value too.
	Seal, Open func(text string) (string, error)
	// Render renders a template in a configuration, for a user.
	Render func(ctx context.Context, template, user string) (string, error)
}

// NewConfigs returns a Configs.
func NewConfigs(of ConfigsConfig) *Configs {
	c := &Configs{ConfigsConfig: of}
	c.known.Load = c.load
	return c
}

// config is what is known of a pack's configuration.
type config struct {
	id      string
	schema  core.Parameters
	secrets core.Parameters // the schema and the one that the values were set by
	values  map[string]any  // nil: nobody has set any
	fault   error           // why the values cannot be opened
}

// load opens all configurations; one that stays closed does not hide the others.
func (c *Configs) load(ctx context.Context, s *store.Store) (map[string]*config, error) {
	all := map[string]*config{}
	schemas, err := s.ConfigSchemas().All(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range schemas {
		all[x.Pack] = &config{schema: x.Attributes, secrets: x.Attributes}
	}
	configs, err := s.PackConfigs().All(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range configs {
		if all[x.Pack] == nil {
			all[x.Pack] = &config{}
		}
		of := all[x.Pack]
		of.id, of.secrets = x.ID, schema.Merge(x.SetBy, of.schema)
		of.values, of.fault = c.opened(x)
	}
	return all, nil
}

func (c *Configs) opened(x *core.PackConfig) (map[string]any, error) {
	plain, err := c.Open(x.Values)
	if err != nil {
		return nil, core.Errorf(core.Invalid, "the configuration of the pack %s cannot be opened: %w", x.Pack, err)
	}
	return decodeObject([]byte(plain))
}

// decodeObject keeps numbers as they are written.
func decodeObject(raw []byte) (map[string]any, error) {
	values := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err := dec.Decode(&values)
	return values, err
}

func (c *Configs) of(ctx context.Context, pack string) (*config, error) {
	all, err := c.known.Now(ctx, c.Store)
	if err != nil || all[pack] == nil {
		return &config{}, err
	}
	return all[pack], nil
}

// Config is a pack's configuration as somebody set it.
type Config struct {
	ID     string         `json:"id"`
	Pack   string         `json:"pack"`
	Values map[string]any `json:"values"`
}

// Get returns what was set of a pack's configuration, secrets masked unless they are to be
// shown. The error is NotFound when nothing was.
func (c *Configs) Get(ctx context.Context, pack string, secrets bool) (*Config, error) {
	of, err := c.of(ctx, pack)
	switch {
	case err != nil:
		return nil, err
	case of.id == "":
		return nil, core.Errorf(core.NotFound, "Unable to identify resource with pack_ref \"%s\".", pack) // st2: rest-api reference
	case of.fault != nil:
		return nil, of.fault
	}
	return of.view(pack, secrets), nil
}

func (of *config) view(pack string, secrets bool) *Config {
	values := of.values
	if !secrets {
		values = schema.Mask(values, of.secrets)
	}
	return &Config{ID: of.id, Pack: pack, Values: values}
}

// List returns what was set of all configurations, ordered by pack, without those that
// cannot be opened.
func (c *Configs) List(ctx context.Context, secrets bool) ([]*Config, error) {
	all, err := c.known.Now(ctx, c.Store)
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for pack, of := range all {
		if of.id != "" && of.fault == nil {
			set[pack] = true
		}
	}
	views := []*Config{}
	for _, pack := range sortedNames(set) {
		views = append(views, all[pack].view(pack, secrets))
	}
	return views, nil
}

// Put sets a pack's configuration. A secret given as its mask stays what it was. Errors
// are NotFound without such a pack, and Invalid, which name the attribute at fault.
func (c *Configs) Put(ctx context.Context, pack string, values map[string]any) error {
	return c.Store.Update(ctx, store.Wait, func(tx *store.Tx) error {
		if _, err := tx.Packs().Get(ctx, pack); core.KindOf(err) == core.NotFound {
			return noPack(pack)
		} else if err != nil {
			return err
		}
		all, err := c.known.In(ctx, tx)
		if err != nil {
			return err
		}
		of := all[pack]
		if of == nil {
			of = &config{}
		}
		return c.put(ctx, tx, pack, of, values)
	})
}

func (c *Configs) put(ctx context.Context, tx *store.Tx, pack string, of *config, values map[string]any) error {
	values, _ = unmasked(values, of.values, map[string]any{"properties": properties(of.secrets)}).(map[string]any)
	if err := check(pack, of.schema, values); err != nil {
		return err
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return err
	}
	sealed, err := c.Seal(string(raw))
	if err != nil {
		return err
	}
	id := of.id
	if id == "" {
		id = core.NewID(c.Store.Now())
	}
	return tx.PackConfigs().Put(ctx, &core.PackConfig{ID: id, Pack: pack, Values: sealed, SetBy: of.secrets})
}

// unmasked puts a secret that was given as its mask back to what it was.
func unmasked(now, before any, form map[string]any) any {
	if now == schema.Masked && core.Schema(form).Flag("secret") && before != nil {
		return before
	}
	if list, ok := now.([]any); ok {
		return unmaskedItems(list, before, form)
	}
	old, _ := before.(map[string]any)
	object, ok := now.(map[string]any)
	if !ok {
		return now
	}
	fields, _ := form["properties"].(map[string]any)
	out := make(map[string]any, len(object))
	for name, v := range object {
		field, _ := fields[name].(map[string]any)
		out[name] = unmasked(v, old[name], field)
	}
	return out
}

// unmaskedItems does it for a list, place by place.
func unmaskedItems(list []any, before any, form map[string]any) []any {
	old, _ := before.([]any)
	items, _ := form["items"].(map[string]any)
	out := slices.Clone(list)
	for i := range min(len(list), len(old)) {
		out[i] = unmasked(list[i], old[i], items)
	}
	return out
}

func properties(params core.Parameters) map[string]any {
	fields := make(map[string]any, len(params))
	for _, p := range params {
		fields[p.Name] = map[string]any(p.Schema)
	}
	return fields
}

// check holds values against a pack's schema. Attributes that the schema does not know are
// allowed. st2: metadata reference 9.2, validation.
func check(pack string, params core.Parameters, values map[string]any) error {
	form, err := schema.CompileObject(map[string]any{"type": "object", "properties": properties(params), "additionalProperties": true})
	if err != nil {
		return err
	}
	if err := form.Check(values); err != nil {
		field := ""
		if e, ok := err.(*core.Error); ok {
			field = e.Field
		}
		return core.FieldErrorf(field, "the configuration of the pack %s: attribute %q: %w", pack, field, err)
	}
	for _, p := range params {
		if text, ok := values[p.Name].(string); ok && p.Schema.Flag("secret") && strings.Contains(text, "decrypt_kv") {
			return core.FieldErrorf(p.Name, "the configuration of the pack %s: attribute %q is a secret, which is decrypted by itself: leave decrypt_kv out", pack, p.Name)
		}
	}
	return nil
}

// fits says what is wrong with a pack's configuration by the schema of the version that is
// to be installed.
func (c *Configs) fits(ctx context.Context, next *Content) error {
	of, err := c.of(ctx, next.Pack.Ref)
	if err != nil || of.id == "" {
		return err
	}
	if of.fault != nil {
		return of.fault
	}
	if err := check(next.Pack.Ref, next.ConfigSchema, of.values); err != nil {
		return fmt.Errorf("%w; set it anew after installing", err)
	}
	return nil
}

// putConfigSchema stores a pack's schema, or removes it when the pack has none.
func putConfigSchema(ctx context.Context, tx *store.Tx, pack string, params core.Parameters) error {
	if params == nil {
		return tx.ConfigSchemas().Delete(ctx, pack)
	}
	x := &core.ConfigSchema{ID: core.NewID(tx.Store().Now()), Pack: pack, Attributes: params}
	old, err := tx.ConfigSchemas().Get(ctx, pack)
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	if old != nil {
		x.ID = old.ID
	}
	if same(old, x) {
		return nil
	}
	return tx.ConfigSchemas().Put(ctx, x)
}
