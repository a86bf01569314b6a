package api

import (
	"encoding/json"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
)

// filterRules returns the rules that fit the filters, by pack and name.
func (c *call) filterRules() ([]*core.Rule, error) {
	ids, err := c.ids()
	if err != nil {
		return nil, err
	}
	enabled, given, err := c.flag("enabled")
	if err != nil {
		return nil, err
	}
	all, err := c.s.Store.Rules().All(c.ctx())
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r *core.Rule) bool {
		return !matches(c.text("pack"), r.Pack) || !matches(c.text("name"), r.Name) ||
			!matches(c.text("action"), r.Action.Ref) || !matches(c.text("trigger"), r.Trigger.Ref) ||
			(given && enabled != r.Enabled) || (len(ids) > 0 && !slices.Contains(ids, r.ID))
	})
	slices.SortFunc(all, func(a, b *core.Rule) int { return byPackAndName(a.Pack, a.Name, b.Pack, b.Name) })
	return all, nil
}

func (c *call) listRules() error     { return c.sendRules(false) }
func (c *call) listRuleViews() error { return c.sendRules(true) }

func (c *call) sendRules(views bool) error {
	pick, err := c.pick(ruleAttributes)
	if err != nil {
		return err
	}
	p, err := c.paging(0)
	if err != nil {
		return err
	}
	all, err := c.filterRules()
	if err != nil {
		return err
	}
	write, err := c.ruleWriter(views, pick)
	if err != nil {
		return err
	}
	return sendList(c, cut(all, p), len(all), p, write)
}

// ruleWriter writes rules with their secrets masked, unless those may be shown.
func (c *call) ruleWriter(views bool, pick *picked) (func(b []byte, r *core.Rule) ([]byte, error), error) {
	secrets, err := c.showSecrets()
	if err != nil {
		return nil, err
	}
	names, err := c.s.catalogue(c.ctx())
	if err != nil {
		return nil, err
	}
	return func(b []byte, r *core.Rule) ([]byte, error) {
		how := ruleShown{pick: pick}
		if views {
			how.views = names
		}
		if a, ok := names.actions[r.Action.Ref]; ok && !secrets {
			how.secret = names.parameters(a)
		}
		return writeRule(b, r, how)
	}, nil
}

func (c *call) findRule() (*core.Rule, error) {
	r, err := c.s.Store.Rules().Find(c.ctx(), c.Params("ref"))
	return r, noRef(err, c.Params("ref"))
}

func (c *call) getRule() error     { return c.sendFoundRule(false) }
func (c *call) getRuleView() error { return c.sendFoundRule(true) }

func (c *call) sendFoundRule(view bool) error {
	r, err := c.findRule()
	if err != nil {
		return err
	}
	return c.sendRule(fiber.StatusOK, r, view)
}

func (c *call) sendRule(status int, r *core.Rule, view bool) error {
	write, err := c.ruleWriter(view, nil)
	if err != nil {
		return err
	}
	return sendOne(c, status, r, write)
}

// readRule reads the body; a rule that names no pack goes to the one given. What a view
// adds to a rule is not kept.
func (c *call) readRule(otherwise string) (*core.Rule, error) {
	r, err := content(c, pack.ParseRule, func(r *core.Rule) *string { return &r.Pack }, otherwise)
	if err != nil {
		return nil, err
	}
	r.Trigger.Parameters, r.Action.Parameters = given(r.Trigger.Parameters), given(r.Action.Parameters)
	r.Trigger.Ref = ""
	return r, nil
}

func (c *call) postRule() error {
	r, err := c.readRule(pack.DefaultPack)
	if err != nil {
		return err
	}
	r.Context = core.RuleContext{User: c.who.User}
	if err := c.saveRule(r, true); err != nil {
		return err
	}
	return c.sendRule(fiber.StatusCreated, r, false)
}

func (c *call) saveRule(r *core.Rule, create bool) error {
	return c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error {
		return c.s.SaveRule(c.ctx(), tx, r, create)
	})
}

// putRule replaces a rule. Clients send back what they read, so masked values in it
// stand for the ones that are stored.
func (c *call) putRule() error {
	old, err := c.findRule()
	if err != nil {
		return err
	}
	r, err := c.readRule(old.Pack)
	if err != nil {
		return err
	}
	r.ID, r.Context, r.MetadataFile, r.Meant = old.ID, old.Context, old.MetadataFile, old.Meant
	if r.Action.Parameters, err = unmask(r.Action.Parameters, old.Action.Parameters); err != nil {
		return err
	}
	if err := c.saveRule(r, false); err != nil {
		return err
	}
	return c.sendRule(fiber.StatusOK, r, false)
}

// unmask puts stored values where a client sent back the mask.
// st2 differs: StackStorm stores the mask, and the rule's secret is lost.
func unmask(sent, stored json.RawMessage) (json.RawMessage, error) {
	now, err := decodeObject(sent)
	if err != nil || now == nil {
		return sent, err
	}
	before, err := decodeObject(stored)
	if err != nil || before == nil {
		return sent, err
	}
	if !unmaskObject(now, before) {
		return sent, nil
	}
	return json.Marshal(now)
}

func (c *call) deleteRule() error {
	r, err := c.findRule()
	if err != nil {
		return err
	}
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error { return c.s.DeleteRule(c.ctx(), tx, r) })
	if err != nil {
		return err
	}
	return c.empty(fiber.StatusNoContent)
}
