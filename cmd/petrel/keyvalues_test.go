package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/datastore"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/expr/yaql"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/plugins/builtin"
)

// newKeyValues is a datastore over a real store, with a few keys in it.
func newKeyValues(t *testing.T) keyValues {
	t.Helper()
	dir := t.TempDir()
	b, err := local.Open(filepath.Join(dir, "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	keys, err := openKeys(dir, SecretsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	kv := keyValues{datastore.New(datastore.Config{
		Store: store.New(b, time.Now), Keys: keys, Log: slog.New(slog.DiscardHandler),
		Emit: func(context.Context, *store.Tx, core.Event) error { return nil },
	})}
	for _, e := range []datastore.Entry{
		{Name: datastore.System("bird"), Value: "wren"},
		{Name: datastore.System("deep.er.name"), Value: "owl"},
		{Name: datastore.System("password"), Value: "sparrowhawk", Secret: true},
		{Name: datastore.System("empty"), Value: ""},
		{Name: datastore.User("ada", "bird"), Value: "ada's"},
		{Name: datastore.User("ada", "system"), Value: "ada's system"},
	} {
		if _, err := kv.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return kv
}

func TestKeysInTemplates(t *testing.T) {
	kv := newKeyValues(t)
	env := jinja.StackStorm(expr.Strict, kv.decrypt)
	for template, want := range map[string]string{
		"{{ st2kv.system.bird }}, {{ st2kv.user.bird }}":                    "wren, ada's",
		"{{ st2kv.system.deep.er.name }}{{ st2kv.system['deep.er.name'] }}": "owlowl",
		"[{{ st2kv.system.none }}{{ st2kv.user.none.at.all }}]":             "[]",
		"{{ st2kv.system.password | decrypt_kv }}":                          "sparrowhawk",
		"{% set p = st2kv.system.password | string %}{{ p | decrypt_kv }}":  "sparrowhawk",
		"{{ st2kv.system.bird == 'wren' }}":                                 "True",
		"{{ st2kv.system.none | string | default('+14', true) }}":           "+14",
		"{{ st2kv.system.none | decrypt_kv }}":                              "ValueError: Referenced datastore item \"none\" doesn't exist or it contains an empty string",
		"{{ st2kv.system.bird | decrypt_kv }}":                              "ValueError: the text is no sealed secret, or it was changed after it was sealed",
	} {
		tm, err := env.Compile(template)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tm.Render(jinja.Run{}, func(name string) (expr.Value, bool) { return kv.lookups("ada"), name == "st2kv" })
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", template, got, want)
		}
	}
	tm, err := env.Compile("{{ st2kv.system.password }}")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := tm.Render(jinja.Run{}, kv.inPatterns)
	if err != nil || strings.Contains(sealed, "sparrowhawk") || !strings.HasPrefix(sealed, "px1:") {
		t.Errorf("a secret without decrypt_kv: %q, %v", sealed, err)
	}
	if tm, err = env.Compile("{{ st2kv.user.bird }}"); err != nil {
		t.Fatal(err)
	}
	if got, err := tm.Render(jinja.Run{}, kv.inPatterns); err == nil {
		t.Errorf("a pattern sees a user's key: %q", got)
	}
}

