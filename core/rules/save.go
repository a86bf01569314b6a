package rules

import (
	"context"
	"fmt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Save checks a rule and stores it with the trigger it waits for. With create it must be
// new: a taken reference is a Conflict that carries the other's id. Otherwise it replaces
// the rule of the same id, whose reference may change. Other errors are Invalid and name
// the field.
func (e *Engine) Save(ctx context.Context, tx *store.Tx, r *core.Rule, create bool) error {
	if err := e.check(r); err != nil {
		return err
	}
	old, err := e.previous(ctx, tx, r, create)
	if err != nil {
		return err
	}
	t, err := e.Acquire(ctx, tx, r.Trigger.Type, r.Trigger.Parameters)
	if err != nil {
		return err
	}
	r.Trigger.Ref = t.Ref()
	if old == nil {
		r.ID = core.NewID(e.Store.Now())
		return tx.Rules().Put(ctx, r)
	}
	if err := e.Release(ctx, tx, old.Trigger.Ref); err != nil {
		return err
	}
	if old.Ref() != r.Ref() {
		if err := tx.Rules().Delete(ctx, old.Ref()); err != nil {
			return err
		}
	}
	r.ID = old.ID
	return tx.Rules().Put(ctx, r)
}

// check looks at what a rule says by itself.
func (e *Engine) check(r *core.Rule) error {
	switch r.Type.Ref {
	case "":
		r.Type.Ref = core.StandardRule
	case core.StandardRule, core.BackstopRule:
	default:
		return core.FieldErrorf("type.ref", "rule type \"%s\" does not exist; it is \"%s\" or \"%s\"", r.Type.Ref, core.StandardRule, core.BackstopRule)
	}
	if _, _, ok := core.SplitRef(r.Action.Ref); !ok {
		return core.FieldErrorf("action.ref", "action.ref \"%s\" needs the form pack.name", r.Action.Ref)
	}
	_, err := CompileCriteria(r.Criteria, e.Renderer)
	return err
}

// previous finds the rule that r replaces.
func (e *Engine) previous(ctx context.Context, tx *store.Tx, r *core.Rule, create bool) (*core.Rule, error) {
	same, err := tx.Rules().Get(ctx, r.Ref())
	if err != nil && core.KindOf(err) != core.NotFound {
		return nil, err
	}
	if same != nil && (create || same.ID != r.ID) {
		return nil, &core.Error{
			Kind: core.Conflict, Field: "name", ID: same.ID,
			Msg: fmt.Sprintf("rule \"%s\" exists already with id %s; give this one another name, or update that one", r.Ref(), same.ID),
		}
	}
	if create || same != nil {
		return same, nil
	}
	old, err := e.Store.Rules().Find(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return tx.Rules().Get(ctx, old.Ref())
}

// Delete removes a rule, and its trigger when no other rule needs it. It goes by the rule as
// it stands in tx: since the caller read it, it may have been given another trigger, or been
// removed and its trigger released, which must not happen twice. The error is NotFound.
func (e *Engine) Delete(ctx context.Context, tx *store.Tx, r *core.Rule) error {
	now, err := tx.Rules().Get(ctx, r.Ref())
	if err != nil {
		return err
	}
	if err := e.Release(ctx, tx, now.Trigger.Ref); err != nil {
		return err
	}
	return tx.Rules().Delete(ctx, now.Ref())
}
