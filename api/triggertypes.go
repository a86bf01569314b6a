package api

import (
	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
)

func (c *call) listTriggerTypes() error {
	return listCollection(c, collection[core.TriggerType]{
		attributes: triggerTypeAttributes, all: c.s.Store.TriggerTypes(), write: writeTriggerType,
		id: func(v *core.TriggerType) string { return v.ID },
		fits: func(v *core.TriggerType) bool {
			return matches(c.text("pack"), v.Pack) && matches(c.text("name"), v.Name)
		},
	})
}

func (c *call) findTriggerType() (*core.TriggerType, error) {
	t, err := c.s.Store.TriggerTypes().Find(c.ctx(), c.Params("ref"))
	return t, noRef(err, c.Params("ref"))
}

func (c *call) getTriggerType() error {
	t, err := c.findTriggerType()
	if err != nil {
		return err
	}
	return c.sendTriggerType(fiber.StatusOK, t)
}

func (c *call) sendTriggerType(status int, t *core.TriggerType) error {
	return sendOne(c, status, t, func(b []byte, t *core.TriggerType) ([]byte, error) { return writeTriggerType(b, t, nil) })
}

// readTriggerType reads the body; a type that names no pack goes to the one given.
func (c *call) readTriggerType(otherwise string) (*core.TriggerType, error) {
	t, err := content(c, pack.ParseTriggerType, func(t *core.TriggerType) *string { return &t.Pack }, otherwise)
	if err != nil {
		return nil, err
	}
	return t, guardSystem(t.Pack)
}

func (c *call) postTriggerType() error {
	t, err := c.readTriggerType(pack.DefaultPack)
	if err != nil {
		return err
	}
	if err := c.saveTriggerType(t, true); err != nil {
		return err
	}
	return c.sendTriggerType(fiber.StatusCreated, t)
}

func (c *call) saveTriggerType(t *core.TriggerType, create bool) error {
	return c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error {
		return c.s.SaveTriggerType(c.ctx(), tx, t, create)
	})
}

func (c *call) putTriggerType() error {
	old, err := c.findTriggerType()
	if err != nil {
		return err
	}
	if err := guardSystem(old.Pack); err != nil {
		return err
	}
	t, err := c.readTriggerType(old.Pack)
	if err != nil {
		return err
	}
	if t.Ref() != old.Ref() {
		return core.FieldErrorf("ref", "The trigger type is %s and cannot become %s; create the new one and delete the old.", old.Ref(), t.Ref())
	}
	t.ID, t.MetadataFile = old.ID, old.MetadataFile
	if err := c.saveTriggerType(t, false); err != nil {
		return err
	}
	return c.sendTriggerType(fiber.StatusOK, t)
}

func (c *call) deleteTriggerType() error {
	t, err := c.findTriggerType()
	if err != nil {
		return err
	}
	if err := guardSystem(t.Pack); err != nil {
		return err
	}
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error {
		return c.s.DeleteTriggerType(c.ctx(), tx, t)
	})
	if err != nil {
		return err
	}
	return c.empty(fiber.StatusNoContent)
}
