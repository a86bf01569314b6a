package api

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

func (c *call) listEnforcements() error     { return c.sendEnforcements(false) }
func (c *call) listEnforcementViews() error { return c.sendEnforcements(true) }
func (c *call) getEnforcement() error       { return c.sendEnforcement(false) }
func (c *call) getEnforcementView() error   { return c.sendEnforcement(true) }

func (c *call) sendEnforcements(views bool) error {
	pick, err := c.pick(enforcementAttributes)
	if err != nil {
		return err
	}
	p, err := c.paging(50)
	if err != nil {
		return err
	}
	f, err := c.enforcementFilter()
	if err != nil {
		return err
	}
	es, total, err := page(c.ctx(), c.s.Store.Enforcements(), f, p, func(e *core.Enforcement) core.Time { return e.At })
	if err != nil {
		return err
	}
	return sendList(c, es, total, p, c.enforcementWriter(views, pick))
}

func (c *call) enforcementFilter() (found[core.Enforcement], error) {
	var f found[core.Enforcement]
	var err error
	if f.ids, err = c.ids(); err != nil {
		return f, err
	}
	if f.from, f.to, err = c.between("enforced_at"); err != nil {
		return f, err
	}
	f.is(store.ByRule, c.text("rule_ref"), func(e *core.Enforcement) string { return e.Rule.Ref })
	f.is(store.ByInstance, c.text("trigger_instance"), func(e *core.Enforcement) string { return e.TriggerInstance })
	if err := c.enforcedBy(&f, c.text("execution")); err != nil {
		return f, err
	}
	f.has(c.text("rule_id"), func(e *core.Enforcement) string { return e.Rule.ID })
	return f, nil
}

// enforcedBy asks for the enforcement that led to an execution. It has no index: the
// execution's origin names the event.
func (c *call) enforcedBy(f *found[core.Enforcement], execution string) error {
	if execution == "" || isNull(execution) {
		return nil
	}
	x, err := c.s.Store.Executions().Get(c.ctx(), execution)
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	event := "none"
	if x != nil && x.Origin != nil {
		event = x.Origin.TriggerInstance
	}
	f.is(store.ByInstance, event, func(e *core.Enforcement) string { return e.TriggerInstance })
	f.has(execution, func(e *core.Enforcement) string { return e.Execution })
	return nil
}

func (c *call) sendEnforcement(view bool) error {
	e, err := c.s.Store.Enforcements().Get(c.ctx(), c.Params("id"))
	if core.KindOf(err) == core.NotFound {
		return noResource(c.Params("id"))
	}
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, e, c.enforcementWriter(view, nil))
}

// enforcementWriter writes enforcements; views also show the event and the execution.
// st2: rest-api reference, GET /ruleenforcements/views.
func (c *call) enforcementWriter(views bool, pick *picked) func(b []byte, e *core.Enforcement) ([]byte, error) {
	return func(b []byte, e *core.Enforcement) ([]byte, error) {
		o := writeEnforcement(b, e, pick)
		if views {
			if err := c.s.joinEvent(c.ctx(), o, e); err != nil {
				return nil, err
			}
			if err := c.s.joinExecution(c.ctx(), o, e); err != nil {
				return nil, err
			}
		}
		return o.end()
	}
}

func (s *Server) joinEvent(ctx context.Context, o *object, e *core.Enforcement) error {
	if !o.member("trigger_instance") {
		return nil
	}
	i, err := s.Store.Instances().Get(ctx, e.TriggerInstance)
	if core.KindOf(err) == core.NotFound {
		o.b = append(o.b, "{}"...)
		return nil
	}
	if err != nil {
		return err
	}
	o.b, err = writeInstance(o.b, i, nil)
	return err
}

// joinExecution writes {id, action{ref, parameters}, runner, parameters, status}.
func (s *Server) joinExecution(ctx context.Context, o *object, e *core.Enforcement) error {
	if !o.member("execution") {
		return nil
	}
	x, err := s.Store.Executions().Get(ctx, e.Execution)
	if e.Execution == "" || core.KindOf(err) == core.NotFound {
		o.b = append(o.b, "{}"...)
		return nil
	}
	if err != nil {
		return err
	}
	view, err := s.view(ctx, []*core.Execution{x}, shown{pick: &picked{names: []string{"id", "action", "runner", "parameters", "status"}}})
	if err != nil {
		return err
	}
	o.b, err = view.write(ctx, o.b, x)
	return err
}
