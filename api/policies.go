package api

import (
	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
)

var policyAttributes = attributes{
	all:    []string{"id", "uid", "ref", "pack", "name", "description", "enabled", "resource_ref", "policy_type", "parameters", "metadata_file"},
	always: []string{"id", "ref"},
}

// writePolicy appends a policy as the API shows it.
func writePolicy(b []byte, x *core.Policy, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.text("id", x.ID)
	o.text("uid", "policy:"+x.Pack+":"+x.Name)
	o.text("ref", x.Ref())
	o.text("pack", x.Pack)
	o.text("name", x.Name)
	o.some("description", x.Description)
	o.flag("enabled", x.Enabled)
	o.text("resource_ref", x.Action)
	o.text("policy_type", x.Type)
	o.raw("parameters", x.Parameters, "{}")
	o.some("metadata_file", x.MetadataFile)
	return o.end()
}

// listPolicies st2 differs: resource_ref and policy_type, which clients send, are honoured.
func (c *call) listPolicies() error {
	return listCollection(c, collection[core.Policy]{
		attributes: policyAttributes, all: c.s.Store.Policies(), write: writePolicy,
		id: func(x *core.Policy) string { return x.ID },
		fits: func(x *core.Policy) bool {
			return matches(c.text("pack"), x.Pack) && matches(c.text("name"), x.Name) &&
				matches(c.text("resource_ref"), x.Action) && matches(c.text("policy_type"), x.Type)
		},
	})
}

func (c *call) findPolicy() (*core.Policy, error) {
	x, err := c.s.Store.Policies().Find(c.ctx(), c.Params("ref"))
	return x, noRef(err, c.Params("ref"))
}

func (c *call) getPolicy() error {
	x, err := c.findPolicy()
	if err != nil {
		return err
	}
	return c.sendPolicy(fiber.StatusOK, x)
}

func (c *call) sendPolicy(status int, x *core.Policy) error {
	return sendOne(c, status, x, func(b []byte, x *core.Policy) ([]byte, error) { return writePolicy(b, x, nil) })
}

// readPolicy reads the body; a policy that names no pack goes to the one given.
func (c *call) readPolicy(otherwise string) (*core.Policy, error) {
	x, err := content(c, pack.ParsePolicy, func(x *core.Policy) *string { return &x.Pack }, otherwise)
	if err != nil {
		return nil, err
	}
	return x, guardSystem(x.Pack)
}

func (c *call) savePolicy(x *core.Policy, create bool) error {
	return c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error {
		return c.s.SavePolicy(c.ctx(), tx, x, create)
	})
}

func (c *call) postPolicy() error {
	x, err := c.readPolicy(pack.DefaultPack)
	if err != nil {
		return err
	}
	if err := c.savePolicy(x, true); err != nil {
		return err
	}
	return c.sendPolicy(fiber.StatusCreated, x)
}

func (c *call) putPolicy() error {
	old, err := c.findPolicy()
	if err != nil {
		return err
	}
	if err := guardSystem(old.Pack); err != nil {
		return err
	}
	x, err := c.readPolicy(old.Pack)
	if err != nil {
		return err
	}
	x.ID, x.MetadataFile, x.Meant = old.ID, old.MetadataFile, old.Meant
	if err := c.savePolicy(x, false); err != nil {
		return err
	}
	return c.sendPolicy(fiber.StatusOK, x)
}

func (c *call) deletePolicy() error {
	x, err := c.findPolicy()
	if err != nil {
		return err
	}
	if err := guardSystem(x.Pack); err != nil {
		return err
	}
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error { return c.s.DeletePolicy(c.ctx(), tx, x) })
	if err != nil {
		return err
	}
	return c.empty(fiber.StatusNoContent)
}
