package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/core/store"
)

// Registrar stores what packs bring and what the API changes of it.
type Registrar struct {
	Store *store.Store
	Log   *slog.Logger
	// Declare stores a trigger type and its trigger.
	Declare func(ctx context.Context, tx *store.Tx, t *core.TriggerType) error
	// SaveRule checks and stores a rule.
	SaveRule func(ctx context.Context, tx *store.Tx, r *core.Rule, create bool) error
	// SavePolicy checks and stores a policy, unless it is stored like that already.
	SavePolicy func(ctx context.Context, tx *store.Tx, p *core.Policy, create bool) error
}

// Runners stores the runner types of this server. One that an administrator disabled
// stays so. st2: runners reference, disabled runner.
func (r *Registrar) Runners(ctx context.Context, tx *store.Tx, types []core.RunnerType) error {
	for i := range types {
		t := &types[i]
		old, err := tx.Runners().Get(ctx, t.Name)
		if err != nil && core.KindOf(err) != core.NotFound {
			return err
		}
		t.Enabled = true
		if old != nil {
			t.ID, t.Enabled = old.ID, old.Enabled
		} else {
			t.ID = core.NewID(r.Store.Now())
		}
		if same(old, t) {
			continue
		}
		if err := tx.Runners().Put(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// Register stores a pack's content, replacing what it held before under the same names;
// what has not changed is not written. Everything lands in tx together. Errors are
// Invalid and carry the file and line of what does not fit.
func (r *Registrar) Register(ctx context.Context, tx *store.Tx, c *Content, path string) error {
	p := c.Pack
	p.Path = path
	if err := r.putPack(ctx, tx, &p); err != nil {
		return err
	}
	if err := putConfigSchema(ctx, tx, p.Ref, c.ConfigSchema); err != nil {
		return err
	}
	for _, t := range c.TriggerTypes {
		if err := r.putTriggerType(ctx, tx, t); err != nil {
			return c.placed(t.MetadataFile, err)
		}
	}
	for _, s := range c.Sensors {
		if err := r.putSensor(ctx, tx, s); err != nil {
			return c.placed(s.MetadataFile, err)
		}
	}
	for _, a := range c.Actions {
		if err := r.putAction(ctx, tx, a); err != nil {
			return c.placed(a.MetadataFile, err)
		}
	}
	for _, rule := range c.Rules {
		if err := r.putRule(ctx, tx, rule); err != nil {
			return c.placed(rule.MetadataFile, err)
		}
	}
	for _, p := range c.Policies {
		if err := r.putPolicy(ctx, tx, p); err != nil {
			return c.placed(p.MetadataFile, err)
		}
	}
	return nil
}

// placed puts the file and line before an error about a thing of the pack.
func (c *Content) placed(file string, err error) error {
	if core.KindOf(err) != core.Invalid {
		return err
	}
	field := ""
	if e, ok := err.(*core.Error); ok {
		field = e.Field
	}
	return core.FieldErrorf(field, "%s: %w", c.Place(file, field), err)
}

func (r *Registrar) putPack(ctx context.Context, tx *store.Tx, p *core.Pack) error {
	old, err := tx.Packs().Get(ctx, p.Ref)
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	p.ID = core.NewID(r.Store.Now())
	if old != nil {
		p.ID = old.ID
	}
	if same(old, p) {
		return nil
	}
	return tx.Packs().Put(ctx, p)
}

func (r *Registrar) putTriggerType(ctx context.Context, tx *store.Tx, t *core.TriggerType) error {
	old, err := tx.TriggerTypes().Get(ctx, t.Ref())
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	if old != nil {
		t.ID = old.ID
	}
	if same(old, t) {
		return nil
	}
	return r.Declare(ctx, tx, t)
}

// switched says whether a thing of a pack is enabled: what somebody switched on or off stays
// so until its metadata, which meant another state before, says something new.
// st2 differs: there, registering is asked for; here, every start of a server does it.
func switched(means, meant, enabled bool) bool {
	if means == meant {
		return enabled
	}
	return means
}

// putSensor stores a sensor and queues it to be run.
func (r *Registrar) putSensor(ctx context.Context, tx *store.Tx, s *core.Sensor) error {
	old, err := tx.Sensors().Get(ctx, s.Ref())
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	s.ID = core.NewID(r.Store.Now())
	if old != nil {
		s.ID, s.Enabled = old.ID, switched(s.Enabled, old.Meant, old.Enabled)
	}
	if same(old, s) {
		return nil
	}
	return SaveSensor(ctx, tx, s)
}

// SaveSensor stores a sensor as it is now, and with an enabled one what makes a server
// run it. A disabled one ends because the catalogue changes.
func SaveSensor(ctx context.Context, tx *store.Tx, s *core.Sensor) error {
	if s.Enabled {
		tx.Push(store.Sources, s.Ref(), "", 0)
	}
	return tx.Sensors().Put(ctx, s)
}

func (r *Registrar) putAction(ctx context.Context, tx *store.Tx, a *core.Action) error {
	old, err := tx.Actions().Get(ctx, a.Ref())
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	if err := r.checkShippedAction(ctx, tx, a); err != nil {
		return err
	}
	a.ID, a.Meant = core.NewID(r.Store.Now()), a.Enabled
	if old != nil {
		a.ID, a.Enabled = old.ID, switched(a.Enabled, old.Meant, old.Enabled)
	}
	if same(old, a) {
		return nil
	}
	return tx.Actions().Put(ctx, a)
}

// checkShippedAction holds a pack's action against its runner. One whose runner this
// server does not have is told of and stored all the same: a pack is not refused for it,
// and who asks for the action reads what is missing.
// st2 differs: there, the action is left out.
func (r *Registrar) checkShippedAction(ctx context.Context, tx *store.Tx, a *core.Action) error {
	err := r.checkAction(ctx, tx, a)
	if e, ok := err.(*core.Error); ok && e.Field == "runner_type" {
		r.Log.Warn("an action cannot be run here, for want of its runner", "action", a.Ref(), "runner", a.Runner, "reason", err)
		return nil
	}
	return err
}

func (r *Registrar) putRule(ctx context.Context, tx *store.Tx, rule *core.Rule) error {
	old, err := tx.Rules().Get(ctx, rule.Ref())
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	rule.Meant = rule.Enabled
	if old != nil {
		rule.ID, rule.Trigger.Ref = old.ID, old.Trigger.Ref
		rule.Enabled = switched(rule.Enabled, old.Meant, old.Enabled)
		if same(old, rule) {
			return nil
		}
	}
	return r.SaveRule(ctx, tx, rule, old == nil)
}

func (r *Registrar) putPolicy(ctx context.Context, tx *store.Tx, p *core.Policy) error {
	old, err := tx.Policies().Get(ctx, p.Ref())
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	p.Meant = p.Enabled
	if old != nil {
		p.ID, p.Enabled = old.ID, switched(p.Enabled, old.Meant, old.Enabled)
	}
	return r.SavePolicy(ctx, tx, p, old == nil)
}

// same reports whether two documents are stored alike. old may be nil.
func same[T any](old, now *T) bool {
	if old == nil {
		return false
	}
	a, err1 := json.Marshal(old)
	b, err2 := json.Marshal(now)
	return err1 == nil && err2 == nil && bytes.Equal(a, b)
}

// checkAction holds an action against its runner. st2: metadata reference 3.1.
func (r *Registrar) checkAction(ctx context.Context, tx *store.Tx, a *core.Action) error {
	runner, err := tx.Runners().Get(ctx, a.Runner)
	if core.KindOf(err) == core.NotFound {
		return r.unknownRunner(ctx, a.Runner)
	}
	if err != nil {
		return err
	}
	if errs := schema.ValidateAction(runner.Parameters, a.Parameters); len(errs) > 0 {
		return errs[0]
	}
	return nil
}

func (r *Registrar) unknownRunner(ctx context.Context, name string) error {
	runners, err := r.Store.Runners().All(ctx)
	if err != nil {
		return err
	}
	names := make([]string, len(runners))
	for i, t := range runners {
		names[i] = t.Name
	}
	hint := ""
	if near := core.Nearest(name, names); near != "" {
		hint = fmt.Sprintf(" Did you mean %q?", near)
	}
	return core.FieldErrorf("runner_type", "RunnerType %s is not found. If you are using old and deprecated runner name, please update your action metadata.%s", name, hint)
}

// SaveAction checks an action and stores it. With create it must be new: a taken
// reference is a Conflict that carries the other's id. Otherwise it replaces the action of
// the same id. Other errors are Invalid and name the field.
func (r *Registrar) SaveAction(ctx context.Context, tx *store.Tx, a *core.Action, create bool) error {
	if err := ours("actions", a.Pack); err != nil {
		return err
	}
	if err := r.checkAction(ctx, tx, a); err != nil {
		return err
	}
	same, err := tx.Actions().Get(ctx, a.Ref())
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	if same != nil && (create || same.ID != a.ID) {
		return taken("action", a.Ref(), same.ID)
	}
	if create {
		a.ID = core.NewID(r.Store.Now())
	} else if same == nil {
		old, err := r.Store.Actions().Find(ctx, a.ID)
		if err != nil {
			return err
		}
		if err := tx.Actions().Delete(ctx, old.Ref()); err != nil {
			return err
		}
	}
	return tx.Actions().Put(ctx, a)
}

// DeleteAction removes an action. Its past executions keep their definition.
func (r *Registrar) DeleteAction(ctx context.Context, tx *store.Tx, a *core.Action) error {
	if err := ours("actions", a.Pack); err != nil {
		return err
	}
	return tx.Actions().Delete(ctx, a.Ref())
}

// SaveTriggerType stores a trigger type, with errors as [Registrar.SaveAction].
func (r *Registrar) SaveTriggerType(ctx context.Context, tx *store.Tx, t *core.TriggerType, create bool) error {
	if err := ours("triggertypes", t.Pack); err != nil {
		return err
	}
	old, err := tx.TriggerTypes().Get(ctx, t.Ref())
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	if old != nil && create {
		return taken("trigger type", t.Ref(), old.ID)
	}
	return r.Declare(ctx, tx, t)
}

// DeleteTriggerType removes a trigger type and its trigger, unless a rule waits for it.
func (r *Registrar) DeleteTriggerType(ctx context.Context, tx *store.Tx, t *core.TriggerType) error {
	if err := ours("triggertypes", t.Pack); err != nil {
		return err
	}
	rules, err := r.Store.Rules().All(ctx)
	if err != nil {
		return err
	}
	for _, rule := range rules {
		if rule.Trigger.Type == t.Ref() {
			return &core.Error{Kind: core.Conflict, ID: rule.ID,
				Msg: fmt.Sprintf("trigger type \"%s\" is in use: rule \"%s\" waits for it; delete that rule first", t.Ref(), rule.Ref())}
		}
	}
	if err := tx.Triggers().Delete(ctx, t.Ref()); err != nil {
		return err
	}
	return tx.TriggerTypes().Delete(ctx, t.Ref())
}

// ours refuses to change what belongs to the system. st2: rest-api reference, system pack guard.
func ours(what, pack string) error {
	if pack == "core" {
		return core.Errorf(core.Invalid, "Resources belonging to system level packs can't be manipulated (%s of pack \"core\")", what)
	}
	return nil
}

func taken(what, ref, id string) error {
	return &core.Error{Kind: core.Conflict, Field: "name", ID: id,
		Msg: fmt.Sprintf("%s \"%s\" exists already with id %s; give this one another name, or update that one", what, ref, id)}
}
