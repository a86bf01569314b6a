package execution

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/core/store"
)

// SavePolicy checks a policy and stores it, with its type's defaults filled in. With create
// it must be new: a taken reference is a Conflict that carries the other's id. Otherwise it
// replaces the policy of the same id. Other errors are Invalid and name the field.
// Executions that wait for the policy are judged anew. What is stored like that already is
// left alone.
// st2 differs: policies of two packs may have one name.
func (e *Engine) SavePolicy(ctx context.Context, tx *store.Tx, p *core.Policy, create bool) error {
	if err := checkPolicy(p); err != nil {
		return err
	}
	same, err := tx.Policies().Get(ctx, p.Ref())
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	switch {
	case same != nil && (create || same.ID != p.ID):
		return &core.Error{Kind: core.Conflict, Field: "name", ID: same.ID,
			Msg: fmt.Sprintf("policy \"%s\" exists already with id %s; give this one another name, or update that one", p.Ref(), same.ID)}
	case create:
		p.ID = core.NewID(e.Store.Now())
	case same == nil:
		old, err := e.Store.Policies().Find(ctx, p.ID)
		if err != nil {
			return err
		}
		if err := e.DeletePolicy(ctx, tx, old); err != nil {
			return err
		}
	}
	if same != nil && bytes.Equal(jsonOf(same), jsonOf(p)) {
		return nil
	}
	if err := tx.Policies().Put(ctx, p); err != nil {
		return err
	}
	return e.judgeAnew(ctx, tx, p.Ref())
}

// DeletePolicy removes a policy. Nobody waits for it any longer.
func (e *Engine) DeletePolicy(ctx context.Context, tx *store.Tx, p *core.Policy) error {
	if err := tx.Policies().Delete(ctx, p.Ref()); err != nil {
		return err
	}
	return e.judgeAnew(ctx, tx, p.Ref())
}

// checkPolicy checks what a policy says by itself. Its action need not exist yet.
func checkPolicy(p *core.Policy) error {
	if _, _, ok := core.SplitRef(p.Action); !ok {
		return core.FieldErrorf("resource_ref", "resource_ref \"%s\" needs the form pack.name, and names an action", p.Action)
	}
	var names []string
	for _, t := range PolicyTypes() {
		if t.Name == p.Type {
			return checkParameters(p, t.Parameters)
		}
		names = append(names, t.Name)
	}
	return core.FieldErrorf("policy_type", "Referenced policy_type \"%s\" doesnt exist; there are %s", p.Type, strings.Join(names, ", "))
}

func checkParameters(p *core.Policy, params core.Parameters) error {
	given, err := object(p.Parameters)
	if err != nil {
		return core.FieldErrorf("parameters", "parameters need to be an object: %v", err)
	}
	set, err := schema.Compile(params)
	if err != nil {
		return err
	}
	filled := schema.Defaults(nil, params, given)
	var wrong *core.Error
	if err := set.Check(filled); errors.As(err, &wrong) && wrong.Field != "" {
		return core.FieldErrorf("parameters."+wrong.Field, "parameters.%s: %w", wrong.Field, err)
	} else if err != nil {
		return err
	}
	p.Parameters, err = json.Marshal(filled)
	return err
}

// judgeAnew lets all who wait for a policy come up again. That nobody joins them in
// between is made sure of by the gates' versions.
func (e *Engine) judgeAnew(ctx context.Context, tx *store.Tx, policy string) error {
	gates, err := e.Store.Gates().All(ctx)
	if err != nil {
		return err
	}
	for _, g := range gates {
		if g.Policy != policy {
			continue
		}
		if _, err := tx.Gates().Get(ctx, g.Key); err != nil && core.KindOf(err) != core.NotFound {
			return err
		}
		waiting, err := e.Store.Waiters().IDs(ctx, store.Query{Where: []store.Is{{Index: store.ByGate, Value: g.Key}}, Oldest: true})
		if err != nil {
			return err
		}
		for _, id := range waiting {
			tx.Push(store.Executions, id, "", 0)
		}
		if err := tx.Gates().Confirm(g.Key); err != nil {
			return err
		}
	}
	return nil
}
