// Package datastore keeps values people and actions set: by scope, some sealed, some for
// a while only.
//
// A key belongs to the system or to one user. The value of a secret is stored sealed and
// shown so; [Datastore.Reveal] opens it. A key whose time is over is gone at once;
// [Datastore.Sweep] removes its record later. Triggers about keys are raised in the Tx
// that changes the key (events.go). st2: execution reference, datastore.
package datastore

import (
	"context"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/seal"
	"github.com/petrelhq/petrel/core/store"
)

// Config is what a Datastore needs.
type Config struct {
	Store *store.Store
	Keys  *seal.Ring
	Log   *slog.Logger
	// Emit raises an event inside tx, if anybody waits for its trigger.
	Emit func(ctx context.Context, tx *store.Tx, e core.Event) error
	// AcceptLost lets CheckKeys pass although the key that sealed last is lost.
	AcceptLost bool
}

// Datastore is the key-value store. It is safe for concurrent use.
type Datastore struct{ Config }

// New returns a Datastore.
func New(c Config) *Datastore { return &Datastore{c} }

// Name names a key.
type Name struct {
	Scope core.Scope
	User  string // whose key it is; only in UserScope
	Name  string
}

// System names a key of the system.
func System(name string) Name { return Name{Scope: core.SystemScope, Name: name} }

// User names a key of a user.
func User(user, name string) Name { return Name{Scope: core.UserScope, User: user, Name: name} }

// FullScope spells a scope as the API does: "system" is "st2kv.system".
func FullScope(s string) core.Scope {
	if strings.Contains(s, "st2kv") {
		return core.Scope(s)
	}
	return core.Scope("st2kv." + s)
}

func (n Name) key() string { return store.KeyName(n.Scope, n.User, n.Name) }

// missing is StackStorm's text for a key that is not there.
func (n Name) missing() error {
	k := core.KeyValue{Scope: n.Scope, User: n.User, Name: n.Name}
	return core.Errorf(core.NotFound, "The key \"%s\" does not exist in the StackStorm datastore.", k.FullName())
}

// maxName is how long a name may be, in bytes.
const maxName = 1024

// check says what is wrong with a name. The error is Invalid.
func (n Name) check() error {
	switch {
	case n.Scope != core.SystemScope && n.Scope != core.UserScope:
		return core.FieldErrorf("scope", "Scope %s is not in allowed scopes list: ['system', 'user', 'st2kv.system', 'st2kv.user'].", n.Scope)
	case n.Scope == core.UserScope && n.User == "":
		return core.FieldErrorf("user", "user: a key in the scope %s needs a user", n.Scope)
	case n.Name == "":
		return core.FieldErrorf("name", "name: a key needs a name")
	case len(n.Name) > maxName:
		return core.FieldErrorf("name", "name: has %d bytes, the most is %d", len(n.Name), maxName)
	case !utf8.ValidString(n.Name) || strings.ContainsRune(n.Name, 0):
		return core.FieldErrorf("name", "name: %q is not UTF-8 or holds a zero byte", n.Name)
	}
	return nil
}

// Get returns a key. The errors are NotFound and, for a name that none can have, Invalid.
func (d *Datastore) Get(ctx context.Context, n Name) (*core.KeyValue, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	k, err := d.Store.KeyValues().Get(ctx, n.key())
	return d.there(n, k, err)
}

// there turns a key whose time is over into one that is not there.
func (d *Datastore) there(n Name, k *core.KeyValue, err error) (*core.KeyValue, error) {
	if core.KindOf(err) == core.NotFound || err == nil && k.Over(d.Store.Time()) {
		return nil, n.missing()
	}
	return k, err
}

// Reveal returns a key's value; that of a secret opened. Whether its reader may see it is
// for the caller to know. The error is Invalid when a key to open it is missing.
func (d *Datastore) Reveal(k *core.KeyValue) (string, error) {
	if !k.Secret {
		return k.Value, nil
	}
	plain, err := d.Keys.Open(k.Value)
	if err != nil {
		return "", core.Errorf(core.KindOf(err), "The value of the key \"%s\" cannot be decrypted: %w", k.FullName(), err)
	}
	return plain, nil
}

// Entry is what a key is set to.
type Entry struct {
	Name
	Value       string
	Description string
	Secret      bool          // seal the value
	Encrypted   bool          // the value is sealed already, by us or by StackStorm
	TTL         time.Duration // 0: for ever
}

// Set writes a key, whether it is there or not. Errors are Invalid.
func (d *Datastore) Set(ctx context.Context, tx *store.Tx, e Entry) (*core.KeyValue, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	k, err := d.record(tx, e)
	if err != nil {
		return nil, err
	}
	old, err := tx.KeyValues().Get(ctx, e.key())
	old, err = d.there(e.Name, old, err)
	switch {
	case core.KindOf(err) == core.NotFound:
		k.ID = core.NewID(tx.Time().Std())
	case err != nil:
		return nil, err
	default:
		k.ID = old.ID
	}
	if err := tx.KeyValues().Put(ctx, k); err != nil {
		return nil, err
	}
	return k, d.tellSet(ctx, tx, old, k)
}

// Put is Set in a Tx of its own.
func (d *Datastore) Put(ctx context.Context, e Entry) (k *core.KeyValue, err error) {
	err = d.Store.Update(ctx, store.Wait, func(tx *store.Tx) error {
		k, err = d.Set(ctx, tx, e)
		return err
	})
	return k, err
}

// record makes the record of an entry, its value sealed.
func (d *Datastore) record(tx *store.Tx, e Entry) (*core.KeyValue, error) {
	k := &core.KeyValue{
		Scope: e.Scope, User: e.User, Name: e.Name.Name, Value: e.Value, Description: e.Description,
		Secret: e.Secret || e.Encrypted,
	}
	if e.TTL < 0 {
		return nil, core.FieldErrorf("ttl", "ttl: %s is less than nothing", e.TTL)
	}
	if e.TTL > 0 {
		k.Expires = tx.Time() + core.Time(e.TTL.Microseconds())
	}
	var err error
	switch {
	case e.Encrypted:
		if _, err := d.Keys.Open(e.Value); err != nil {
			// StackStorm's words, and our reason.
			return nil, core.FieldErrorf("value", "Failed to verify the integrity of the provided value for key \"%s\". Ensure that the value is encrypted with the correct key and not corrupted (%w).", e.Name.Name, err)
		}
	case e.Secret:
		if k.Value, err = d.Keys.Seal(e.Value); err != nil {
			return nil, err
		}
	}
	if k.Secret {
		k.Sealer = seal.KeyOf(k.Value)
	}
	return k, nil
}

// Delete removes a key. The error is NotFound when there is none.
func (d *Datastore) Delete(ctx context.Context, tx *store.Tx, n Name) error {
	if err := n.check(); err != nil {
		return err
	}
	k, err := tx.KeyValues().Get(ctx, n.key())
	if k, err = d.there(n, k, err); err != nil {
		return err
	}
	if err := tx.KeyValues().Delete(ctx, n.key()); err != nil {
		return err
	}
	return d.tell(ctx, tx, "delete", map[string]View{"object": ViewOf(k)})
}

// Remove is Delete in a Tx of its own.
func (d *Datastore) Remove(ctx context.Context, n Name) error {
	return d.Store.Update(ctx, store.Wait, func(tx *store.Tx) error { return d.Delete(ctx, tx, n) })
}
