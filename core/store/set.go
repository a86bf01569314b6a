package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/petrelhq/petrel/core"
)

// Set is one collection inside a Tx.
type Set[T any] struct {
	tx *Tx
	k  *kind[T]
}

// The collections inside a Tx.
func (t *Tx) Executions() Set[core.Execution]      { return Set[core.Execution]{t, executions} }
func (t *Tx) Instances() Set[core.TriggerInstance] { return Set[core.TriggerInstance]{t, instances} }
func (t *Tx) Enforcements() Set[core.Enforcement]  { return Set[core.Enforcement]{t, enforcements} }
func (t *Tx) Packs() Set[core.Pack]                { return Set[core.Pack]{t, packs} }
func (t *Tx) Actions() Set[core.Action]            { return Set[core.Action]{t, actions} }
func (t *Tx) Runners() Set[core.RunnerType]        { return Set[core.RunnerType]{t, runners} }
func (t *Tx) TriggerTypes() Set[core.TriggerType]  { return Set[core.TriggerType]{t, triggerTypes} }
func (t *Tx) Triggers() Set[core.Trigger]          { return Set[core.Trigger]{t, triggers} }
func (t *Tx) Rules() Set[core.Rule]                { return Set[core.Rule]{t, rules} }
func (t *Tx) Sensors() Set[core.Sensor]            { return Set[core.Sensor]{t, sensors} }
func (t *Tx) Cursors() Set[Cursor]                 { return Set[Cursor]{t, cursors} }
func (t *Tx) Timers() Set[Timer]                   { return Set[Timer]{t, timers} }
func (t *Tx) Users() Set[core.User]                { return Set[core.User]{t, users} }
func (t *Tx) Tokens() Set[core.Token]              { return Set[core.Token]{t, tokens} }
func (t *Tx) APIKeys() Set[core.APIKey]            { return Set[core.APIKey]{t, apiKeys} }
func (t *Tx) KeyValues() Set[core.KeyValue]        { return Set[core.KeyValue]{t, keyValues} }
func (t *Tx) Flows() Set[Flow]                     { return Set[Flow]{t, flows} }
func (t *Tx) Policies() Set[core.Policy]           { return Set[core.Policy]{t, policies} }
func (t *Tx) Gates() Set[Gate]                     { return Set[Gate]{t, gates} }
func (t *Tx) Waiters() Set[Waiter]                 { return Set[Waiter]{t, waiters} }
func (t *Tx) Entanglements() Set[Entanglement]     { return Set[Entanglement]{t, entanglements} }
func (t *Tx) Receipts() Set[Receipt]               { return Set[Receipt]{t, receipts} }
func (t *Tx) Archives() Set[Archive]               { return Set[Archive]{t, archives} }
func (t *Tx) Installations() Set[core.Installation] {
	return Set[core.Installation]{t, installations}
}
func (t *Tx) PackConfigs() Set[core.PackConfig]     { return Set[core.PackConfig]{t, packConfigs} }
func (t *Tx) ConfigSchemas() Set[core.ConfigSchema] { return Set[core.ConfigSchema]{t, configSchemas} }

// Get reads a document for changing: what Put writes later replaces exactly this state.
// The error is NotFound when there is none.
func (s Set[T]) Get(ctx context.Context, id string) (*T, error) {
	d, err := s.tx.load(ctx, s.k.doc(id))
	if err != nil {
		return nil, err
	}
	v, err := s.shown(d)
	if v == nil && err == nil {
		return nil, notFound(s.k.name, id)
	}
	if err == nil && d.before == nil && !d.written {
		d.before = s.k.places(v)
	}
	return v, err
}

// shown is the document as the Tx sees it; nil when there is none.
func (s Set[T]) shown(d *doc) (*T, error) {
	raw, ok := d.current()
	if !ok {
		return nil, nil
	}
	if v, ok := d.object.(*T); ok {
		return s.k.copy(v), nil
	}
	if d.written {
		return decode[T](s.k.name, d.entry.Key, raw)
	}
	return s.k.decode(s.tx.s, d.entry.Key, d.entry.Version, raw)
}

// Create writes a document that must not exist yet; else the commit is a conflict.
func (s Set[T]) Create(v *T) error {
	key := s.k.doc(s.k.key(v))
	d, ok := s.tx.docs[key]
	if !ok {
		d = s.tx.known(key, 0)
	}
	return s.change(key, d, v)
}

// Put writes a document, guarded by the state this Tx knows. What it does not know yet
// it reads first, so a document that changes in between is a conflict, never a loss.
func (s Set[T]) Put(ctx context.Context, v *T) error {
	key := s.k.doc(s.k.key(v))
	d, err := s.tx.load(ctx, key)
	if err != nil {
		return err
	}
	if err := s.recall(d); err != nil {
		return err
	}
	return s.change(key, d, v)
}

// Delete removes a document and its index entries. A missing one is no error.
func (s Set[T]) Delete(ctx context.Context, id string) error {
	key := s.k.doc(id)
	d, err := s.tx.load(ctx, key)
	if err != nil {
		return err
	}
	if _, ok := d.current(); !ok {
		return nil
	}
	if err := s.recall(d); err != nil {
		return err
	}
	d.value, d.object, d.deleted, d.now, d.note = nil, nil, true, nil, nil
	s.tx.write(key, d, s.k.name)
	if s.k.catalogue {
		s.tx.touch()
	}
	return nil
}

// Known tells the Tx a document's stored state and version, so that Put needs no read:
// v as the last commit wrote it, before any change.
func (s Set[T]) Known(v *T, ver Version) {
	d := s.tx.known(s.k.doc(s.k.key(v)), ver)
	d.before = s.k.places(v)
}

// Confirm makes the commit depend on a document still being as this Tx read it, so that
// an answer which rests on it alone is given only once it is durable.
func (s Set[T]) Confirm(id string) error {
	d, ok := s.tx.docs[s.k.doc(id)]
	if !ok {
		return fmt.Errorf("%s %s: confirmed before it was read", s.k.name, id)
	}
	return s.tx.check(d.entry.Key, d.entry.Version)
}

// recall works out where the stored document stands in the indexes, if not known yet.
func (s Set[T]) recall(d *doc) error {
	if d.before != nil || d.entry.Version == 0 {
		return nil
	}
	old, err := s.k.decode(s.tx.s, d.entry.Key, d.entry.Version, d.entry.Value)
	if err == nil {
		d.before = s.k.places(old)
	}
	return err
}

func (s Set[T]) change(key string, d *doc, v *T) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s %s: %w", s.k.name, s.k.key(v), err)
	}
	d.value, d.deleted, d.now = value, false, s.k.places(v)
	if s.k.copy != nil {
		d.object = s.k.copy(v)
	}
	if s.k.note != nil {
		d.note = s.k.note(v, d.entry.Version == 0)
	}
	s.tx.write(key, d, s.k.name)
	if s.k.defined {
		s.tx.put("definition/"+core.Digest(value), value)
	}
	if s.k.catalogue {
		s.tx.touch()
	}
	return nil
}

func decode[T any](kind, id string, raw []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("%s %s: stored record is damaged: %w", kind, id, err)
	}
	return v, nil
}
