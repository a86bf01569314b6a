package api

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

func (c *call) listRunners() error {
	pick, err := c.pick(runnerAttributes)
	if err != nil {
		return err
	}
	p, err := c.paging(100)
	if err != nil {
		return err
	}
	ids, err := c.ids()
	if err != nil {
		return err
	}
	all, err := c.s.Store.Runners().All(c.ctx())
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(r *core.RunnerType) bool {
		return !matches(c.text("name"), r.Name) || (len(ids) > 0 && !slices.Contains(ids, r.ID))
	})
	if strings.HasPrefix(c.text("sort"), "-") {
		slices.Reverse(all)
	}
	return sendList(c, cut(all, p), len(all), p, func(b []byte, r *core.RunnerType) ([]byte, error) { return writeRunner(b, r, pick) })
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
