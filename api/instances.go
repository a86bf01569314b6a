package api

import (
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// listInstances returns events. st2 differs: the filter status, which StackStorm's
// client sends and its server ignores, is honoured.
func (c *call) listInstances() error {
	pick, err := c.pick(instanceAttributes)
	if err != nil {
		return err
	}
	p, err := c.paging(100)
	if err != nil {
		return err
	}
	f, err := c.instanceFilter()
	if err != nil {
		return err
	}
	is, total, err := page(c.ctx(), c.s.Store.Instances(), f, p, func(i *core.TriggerInstance) core.Time { return i.Occurred })
	if err != nil {
		return err
	}
	return sendList(c, is, total, p, func(b []byte, i *core.TriggerInstance) ([]byte, error) { return writeInstance(b, i, pick) })
}

func (c *call) instanceFilter() (found[core.TriggerInstance], error) {
	var f found[core.TriggerInstance]
	var err error
	if f.ids, err = c.ids(); err != nil {
		return f, err
	}
	if f.from, f.to, err = c.between("timestamp"); err != nil {
		return f, err
	}
	f.oldest = c.text("timestamp_gt") != "" || c.text("sort") == "timestamp"
	f.is(store.ByTrigger, c.text("trigger"), func(i *core.TriggerInstance) string { return i.Trigger })
	status := func(i *core.TriggerInstance) string { return string(i.Status) }
	if s := c.text("status"); s == string(core.InstanceProcessed) {
		f.has(s, status) // the index holds only those that are not processed
	} else {
		f.is(store.ByStatus, s, status)
	}
	if t := c.text("trigger_type"); t != "" {
		names, err := c.s.catalogue(c.ctx())
		if err != nil {
			return f, err
		}
		f.has(t, func(i *core.TriggerInstance) string { return names.typeOf(i.Trigger) })
	}
	return f, nil
}

// typeOf returns the type of a trigger, by reference.
func (c *catalogue) typeOf(trigger string) string {
	if t, ok := c.triggers[trigger]; ok {
		return t.Type
	}
	return ""
}

func (c *call) getInstance() error {
	i, err := c.s.Store.Instances().Get(c.ctx(), c.Params("id"))
	if core.KindOf(err) == core.NotFound {
		return noResource(c.Params("id"))
	}
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, i, func(b []byte, i *core.TriggerInstance) ([]byte, error) { return writeInstance(b, i, nil) })
}

// postReEmit raises an event again.
func (c *call) postReEmit() error {
	id := c.Params("id")
	var again *core.TriggerInstance
	err := c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		again, err = c.s.Router.ReEmit(c.ctx(), tx, id)
		return err
	})
	if err != nil {
		return err
	}
	return answer(c.Ctx, fiber.StatusOK, map[string]any{
		"message": fmt.Sprintf("Trigger instance %s succesfully re-sent.", id), // st2: its spelling
		"payload": json.RawMessage(again.Payload),
	})
}
