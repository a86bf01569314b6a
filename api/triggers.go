package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
)

func (c *call) listTriggers() error {
	all, err := c.s.Store.Triggers().All(c.ctx())
	if err != nil {
		return err
	}
	return sendAll(c, all, writeWholeTrigger)
}

func (c *call) findTrigger() (*core.Trigger, error) {
	t, err := c.s.Store.Triggers().Find(c.ctx(), c.Params("id"))
	if core.KindOf(err) == core.NotFound {
		return nil, core.Errorf(core.NotFound, "Unhandled exception") // st2: rest-api reference, error body
	}
	return t, err
}

func (c *call) getTrigger() error {
	t, err := c.findTrigger()
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, t, writeWholeTrigger)
}

type triggerRequest struct {
	Pack       string          `json:"pack"`
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Parameters json.RawMessage `json:"parameters"`
}

// postTrigger makes a trigger that no rule has asked for, by a name of its own.
func (c *call) postTrigger() error {
	var body triggerRequest
	if err := c.object(c.s.bodies.trigger, &body); err != nil {
		return err
	}
	if body.Pack == "" {
		body.Pack = pack.DefaultPack
	}
	if body.Name == "" {
		body.Name = newRequestID() // st2: a trigger without a name is called by a UUID
	}
	t := &core.Trigger{Pack: body.Pack, Name: body.Name, Type: body.Type, Parameters: given(body.Parameters)}
	err := c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error {
		if err := c.checkTrigger(tx, t); err != nil {
			return err
		}
		old, err := tx.Triggers().Get(c.ctx(), t.Ref())
		if err == nil {
			return &core.Error{Kind: core.Conflict, ID: old.ID, Msg: "A trigger " + t.Ref() + " exists already."}
		}
		if core.KindOf(err) != core.NotFound {
			return err
		}
		t.ID = core.NewID(tx.Time().Std())
		return tx.Triggers().Create(t)
	})
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusCreated, t, writeWholeTrigger)
}

// checkTrigger makes sure of the type and gives the parameters their form.
func (c *call) checkTrigger(tx *store.Tx, t *core.Trigger) error {
	if len(t.Parameters) == 0 {
		t.Parameters = json.RawMessage("{}")
	}
	_, err := tx.TriggerTypes().Get(c.ctx(), t.Type)
	if core.KindOf(err) == core.NotFound {
		return core.FieldErrorf("type", "Trigger type with reference \"%s\" doesn't exist in the database", t.Type)
	}
	if err != nil {
		return err
	}
	return c.s.Router.CheckTimer(t.Type, t.Parameters)
}

func (c *call) putTrigger() error {
	var body triggerRequest
	if err := c.object(c.s.bodies.trigger, &body); err != nil {
		return err
	}
	found, err := c.findTrigger()
	if err != nil {
		return err
	}
	var t *core.Trigger
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		if t, err = tx.Triggers().Get(c.ctx(), found.Ref()); err != nil {
			return err
		}
		t.Type, t.Parameters = body.Type, given(body.Parameters)
		if err := c.checkTrigger(tx, t); err != nil {
			return err
		}
		return tx.Triggers().Put(c.ctx(), t)
	})
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, t, writeWholeTrigger)
}

// deleteTrigger removes a trigger unless a rule waits for it.
// st2 differs: StackStorm removes it, and the rule waits for ever.
func (c *call) deleteTrigger() error {
	found, err := c.findTrigger()
	if err != nil {
		return err
	}
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error {
		t, err := tx.Triggers().Get(c.ctx(), found.Ref())
		if err != nil {
			return err
		}
		if t.RefCount > 0 {
			return core.Errorf(core.Invalid, "Trigger %s is used by %d rule(s); delete those first.", t.Ref(), t.RefCount)
		}
		return c.s.Router.Remove(c.ctx(), tx, t)
	})
	if err != nil {
		return err
	}
	return c.empty(fiber.StatusNoContent)
}
