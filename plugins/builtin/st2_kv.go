package builtin

import (
	stdbzip2 "compress/bzip2"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/plugins/bzip2"
)

// KeyValues is the part of the datastore that actions see: the keys of the system.
type KeyValues interface {
	// Get returns a key's value, a secret sealed unless it is to be decrypted. The error
	// is NotFound when there is no such key.
	Get(ctx context.Context, name string, decrypt bool) (string, error)
	// Set sets a key; for ever when ttl is 0.
	Set(ctx context.Context, name, value string, ttl time.Duration) error
	// Delete removes a key. The error is NotFound when there is none.
	Delete(ctx context.Context, name string) error
	// List returns the values of all keys whose names begin with prefix.
	List(ctx context.Context, prefix string) (map[string]string, error)
}

// KeyValueFunctions are the Go forms of st2.kv.*. st2: bundled-packs reference, st2.
func KeyValueFunctions(kv KeyValues) map[string]Function {
	a := keyValueActions{kv}
	return map[string]Function{
		"st2.kv.get":         a.get,
		"st2.kv.get_object":  a.getObject,
		"st2.kv.set":         a.set,
		"st2.kv.set_object":  a.setObject,
		"st2.kv.delete":      a.remove,
		"st2.kv.grep":        a.grep,
		"st2.kv.grep_object": a.grepObject,
	}
}

type keyValueActions struct{ kv KeyValues }

func (a keyValueActions) text(ctx context.Context, c core.Call) (string, error) {
	name := textOf(c.Params, "key")
	value, err := a.kv.Get(ctx, name, boolOf(c.Params, "decrypt"))
	if err != nil || !boolOf(c.Params, "decompress") {
		return value, err
	}
	packed, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return "", core.FieldErrorf("decompress", "the value of %s was not compressed by st2.kv.set: it is no base64: %w", name, err)
	}
	plain, err := io.ReadAll(io.LimitReader(stdbzip2.NewReader(strings.NewReader(string(packed))), maxPlain+1))
	switch {
	case err != nil:
		return "", core.FieldErrorf("decompress", "the value of %s was not compressed by st2.kv.set: %w", name, err)
	case len(plain) > maxPlain:
		return "", core.Errorf(core.TooLarge, "the value of %s is larger than %d bytes when decompressed", name, maxPlain)
	}
	return string(plain), nil
}

// maxPlain is how large a value may become when it is decompressed.
const maxPlain = 64 << 20

func (a keyValueActions) get(ctx context.Context, c core.Call) (any, error) {
	value, err := a.text(ctx, c)
	if err != nil {
		return nil, err
	}
	return value, nil
}

func (a keyValueActions) getObject(ctx context.Context, c core.Call) (any, error) {
	value, err := a.text(ctx, c)
	if err != nil {
		return nil, err
	}
	return objectIn(textOf(c.Params, "key"), value)
}

// objectIn reads the JSON in a key's value.
func objectIn(name, value string) (json.RawMessage, error) {
	var v json.RawMessage
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return nil, core.FieldErrorf("key", "the value of %s is no JSON: %w", name, err)
	}
	return v, nil
}

func (a keyValueActions) set(ctx context.Context, c core.Call) (any, error) {
	value := textOf(c.Params, "value")
	if boolOf(c.Params, "compress") {
		value = base64.StdEncoding.EncodeToString(bzip2.Compress([]byte(value)))
	}
	return a.store(ctx, c, value, value)
}

func (a keyValueActions) setObject(ctx context.Context, c core.Call) (any, error) {
	v, err := expr.FromGo(c.Params["value"])
	if err != nil {
		return nil, err
	}
	text, err := expr.ToJSON(nil, v, expr.JSONOptions{}) // as Python writes it
	if err != nil {
		return nil, core.FieldErrorf("value", "value has no JSON form: %w", err)
	}
	return a.store(ctx, c, text, c.Params["value"])
}

// store sets a key and says what was set, in the form it was given.
func (a keyValueActions) store(ctx context.Context, c core.Call, text string, value any) (any, error) {
	name, ttl := textOf(c.Params, "key"), int64(numberOf(c.Params, "ttl"))
	if ttl < 0 || ttl > maxTTL {
		return nil, core.FieldErrorf("ttl", "ttl: %d is no number of seconds between 0 and a hundred years", ttl)
	}
	if err := a.kv.Set(ctx, name, text, time.Duration(ttl)*time.Second); err != nil {
		return nil, err
	}
	return map[string]any{"key": name, "value": value, "ttl": c.Params["ttl"]}, nil
}

const maxTTL = 100 * 365 * 24 * 3600 // seconds

// remove says whether there was such a key.
func (a keyValueActions) remove(ctx context.Context, c core.Call) (any, error) {
	err := a.kv.Delete(ctx, textOf(c.Params, "key"))
	switch {
	case core.KindOf(err) == core.NotFound:
		return false, nil
	case err != nil:
		return nil, err
	}
	return true, nil
}

// found returns the keys whose names hold a text, or begin with it.
// st2 differs: all of them, not those among the first hundred.
func (a keyValueActions) found(ctx context.Context, c core.Call) (map[string]string, error) {
	query := textOf(c.Params, "query")
	if boolOf(c.Params, "prefix") {
		return a.kv.List(ctx, query)
	}
	all, err := a.kv.List(ctx, "")
	for name := range all {
		if !strings.Contains(name, query) {
			delete(all, name)
		}
	}
	return all, err
}

func (a keyValueActions) grep(ctx context.Context, c core.Call) (any, error) {
	found, err := a.found(ctx, c)
	if err != nil {
		return nil, err
	}
	values := make(map[string]any, len(found))
	for name, value := range found {
		values[name] = value
	}
	return values, nil
}

func (a keyValueActions) grepObject(ctx context.Context, c core.Call) (any, error) {
	found, err := a.found(ctx, c)
	if err != nil {
		return nil, err
	}
	values := make(map[string]any, len(found))
	for name, value := range found {
		if values[name], err = objectIn(name, value); err != nil {
			return nil, err
		}
	}
	return values, nil
}
