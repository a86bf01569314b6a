package datastore

import (
	"context"
	"encoding/json"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// View is a key as the API and events show it. st2: rest-api reference, resource shapes.
type View struct {
	ID          string     `json:"id"`
	UID         string     `json:"uid"`
	Name        string     `json:"name"`
	Value       string     `json:"value"` // of a secret: sealed while Encrypted
	Secret      bool       `json:"secret"`
	Encrypted   bool       `json:"encrypted"`
	Scope       core.Scope `json:"scope"`
	User        string     `json:"user,omitempty"`
	Expires     string     `json:"expire_timestamp,omitempty"`
	Description string     `json:"description,omitempty"`
}

// ViewOf returns a key's view, a secret sealed.
func ViewOf(k *core.KeyValue) View {
	v := View{
		ID: k.ID, UID: k.UID(), Name: k.Name, Value: k.Value, Secret: k.Secret, Encrypted: k.Secret,
		Scope: k.Scope, User: k.User, Description: k.Description,
	}
	if k.Expires != 0 {
		v.Expires = k.Expires.String()
	}
	return v
}

// tellSet raises what follows from setting a key that was old, or nil.
// st2: triggers-rules reference, internal trigger types.
func (d *Datastore) tellSet(ctx context.Context, tx *store.Tx, old, now *core.KeyValue) error {
	object := map[string]View{"object": ViewOf(now)}
	if old == nil {
		return d.tell(ctx, tx, "create", object)
	}
	if err := d.tell(ctx, tx, "update", object); err != nil || d.same(old, now) {
		return err
	}
	return d.tell(ctx, tx, "value_change", map[string]View{"old_object": ViewOf(old), "new_object": ViewOf(now)})
}

// same reports whether two keys have one value. Secrets are opened for that where they can be.
// st2 differs: there a secret set to the same value again has changed, as sealing it gives another text.
func (d *Datastore) same(a, b *core.KeyValue) bool {
	x, errA := d.Reveal(a)
	y, errB := d.Reveal(b)
	if errA != nil || errB != nil {
		return a.Value == b.Value
	}
	return x == y && a.Secret == b.Secret
}

func (d *Datastore) tell(ctx context.Context, tx *store.Tx, what string, payload map[string]View) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	return d.Emit(ctx, tx, core.Event{Trigger: "core.st2.key_value_pair." + what, Payload: raw})
}
