package plugins

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// Keys reads and writes keys of the datastore's scope system.
type Keys struct {
	Get    func(ctx context.Context, name string) (Key, error) // NotFound
	Set    func(ctx context.Context, name string, k Key) error // Invalid
	Delete func(ctx context.Context, name string) error        // NotFound
	List   func(ctx context.Context, prefix string, limit int) ([]string, error)
}

// Key is a key's value, in clear.
type Key struct {
	Value  string
	Secret bool
	TTL    time.Duration // to be set with; 0: for ever
}

const (
	maxKey   = 512                   // bytes of a key's whole name
	maxValue = 1 << 20               // bytes
	maxKeys  = 10_000                // in one list
	maxTTL   = 100 * 365 * 24 * 3600 // seconds
	system   = "system:"             // in front of names that are not below the pack's own
)

// keyName is a key's name in the datastore, and whether it is the pack's own.
func (h *host) keyName(key string) (name string, own bool, err error) {
	name, whole := strings.CutPrefix(key, system)
	if !whole {
		name = h.pack + "." + key
	}
	if len(name) > maxKey {
		return "", false, core.FieldErrorf("key", "key: a name has at most %d bytes, this one has %d", maxKey, len(name))
	}
	return name, strings.HasPrefix(name, h.pack+"."), nil
}

func (h *host) keyValue(ctx context.Context, kv wire.KV) (wire.KVReply, error) {
	name, own, err := h.keyName(kv.Key)
	if err != nil {
		return wire.KVReply{}, err
	}
	switch need := needed(kv.Do); {
	case need == nil:
		return wire.KVReply{}, core.FieldErrorf("do", "do: %q is none of get, set, delete and list", kv.Do)
	case kv.Do != "list" && strings.TrimPrefix(kv.Key, system) == "":
		return wire.KVReply{}, core.FieldErrorf("key", "key: a key needs a name")
	case !own:
		if err := h.check(ctx, *need, name); err != nil {
			return wire.KVReply{}, err
		}
	}
	switch kv.Do {
	case "get":
		return h.getKey(ctx, name, own)
	case "set":
		return wire.KVReply{}, h.setKey(ctx, name, kv)
	case "delete":
		err := h.l.Keys.Delete(ctx, name)
		return found(err)
	}
	return h.listKeys(ctx, kv.Key, name)
}

// needed is the permission for what is done with keys that are not the pack's own.
func needed(do string) *permission {
	switch do {
	case "get":
		return &mayRead
	case "set", "delete":
		return &mayWrite
	case "list":
		return &mayList
	}
	return nil
}

func found(err error) (wire.KVReply, error) {
	if core.KindOf(err) == core.NotFound {
		return wire.KVReply{}, nil
	}
	return wire.KVReply{Found: err == nil}, err
}

// getKey reads a key. The value of a secret that is not the pack's own needs the
// permission secrets, too.
func (h *host) getKey(ctx context.Context, name string, own bool) (wire.KVReply, error) {
	k, err := h.l.Keys.Get(ctx, name)
	if err != nil {
		return found(err)
	}
	if k.Secret && !own {
		if err := h.check(ctx, mayReveal, name); err != nil {
			return wire.KVReply{}, err
		}
	}
	if k.Secret {
		h.secrets.add(k.Value)
	}
	return wire.KVReply{Found: true, Value: k.Value}, nil
}

func (h *host) setKey(ctx context.Context, name string, kv wire.KV) error {
	switch {
	case len(kv.Value) > maxValue:
		return core.Errorf(core.TooLarge, "value: %d bytes, the most is %d", len(kv.Value), maxValue)
	case kv.TTL < 0 || kv.TTL > maxTTL:
		return core.FieldErrorf("ttl", "ttl: %d is no number of seconds between 0 and a hundred years", kv.TTL)
	case kv.Secret:
		h.secrets.add(kv.Value)
	}
	return h.l.Keys.Set(ctx, name, Key{Value: kv.Value, Secret: kv.Secret, TTL: time.Duration(kv.TTL) * time.Second})
}

// listKeys lists names in the form they were asked for.
func (h *host) listKeys(ctx context.Context, asked, prefix string) (wire.KVReply, error) {
	names, err := h.l.Keys.List(ctx, prefix, maxKeys+1)
	if err != nil {
		return wire.KVReply{}, err
	}
	if len(names) > maxKeys {
		return wire.KVReply{}, core.Errorf(core.TooLarge, "more than %d keys begin with %q: ask for a longer prefix", maxKeys, asked)
	}
	names = slices.Clone(names)
	for i, name := range names {
		if strings.HasPrefix(asked, system) {
			names[i] = system + name
		} else {
			names[i] = strings.TrimPrefix(name, h.pack+".")
		}
	}
	return wire.KVReply{Keys: names}, nil
}

// secret reads a secret by the whole name of its key.
func (h *host) secret(ctx context.Context, s wire.Secret) (wire.SecretReply, error) {
	if s.Name == "" {
		return wire.SecretReply{}, core.FieldErrorf("name", "name: a secret needs a name")
	}
	if !strings.HasPrefix(s.Name, h.pack+".") {
		if err := h.check(ctx, mayReveal, s.Name); err != nil {
			return wire.SecretReply{}, err
		}
	}
	k, err := h.l.Keys.Get(ctx, s.Name)
	if core.KindOf(err) == core.NotFound {
		return wire.SecretReply{}, core.Errorf(core.NotFound, "there is no key %s; set it as a secret: petrel key set -e %[1]s VALUE", s.Name)
	}
	if err != nil {
		return wire.SecretReply{}, err
	}
	if !k.Secret {
		return wire.SecretReply{}, &wire.Error{Kind: wire.Invalid, Message: fmt.Sprintf("the key %s is no secret: read it as a key, or set it as a secret: petrel key set -e %[1]s VALUE", s.Name)}
	}
	h.secrets.add(k.Value)
	return wire.SecretReply{Value: k.Value}, nil
}
