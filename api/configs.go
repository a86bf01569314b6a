package api

import (
	"bytes"
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
)

func writeConfig(b []byte, v *pack.Config) ([]byte, error) {
	raw, err := json.Marshal(v)
	return append(b, raw...), err
}

// listConfigs st2: rest-api reference, GET /configs.
func (c *call) listConfigs() error {
	secrets, err := c.showSecrets()
	if err != nil {
		return err
	}
	p, err := c.paging(100)
	if err != nil {
		return err
	}
	all, err := c.s.Packs.Configs.List(c.ctx(), secrets)
	if err != nil {
		return err
	}
	return sendList(c, cut(all, p), len(all), p, writeConfig)
}

func (c *call) getConfig() error {
	return c.sendConfig(c.Params("pack"))
}

func (c *call) sendConfig(ref string) error {
	secrets, err := c.showSecrets()
	if err != nil {
		return err
	}
	v, err := c.s.Packs.Configs.Get(c.ctx(), ref, secrets)
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, v, writeConfig)
}

// putConfig sets a pack's configuration: the body is the values themselves. A secret that
// comes masked stays as it is.
func (c *call) putConfig() error {
	raw, err := c.rawObject()
	if err != nil {
		return err
	}
	values := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&values); err != nil {
		return unparsed("%v", err)
	}
	if err := c.s.Packs.Configs.Put(c.ctx(), c.Params("pack"), values); err != nil {
		return err
	}
	return c.sendConfig(c.Params("pack"))
}

var configSchemaAttributes = attributes{all: []string{"id", "pack", "attributes"}, always: []string{"id"}}

func writeConfigSchema(b []byte, x *core.ConfigSchema, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.text("id", x.ID)
	o.text("pack", x.Pack)
	o.value("attributes", x.Attributes)
	return o.end()
}

func (c *call) listConfigSchemas() error {
	return listCollection(c, collection[core.ConfigSchema]{
		attributes: configSchemaAttributes, all: c.s.Store.ConfigSchemas(), write: writeConfigSchema,
		id:   func(x *core.ConfigSchema) string { return x.ID },
		fits: func(x *core.ConfigSchema) bool { return matches(c.text("pack"), x.Pack) },
	})
}

func (c *call) getConfigSchema() error {
	x, err := c.s.Store.ConfigSchemas().Get(c.ctx(), c.Params("pack"))
	if core.KindOf(err) == core.NotFound {
		return core.Errorf(core.NotFound, "Unable to identify resource with pack_ref \"%s\".", c.Params("pack"))
	}
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, x, func(b []byte, x *core.ConfigSchema) ([]byte, error) { return writeConfigSchema(b, x, nil) })
}
