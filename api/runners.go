package api

import (
	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

func (c *call) listRunners() error {
	return listCollection(c, collection[core.RunnerType]{
		attributes: runnerAttributes, all: c.s.Store.Runners(), write: writeRunner,
		id:   func(v *core.RunnerType) string { return v.ID },
		fits: func(v *core.RunnerType) bool { return matches(c.text("name"), v.Name) },
	})
}

func (c *call) findRunner() (*core.RunnerType, error) {
	r, err := c.s.Store.Runners().Find(c.ctx(), c.Params("name"))
	if core.KindOf(err) == core.NotFound {
		return nil, core.Errorf(core.NotFound, "Resource with a name or id \"%s\" not found", c.Params("name"))
	}
	return r, err
}

func (c *call) getRunner() error {
	r, err := c.findRunner()
	if err != nil {
		return err
	}
	return c.sendRunner(r)
}

func (c *call) sendRunner(r *core.RunnerType) error {
	return sendOne(c, fiber.StatusOK, r, func(b []byte, r *core.RunnerType) ([]byte, error) { return writeRunner(b, r, nil) })
}

// putRunner enables or disables a runner; the rest of the body is ignored.
func (c *call) putRunner() error {
	var body struct {
		Enabled bool `json:"enabled"`
	}
	if err := c.object(c.s.bodies.runner, &body); err != nil {
		return err
	}
	found, err := c.findRunner()
	if err != nil {
		return err
	}
	var r *core.RunnerType
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		if r, err = tx.Runners().Get(c.ctx(), found.Name); err != nil {
			return err
		}
		r.Enabled = body.Enabled
		return tx.Runners().Put(c.ctx(), r)
	})
	if err != nil {
		return err
	}
	return c.sendRunner(r)
}