func TestKeysInWorkflows(t *testing.T) {
	kv := newKeyValues(t)
	evaluator := yaql.NewEvaluator(yaql.Options{}, nil)
	workflow := &functions.Workflow{Vars: expr.NewDict(), Extra: map[string]functions.Function{"st2kv": kv.function("ada")}}
	for text, want := range map[string]any{
		"<% st2kv('system.bird') %>":                           "wren",
		"<% st2kv('system.deep.er.name') %>":                   "owl",
		"<% st2kv('bird') %>":                                  "ada's",
		"<% st2kv('system') %>":                                "ada's system",
		"<% st2kv('system.password', decrypt => true) %>":      "sparrowhawk",
		"<% st2kv('system.none', default => 'x') %>":           "x",
		"<% st2kv('system.none', default => null) %>":          nil,
		"<% st2kv('system.empty', default => 'x') %>":          "",
		"<% st2kv('none') %>":                                  "The key \"ada:none\" does not exist in the StackStorm datastore.",
		"<% st2kv('system.bird', decrypt => true) %>":          "the key \"bird\" is not encrypted",
		"<% st2kv(1) %>":                                       "Given key is not typeof string.",
		"<% st2kv('system.none', default => 'x', nope => 1)%>": "nope",
	} {
		got, err := evaluator.Evaluate(yaql.Run{}, text, workflow)
		if err != nil {
			if s, ok := want.(string); !ok || !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %v, want %v", text, err, want)
			}
			continue
		}
		if got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestActionsOnKeys(t *testing.T) {
	kv := newKeyValues(t)
	actions := builtin.KeyValueFunctions(actionKeys{kv})
	type params = map[string]any
	for _, c := range []struct {
		action string
		params params
		want   string // JSON, or a part of the error
	}{
		{"set", params{"key": "song", "value": "trill"}, `{"key":"song","ttl":null,"value":"trill"}`},
		{"set", params{"key": "song", "value": "trill", "ttl": int64(60)}, `{"key":"song","ttl":60,"value":"trill"}`},
		{"get", params{"key": "song"}, `"trill"`},
		{"set", params{"key": "song", "value": "trill", "ttl": int64(-1)}, "ttl: -1 is no number of seconds"},
		{"get", params{"key": "song", "decompress": true}, "not compressed by st2.kv.set: it is no base64"},
		{"set", params{"key": "song", "value": "trill", "compress": true}, `{"key":"song","ttl":null,"value":"QlpoMTFBWSZTWRuRBD4AAAIBgAAkFAAgACGZAzIRxxdyRThQkBuRBD4="}`},
		{"get", params{"key": "song", "decompress": true}, `"trill"`},
		{"get", params{"key": "bird", "decompress": true}, "not compressed by st2.kv.set: bzip2 data invalid"},
		{"get", params{"key": "none"}, `The key "none" does not exist`},
		{"get", params{"key": "password", "decrypt": true}, `"sparrowhawk"`},
		{"set_object", params{"key": "nest", "value": params{"eggs": int64(4), "of": []any{"wren", nil}}}, `{"key":"nest","ttl":null,"value":{"eggs":4,"of":["wren",null]}}`},
		{"get_object", params{"key": "nest"}, `{"eggs":4,"of":["wren",null]}`},
		{"get_object", params{"key": "bird"}, "the value of bird is no JSON"},
		{"grep", params{"query": "es", "prefix": false}, `{"nest":"{\"eggs\": 4, \"of\": [\"wren\", null]}"}`},
		{"grep", params{"query": "es", "prefix": true}, `{}`},
		{"grep_object", params{"query": "ne", "prefix": true}, `{"nest":{"eggs":4,"of":["wren",null]}}`},
		{"grep_object", params{"query": "bird"}, "the value of bird is no JSON"},
		{"delete", params{"key": "nest"}, `true`},
		{"delete", params{"key": "nest"}, `false`},
		{"delete", params{"key": ""}, "a key needs a name"},
	} {
		v, err := actions["st2.kv."+c.action](t.Context(), core.Call{Params: c.params})
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %v: %v, want %s", c.action, c.params, err, c.want)
			}
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, string(raw)); diff != "" {
			t.Errorf("%s %v: %s", c.action, c.params, diff)
		}
	}
}

func TestKeysThatCodeLists(t *testing.T) {
	keys := codeKeys(newKeyValues(t))
	for _, c := range []struct {
		prefix string
		limit  int
		want   []string
	}{
		{"", 2, []string{"bird", "deep.er.name"}},
		{"", 10, []string{"bird", "deep.er.name", "empty", "password"}},
		{"deep.", 10, []string{"deep.er.name"}},
		{"none", 10, []string{}},
	} {
		got, err := keys.List(t.Context(), c.prefix, c.limit)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", c.prefix, err, diff)
		}
	}
}
