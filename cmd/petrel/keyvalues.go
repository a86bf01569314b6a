package main

import (
	"context"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/datastore"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// keyValues is the datastore as expressions and actions see it.
type keyValues struct{ *datastore.Datastore }

// lookups is what templates see as st2kv: a key is read when its value is needed, and
// one that is missing renders as nothing. Secrets come sealed: decrypt_kv opens them.
// st2: triggers-rules reference, where which names are available.
func (kv keyValues) lookups(user string) expr.Value {
	system := func(name string) datastore.Name { return datastore.System(name) }
	own := func(name string) datastore.Name { return datastore.User(user, name) }
	return expr.DictOf("system", kv.lookup(system), "user", kv.lookup(own))
}

// inPatterns are the names that every criteria pattern sees: of the datastore, the
// system's keys.
func (kv keyValues) inPatterns(name string) (expr.Value, bool) {
	if name != "st2kv" {
		return nil, false
	}
	system := func(name string) datastore.Name { return datastore.System(name) }
	return expr.DictOf("system", kv.lookup(system)), true
}

func (kv keyValues) lookup(named func(string) datastore.Name) expr.Value {
	return expr.NewLookup(func(ctx context.Context, name string) (expr.Value, bool, error) {
		if name == "" {
			return nil, false, nil // st2kv.system alone names no key
		}
		k, err := kv.Get(ctx, named(name))
		switch {
		case core.KindOf(err) == core.NotFound:
			return nil, false, nil
		case err != nil:
			return nil, false, err
		}
		return k.Value, true, nil
	})
}

// decrypt is the filter decrypt_kv.
func (kv keyValues) decrypt(_ *expr.Budget, sealed string) (string, error) {
	plain, err := kv.Keys.Open(sealed)
	if err != nil {
		return "", expr.Errorf("ValueError", "%s", err)
	}
	return plain, nil
}

// noDefault tells st2kv without a default from one whose default is null.
var noDefault = expr.NewDict()

// function is st2kv() of workflows that run for a user: a key of the system when it
// begins with "system.", else one of the user's. st2: runners reference, orquesta.
func (kv keyValues) function(user string) functions.Function {
	return functions.Function{
		Params: []expr.Param{expr.Req("key"), expr.Opt("decrypt", false), expr.Opt("default", noDefault)},
		Fn: func(b *expr.Budget, a []expr.Value) (expr.Value, error) {
			name, ok := expr.Text(a[0])
			if !ok || name == "" {
				return nil, expr.Errorf("TypeError", "Given key is not typeof string.")
			}
			decrypt, err := expr.Truthy(a[1])
			if err != nil {
				return nil, err
			}
			if err := b.Step(lookupSteps); err != nil {
				return nil, err
			}
			value, err := kv.forWorkflow(b.Context(), named(user, name), decrypt)
			if core.KindOf(err) == core.NotFound && a[2] != expr.Value(noDefault) {
				return a[2], nil
			}
			if err != nil {
				return nil, expr.Errorf("ValueError", "%s", err)
			}
			return value, nil
		},
	}
}

// lookupSteps is what one lookup costs of an expression's budget.
const lookupSteps = 100

// named is the key that st2kv() means.
func named(user, name string) datastore.Name {
	if rest, ok := strings.CutPrefix(name, "system."); ok {
		return datastore.System(rest)
	}
	return datastore.User(user, name)
}

func (kv keyValues) forWorkflow(ctx context.Context, n datastore.Name, decrypt bool) (string, error) {
	k, err := kv.Get(ctx, n)
	switch {
	case err != nil:
		return "", err
	case decrypt && !k.Secret:
		return "", core.Errorf(core.Invalid, "the key \"%s\" is not encrypted, so it cannot be decrypted; leave decrypt out", k.FullName())
	case decrypt:
		return kv.Reveal(k)
	}
	return k.Value, nil
}

// actionKeys is the datastore as st2.kv.* sees it: the keys of the system.
type actionKeys struct{ kv keyValues }

// Get implements builtin.KeyValues.
func (a actionKeys) Get(ctx context.Context, name string, decrypt bool) (string, error) {
	k, err := a.kv.Datastore.Get(ctx, datastore.System(name))
	if err != nil || !decrypt {
		return valueOf(k), err
	}
	return a.kv.Reveal(k)
}

func valueOf(k *core.KeyValue) string {
	if k == nil {
		return ""
	}
	return k.Value
}

// Set implements builtin.KeyValues.
func (a actionKeys) Set(ctx context.Context, name, value string, ttl time.Duration) error {
	_, err := a.kv.Put(ctx, datastore.Entry{Name: datastore.System(name), Value: value, TTL: ttl})
	return err
}

// Delete implements builtin.KeyValues.
func (a actionKeys) Delete(ctx context.Context, name string) error {
	return a.kv.Remove(ctx, datastore.System(name))
}

// List implements builtin.KeyValues.
func (a actionKeys) List(ctx context.Context, prefix string) (map[string]string, error) {
	ks, err := a.kv.Datastore.List(ctx, datastore.Query{Scope: core.SystemScope, Prefix: prefix})
	if err != nil {
		return nil, err
	}
	values := make(map[string]string, len(ks))
	for _, k := range ks {
		values[k.Name] = k.Value
	}
	return values, nil
}
