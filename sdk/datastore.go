package sdk

import (
	"context"
	"encoding/json"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Datastore is the key-value store of the server, as far as the pack may use it: a key is
// the pack's own, unless [System] names one of everybody's.
type Datastore struct{ ctx context.Context }

// KV returns the datastore.
//
//	err := sdk.KV(ctx).Set("last_seen", "42", sdk.TTL(time.Hour))
func KV(ctx context.Context) Datastore { return Datastore{ctx} }

// System is the name of a key of the scope system, for which the pack needs a permission.
func System(key string) string { return "system:" + key }

// SetOption says more about a value.
type SetOption func(*wire.KV)

// TTL makes a value go away after some time, at least a second.
func TTL(d time.Duration) SetOption {
	return func(k *wire.KV) { k.TTL = max(int((d+time.Second-1)/time.Second), 1) }
}

// Encrypted keeps a value as a secret: sealed at rest and masked where it is shown.
func Encrypted() SetOption { return func(k *wire.KV) { k.Secret = true } }

// Get returns the value of a key, and whether there is one.
func (d Datastore) Get(key string) (value string, found bool, err error) {
	r, err := d.do(wire.KV{Do: "get", Key: key})
	return r.Value, r.Found, err
}

// Set stores a value.
func (d Datastore) Set(key, value string, options ...SetOption) error {
	k := wire.KV{Do: "set", Key: key, Value: value}
	for _, o := range options {
		o(&k)
	}
	_, err := d.do(k)
	return err
}

// Delete removes a key and tells whether it was there.
func (d Datastore) Delete(key string) (found bool, err error) {
	r, err := d.do(wire.KV{Do: "delete", Key: key})
	return r.Found, err
}

// List returns the keys that begin with prefix, as Get takes them.
func (d Datastore) List(prefix string) ([]string, error) {
	r, err := d.do(wire.KV{Do: "list", Key: prefix})
	return r.Keys, err
}

// GetJSON reads a value that SetJSON stored into what into points to, and leaves that alone
// when there is none.
func (d Datastore) GetJSON(key string, into any) (found bool, err error) {
	value, found, err := d.Get(key)
	if err != nil || !found {
		return false, err
	}
	if err := json.Unmarshal([]byte(value), into); err != nil {
		return true, Errorf(Invalid, "the value of the key %s: %v", key, err)
	}
	return true, nil
}

// SetJSON stores anything that JSON can hold.
func (d Datastore) SetJSON(key string, value any, options ...SetOption) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return Errorf(Invalid, "the value of the key %s cannot be written as JSON: %v", key, err)
	}
	return d.Set(key, string(raw), options...)
}

func (d Datastore) do(k wire.KV) (wire.KVReply, error) {
	var r wire.KVReply
	err := Ask(d.ctx, wire.OpKV, k, &r)
	return r, err
}

// Secret returns a secret of the scope system in clear. The pack needs a permission for it.
func Secret(ctx context.Context, name string) (string, error) {
	var r wire.SecretReply
	err := Ask(ctx, wire.OpSecret, wire.Secret{Name: name}, &r)
	return r.Value, err
}
