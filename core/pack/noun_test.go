package pack_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
)

func TestRequestsAreRefusedInStackStormsWords(t *testing.T) {
	parse := map[string]func(string) error{
		"rule":         func(text string) error { _, err := pack.ParseRule([]byte(text), ""); return err },
		"action":       func(text string) error { _, err := pack.ParseAction([]byte(text), ""); return err },
		"trigger type": func(text string) error { _, err := pack.ParseTriggerType([]byte(text), ""); return err },
	}
	const fine = `"trigger": {"type": "x"}, "action": {"ref": "x"}`
	for _, c := range []struct{ noun, text, want string }{
		{"rule", `{"trigger": {"type": "x"}, "action": {"ref": "x"}}`, `'name' is a required property`},
		{"rule", `{"name": "r", "action": {"ref": "x"}}`, `'trigger' is a required property`},
		{"rule", `{"name": "r", "trigger": {"type": "x"}}`, `'action' is a required property`},
		{"rule", `{"name": "r", "trigger": {}, "action": {"ref": "x"}}`, `'type' is a required property`},
		{"rule", `{"name": "r", "x": 1, ` + fine + `}`, `Additional properties are not allowed ('x' was unexpected)`},
		{"rule", `{"name": 5, ` + fine + `}`, `5 is not of type 'string'`},
		{"rule", `{"name": "r", "enabled": "x", ` + fine + `}`, `'x' is not of type 'boolean', 'null'`},
		{"rule", `{"name": "r", "criteria": {"a": 5}, ` + fine + `}`, `5 is not of type 'object'`},
		{"rule", `{"name": "r", "trigger": {"type": "x"}, "action": {"ref": "x", "y": 1}}`, `Additional properties are not allowed ('y' was unexpected)`},
		{"rule", `[]`, `Input body needs to be an object, got: array`},
		{"rule", `{"name": }`, `Failed to parse request body: invalid character '}' looking for beginning of value`},
		{"action", `{"name": "a"}`, `'runner_type' is a required property`},
		{"action", `{"name": "a", "runner_type": "noop", "timeout": 5}`, `Additional properties are not allowed ('timeout' was unexpected)`},
		{"action", `{"name": "a", "runner_type": "noop", "parameters": {"p": {"typ": "string"}}}`, `parameter "p" has the unknown attribute "typ"; did you mean "type"?`},
		{"action", `{"name": "a", "runner_type": "noop", "notify": {"on-complet": {}}}`, `Additional properties are not allowed ('on-complet' was unexpected)`},
		{"trigger type", `{}`, `'name' is a required property`},
	} {
		err := parse[c.noun](c.text)
		if err == nil || err.Error() != c.want || core.KindOf(err) != core.Invalid {
			t.Errorf("%s %s\ngot  %v\nwant %s", c.noun, c.text, err, c.want)
		}
	}
}

func TestParseFillsDefaults(t *testing.T) {
	r, err := pack.ParseRule([]byte(`{"id": "1", "uid": "rule:x", "ref": "x.r", "metadata_file": "rules/x.yaml", "name": "r", "description": null, "enabled": null,
		"trigger": {"type": "core.st2.webhook", "parameters": {"n": 9007199254740993}}, "action": {"ref": "core.local", "parameters": null}}`), "")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(r)
	want := `{"id":"","pack":"default","name":"r","enabled":false,"type":{"ref":"standard","parameters":{}},` +
		`"trigger":{"type":"core.st2.webhook","parameters":{"n":9007199254740993},"ref":""},"criteria":{},"action":{"ref":"core.local"},"context":{}}`
	if err != nil || string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
	a, err := pack.ParseAction([]byte(`{"name": "a", "runner_type": "noop", "pack": "mine"}`), "")
	if err != nil || !a.Enabled || a.Pack != "mine" {
		t.Errorf("%+v %v", a, err)
	}
	tt, err := pack.ParseTriggerType([]byte(`{"name": "t", "payload_schema": {"maximum": 9007199254740993}}`), "")
	if err != nil || tt.Parameters == nil || tt.Payload["maximum"] != json.Number("9007199254740993") {
		t.Errorf("%+v %v", tt, err)
	}
}

func TestParseFileTellsAllFaultsWithTheirPlace(t *testing.T) {
	_, err := pack.ParseRule([]byte("nam: r\ntriger:\n  type: x\naction: {ref: core.noop}\n"), "hook.yaml")
	want := strings.Join([]string{
		`hook.yaml:1:1: "nam" is not a key of a rule; did you mean "name"?`,
		`hook.yaml:1:1: "name" is missing; a rule needs it`,
		`hook.yaml:1:1: "trigger" is missing; a rule needs it`,
		`hook.yaml:2:1: "triger" is not a key of a rule; did you mean "trigger"?`,
	}, "\n")
	if got := sorted(err.Error()); got != want || core.KindOf(err) != core.Invalid {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if r, err := pack.ParseRule([]byte("name: r\ntrigger: {type: x}\naction: {ref: core.noop}\n"), "hook.yaml"); err != nil || r.Ref() != "default.r" {
		t.Errorf("%+v %v", r, err)
	}
}

func sorted(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func FuzzParseRule(f *testing.F) {
	f.Add("name: r\ntrigger: {type: x}\naction: {ref: y}\ncriteria: {a: {type: eq, pattern: 1}}\n", "r.yaml")
	f.Add(`{"name": "r", "trigger": {"type": "x"}, "action": {"ref": "y"}}`, "")
	f.Fuzz(func(t *testing.T, text, file string) {
		r, err := pack.ParseRule([]byte(text), file)
		if (r == nil) == (err == nil) {
			t.Fatalf("%+v %v", r, err)
		}
		if err != nil {
			if core.KindOf(err) != core.Invalid {
				t.Errorf("%v is of kind %v", err, core.KindOf(err))
			}
			return
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
