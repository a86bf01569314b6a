package pack

import (
	"context"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// contents is what the catalogue holds of all packs.
type contents struct {
	packs         map[string]*core.Pack
	installations map[string]*core.Installation
	actions       []*core.Action
	rules         []*core.Rule
	policies      []*core.Policy
	sensors       []*core.Sensor
	types         []*core.TriggerType
}

func loadContents(ctx context.Context, s *store.Store) (*contents, error) {
	c := &contents{packs: map[string]*core.Pack{}, installations: map[string]*core.Installation{}}
	packs, err := s.Packs().All(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range packs {
		c.packs[p.Ref] = p
	}
	installations, err := s.Installations().All(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range installations {
		c.installations[i.Pack] = i
	}
	if c.actions, err = s.Actions().All(ctx); err != nil {
		return nil, err
	}
	if c.rules, err = s.Rules().All(ctx); err != nil {
		return nil, err
	}
	if c.policies, err = s.Policies().All(ctx); err != nil {
		return nil, err
	}
	if c.sensors, err = s.Sensors().All(ctx); err != nil {
		return nil, err
	}
	c.types, err = s.TriggerTypes().All(ctx)
	return c, err
}

// leaving is what a pack loses.
type leaving struct {
	actions  []*core.Action
	rules    []*core.Rule
	policies []*core.Policy
	sensors  []*core.Sensor
	types    []*core.TriggerType
}

// leaving lists what the pack has and its next version lacks. What somebody made through
// the API stays with the pack; with a next of nil it goes too.
func (c *contents) leaving(ref string, next *Content) leaving {
	everything := next == nil
	if everything {
		next = &Content{}
	}
	goes := func(pack, name, file string, has map[string]bool) bool {
		return pack == ref && !has[name] && (everything || file != "")
	}
	actions, rules, policies := names(next.Actions, (*core.Action).Ref), names(next.Rules, (*core.Rule).Ref), names(next.Policies, (*core.Policy).Ref)
	sensors, types := names(next.Sensors, (*core.Sensor).Ref), names(next.TriggerTypes, (*core.TriggerType).Ref)
	return leaving{
		actions:  keep(c.actions, func(a *core.Action) bool { return goes(a.Pack, a.Ref(), a.MetadataFile, actions) }),
		rules:    keep(c.rules, func(r *core.Rule) bool { return goes(r.Pack, r.Ref(), r.MetadataFile, rules) }),
		policies: keep(c.policies, func(p *core.Policy) bool { return goes(p.Pack, p.Ref(), p.MetadataFile, policies) }),
		sensors:  keep(c.sensors, func(s *core.Sensor) bool { return goes(s.Pack, s.Ref(), s.MetadataFile, sensors) }),
		types:    keep(c.types, func(t *core.TriggerType) bool { return goes(t.Pack, t.Ref(), t.MetadataFile, types) }),
	}
}

func names[T any](things []*T, ref func(*T) string) map[string]bool {
	has := make(map[string]bool, len(things))
	for _, thing := range things {
		has[ref(thing)] = true
	}
	return has
}

func keep[T any](things []*T, wanted func(*T) bool) []*T {
	var kept []*T
	for _, thing := range things {
		if wanted(thing) {
			kept = append(kept, thing)
		}
	}
	return kept
}

// dependents lists the rules that stay as they are and refer to what leaves.
func (c *contents) dependents(l leaving, next *Content) []*core.Rule {
	gone := names(l.types, (*core.TriggerType).Ref)
	actions := names(l.actions, (*core.Action).Ref)
	changes := names(l.rules, (*core.Rule).Ref)
	if next != nil {
		for _, r := range next.Rules {
			changes[r.Ref()] = true
		}
	}
	return keep(c.rules, func(r *core.Rule) bool {
		return !changes[r.Ref()] && (gone[r.Trigger.Type] || actions[r.Action.Ref])
	})
}
