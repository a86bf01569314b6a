// Package router takes events in and makes trigger instances of them.
//
// An event names a trigger; its instance and the queue entry that leads to the rules are
// stored together, so an accepted event is never lost. Webhooks (webhook.go), timers
// (timer*.go) and finished executions (action.go) are sources of events; [Router.Acquire]
// makes and [Router.Release] removes the triggers that rules wait for.
package router

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

// Router makes trigger instances of events.
type Router struct {
	Store *store.Store
	Log   *slog.Logger
	// Timing says how timers behave; it is set before RunTimers.
	Timing TimerSettings

	index store.Cached[*index]
}

// New returns a router over s.
func New(s *store.Store, log *slog.Logger) *Router {
	return &Router{Store: s, Log: log, index: store.Cached[*index]{Load: loadIndex}}
}

// index is what the catalogue says of triggers now.
type index struct {
	types    map[string]*triggerType
	triggers map[string]*core.Trigger   // by ref
	hooks    map[string][]*core.Trigger // by URL without outer slashes
	watched  map[string]bool            // trigger refs that an enabled rule names
}

// triggerType is a trigger type with its compiled schemas.
type triggerType struct {
	*core.TriggerType
	parameters, payload *schema.Object
}

func compileType(t *core.TriggerType) (*triggerType, error) {
	tt := &triggerType{TriggerType: t}
	var err error
	if tt.parameters, err = schema.CompileObject(t.Parameters); err != nil {
		return nil, fmt.Errorf("trigger type %s: parameters_schema: %w", t.Ref(), err)
	}
	if tt.payload, err = schema.CompileObject(t.Payload); err != nil {
		return nil, fmt.Errorf("trigger type %s: payload_schema: %w", t.Ref(), err)
	}
	return tt, nil
}

func loadIndex(ctx context.Context, s *store.Store) (*index, error) {
	ix := &index{
		types: map[string]*triggerType{}, triggers: map[string]*core.Trigger{},
		hooks: map[string][]*core.Trigger{}, watched: map[string]bool{},
	}
	types, err := s.TriggerTypes().All(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		if ix.types[t.Ref()], err = compileType(t); err != nil {
			return nil, err
		}
	}
	triggers, err := s.Triggers().All(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range triggers {
		ix.add(t)
	}
	rules, err := s.Rules().All(ctx)
	for _, r := range rules {
		if r.Enabled {
			ix.watched[r.Trigger.Ref] = true
		}
	}
	return ix, err
}

func (ix *index) add(t *core.Trigger) {
	ix.triggers[t.Ref()] = t
	if t.Type == WebhookType {
		url := hookParameters(t).path()
		ix.hooks[url] = append(ix.hooks[url], t)
	}
}

// Emit stores an event as a trigger instance with its queue entry. A payload that does
// not fit the trigger type's schema, or an unknown trigger, is Invalid.
// st2: triggers-rules reference, trigger instances.
func (r *Router) Emit(ctx context.Context, tx *store.Tx, e core.Event) (*core.TriggerInstance, error) {
	return r.emit(ctx, tx, core.NewID(tx.Store().Now()), e)
}

// emit is Emit with the id of the instance.
func (r *Router) emit(ctx context.Context, tx *store.Tx, id string, e core.Event) (*core.TriggerInstance, error) {
	ix, err := r.index.In(ctx, tx)
	if err != nil {
		return nil, err
	}
	trigger, tt, err := ix.find(e.Trigger)
	if err != nil {
		return nil, invalidEvent(e.Trigger, err)
	}
	if err := checkJSON(tt.payload, e.Payload); err != nil {
		return nil, invalidEvent(e.Trigger, err)
	}
	return r.raise(tx, trigger, id, e)
}

// checkJSON holds a JSON document against a schema; none at all counts as an empty object.
func checkJSON(o *schema.Object, raw json.RawMessage) error {
	if len(raw) == 0 {
		raw = json.RawMessage("{}")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return err
	}
	return o.Check(v)
}

func invalidEvent(trigger string, err error) error {
	return core.FieldErrorf("payload", "Trigger payload validation failed and validation is enabled, not dispatching a trigger \"%s\" (%w)", trigger, err)
}

// raise stores one instance of a trigger.
func (r *Router) raise(tx *store.Tx, trigger, id string, e core.Event) (*core.TriggerInstance, error) {
	if len(e.Payload) == 0 {
		e.Payload = json.RawMessage("{}")
	}
	i := &core.TriggerInstance{
		ID: id, Trigger: trigger, Occurred: tx.Time(), Payload: e.Payload,
		Status: core.InstancePending, TraceTag: e.TraceTag,
	}
	if i.TraceTag == "" {
		i.TraceTag = "trigger_instance-" + id
	}
	tx.Push(store.Triggers, id, "", 0)
	return i, tx.Instances().Create(i)
}

// find resolves what an event names: a trigger, or a trigger type that needs no parameters.
func (ix *index) find(ref string) (string, *triggerType, error) {
	if t, ok := ix.triggers[ref]; ok {
		if tt, ok := ix.types[t.Type]; ok {
			return ref, tt, nil
		}
	}
	if _, ok := ix.types[ref]; ok {
		return "", nil, core.Errorf(core.Invalid, "Trigger type with reference \"%s\" takes parameters; name one of its triggers", ref)
	}
	return "", nil, core.Errorf(core.Invalid, "Trigger type with reference \"%s\" doesn't exist in the database", ref)
}

// ReEmit raises the event of an earlier instance again. The error is NotFound.
// st2: rest-api reference, triggerinstances re_emit.
func (r *Router) ReEmit(ctx context.Context, tx *store.Tx, id string) (*core.TriggerInstance, error) {
	old, err := tx.Store().Instances().Get(ctx, id)
	if err != nil {
		return nil, core.Errorf(core.NotFound, "Unable to identify resource with id \"%s\".", id)
	}
	payload, err := withContext(old.Payload, id)
	if err != nil {
		return nil, err
	}
	return r.raise(tx, old.Trigger, core.NewID(tx.Store().Now()), core.Event{Payload: payload, TraceTag: old.TraceTag})
}

// withContext adds to an object where it comes from; other payloads stay as they are.
func withContext(payload json.RawMessage, original string) (json.RawMessage, error) {
	var m map[string]json.RawMessage
	if json.Unmarshal(payload, &m) != nil || m == nil {
		return payload, nil
	}
	m["__context"] = json.RawMessage(`{"original_id":"` + original + `"}`)
	return json.Marshal(m)
}
