package router

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Acquire returns the trigger of a type with these parameters for one more rule, making
// it when it is new. Rules with equal parameters share one. Errors are Invalid and name
// the field. st2: metadata reference, rule metadata, trigger object.
func (r *Router) Acquire(ctx context.Context, tx *store.Tx, typeRef string, parameters json.RawMessage) (*core.Trigger, error) {
	ix, err := r.index.In(ctx, tx)
	if err != nil {
		return nil, err
	}
	tt, err := ix.typeIn(ctx, tx, typeRef)
	if err != nil {
		return nil, err
	}
	params, err := canonical(parameters)
	if err != nil {
		return nil, core.FieldErrorf("trigger.parameters", "trigger.parameters need to be an object: %w", err)
	}
	if err := r.CheckTimer(typeRef, params); err != nil {
		return nil, err
	}
	if !tt.Parametrised() && string(params) == "{}" {
		return r.acquire(ctx, tx, simpleTrigger(tt.TriggerType))
	}
	if err := checkJSON(tt.parameters, params); err != nil {
		return nil, &core.Error{Kind: core.Invalid, Field: "trigger.parameters", Msg: err.Error(), Err: err}
	}
	return r.acquire(ctx, tx, &core.Trigger{
		Pack: tt.Pack, Name: derivedUUID(typeRef, params), Type: typeRef, Parameters: params,
	})
}

// typeIn finds a trigger type as it stands in tx, which may have declared, changed or
// removed it.
func (ix *index) typeIn(ctx context.Context, tx *store.Tx, ref string) (*triggerType, error) {
	t, err := tx.TriggerTypes().Get(ctx, ref)
	if core.KindOf(err) == core.NotFound {
		return nil, unknownType(ref, ix)
	}
	if err != nil {
		return nil, err
	}
	return compileType(t)
}

// unknownType is StackStorm's text for a trigger type that does not exist, with the
// nearest one that does.
func unknownType(ref string, ix *index) error {
	msg := fmt.Sprintf("Trigger \"%s\" defined in the rule does not exist in system or it's missing required \"parameters\" attribute", ref)
	names := make([]string, 0, len(ix.types))
	for name := range ix.types {
		names = append(names, name)
	}
	if near := core.Nearest(ref, names); near != "" {
		msg += fmt.Sprintf(" (did you mean \"%s\"?)", near)
	}
	return &core.Error{Kind: core.Invalid, Field: "trigger.type", Msg: msg}
}

func simpleTrigger(t *core.TriggerType) *core.Trigger {
	return &core.Trigger{Pack: t.Pack, Name: t.Name, Type: t.Ref(), Parameters: json.RawMessage("{}")}
}

func (r *Router) acquire(ctx context.Context, tx *store.Tx, want *core.Trigger) (*core.Trigger, error) {
	t, err := tx.Triggers().Get(ctx, want.Ref())
	if core.KindOf(err) == core.NotFound {
		t, err = want, nil
		t.ID, t.Created = core.NewID(tx.Store().Now()), tx.Time()
		err = r.startTimer(ctx, tx, t)
	}
	if err != nil {
		return nil, err
	}
	t.RefCount++
	return t, tx.Triggers().Put(ctx, t)
}

// Release gives a trigger back; one with parameters that no rule names any more is
// removed, and with it its webhook or timer.
func (r *Router) Release(ctx context.Context, tx *store.Tx, ref string) error {
	t, err := tx.Triggers().Get(ctx, ref)
	if core.KindOf(err) == core.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	t.RefCount = max(0, t.RefCount-1)
	if t.RefCount == 0 && t.Ref() != t.Type {
		return r.Remove(ctx, tx, t)
	}
	return tx.Triggers().Put(ctx, t)
}

// Declare stores a trigger type and, when it takes no parameters, its one trigger.
func (r *Router) Declare(ctx context.Context, tx *store.Tx, t *core.TriggerType) error {
	if old, err := tx.TriggerTypes().Get(ctx, t.Ref()); err == nil {
		t.ID = old.ID
	} else if core.KindOf(err) != core.NotFound {
		return err
	}
	if t.ID == "" {
		t.ID = core.NewID(tx.Store().Now())
	}
	if err := tx.TriggerTypes().Put(ctx, t); err != nil || t.Parametrised() {
		return err
	}
	_, err := tx.Triggers().Get(ctx, t.Ref())
	if core.KindOf(err) != core.NotFound {
		return err
	}
	simple := simpleTrigger(t)
	simple.ID = core.NewID(tx.Store().Now())
	return tx.Triggers().Put(ctx, simple)
}

// canonical writes an object with sorted keys, so that equal parameters are equal text.
func canonical(raw json.RawMessage) (json.RawMessage, error) {
	m := map[string]any{}
	if len(bytes.TrimSpace(raw)) > 0 && !bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if err := dec.Decode(&m); err != nil {
			return nil, err
		}
	}
	return json.Marshal(m)
}

// derivedUUID names a trigger after its type and parameters, in the form of a UUID.
func derivedUUID(typeRef string, params []byte) string {
	sum := sha256.Sum256(append([]byte(typeRef+"\x00"), params...))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
