package pack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
)

const manifest = `---
name: Demo pack
description: shows things
version: 0.1.0
author: somebody
keywords: [demo]
python_versions: ["3"]
homepage: https://example.com
`

// files makes a pack of pack.yaml and name, text pairs.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

func TestReadWholePack(t *testing.T) {
	c, errs := pack.Read(files(
		"actions/run.yaml", "name: run\nrunner_type: local-shell-cmd\nparameters:\n  z: {type: string, position: 1}\n  a: {type: integer, default: 010, position: 0}\n  cmd: {immutable: true, default: 'x'}\nnotify: {on-success: {routes: [r]}}\ntags: [{name: t, value: v}]\noutput_schema: {type: object}\n",
		"actions/config.yaml", "not: metadata\n",
		"actions/lib/deep.yaml", "not: read\n",
		"actions/run.sh", "#!/bin/sh\n",
		"rules/hook.yml", "name: hook\nenabled: yes\ntrigger: {type: core.st2.webhook, parameters: {url: demo}}\ncriteria:\n  trigger.body.z: {type: equals, pattern: 1.0}\n  trigger.body.a: {type: exists, pattern: null}\naction: {ref: core.local, parameters: {cmd: 'echo {{ trigger.body }}', none: null}}\n",
		"triggers/t.yaml", "name: st2.kv.thing\nparameters_schema:\n  type: object\n  properties: {url: {type: string, required: true}}\n",
		"sensors/s.yaml", "class_name: S\nentry_point: s.py\npoll_interval: 10\ntrigger_types:\n  - name: seen\n    payload_schema: {type: object}\n",
		"aliases/a.yaml", "any: thing\n",
		"policies/p.yaml", "name: p\nresource_ref: other.run\npolicy_type: action.concurrency\nparameters: {threshold: 2}\n",
		"config.schema.yaml", "token: {type: string, secret: true, required: true}\n",
		"lib/x.pyc", "", ".git/HEAD", "",
	), "demo")
	if len(errs) > 0 || len(c.Warnings) > 0 {
		t.Fatal(errs, c.Warnings)
	}
	wantPack := core.Pack{Ref: "demo", Name: "Demo pack", Description: "shows things", Version: "0.1.0", Author: "somebody", Keywords: []string{"demo"},
		Extra: map[string]any{"python_versions": []any{"3"}, "homepage": "https://example.com"},
		Files: []string{"actions/config.yaml", "actions/lib/deep.yaml", "actions/run.sh", "actions/run.yaml", "aliases/a.yaml", "config.schema.yaml",
			"pack.yaml", "policies/p.yaml", "rules/hook.yml", "sensors/s.yaml", "triggers/t.yaml"}}
	if diff := cmp.Diff(wantPack, c.Pack); diff != "" {
		t.Error(diff)
	}
	a := c.Actions[0]
	got := fmt.Sprintf("%s %s %v %s %v", a.Ref(), a.Runner, a.Enabled, a.MetadataFile, a.Tags)
	if want := "demo.run local-shell-cmd true actions/run.yaml [{t v}]"; got != want || len(c.Actions) != 1 {
		t.Errorf("got %s of %d", got, len(c.Actions))
	}
	if raw, _ := a.Parameters.MarshalJSON(); string(raw) != `{"z":{"position":1,"type":"string"},"a":{"default":8,"position":0,"type":"integer"},"cmd":{"default":"x","immutable":true}}` {
		t.Errorf("parameters %s", raw)
	}
	r := c.Rules[0]
	if raw, _ := r.Criteria.MarshalJSON(); string(raw) != `{"trigger.body.z":{"type":"equals","pattern":1.0},"trigger.body.a":{"type":"exists"}}` {
		t.Errorf("criteria %s", raw)
	}
	got = fmt.Sprintf("%s %v %s %s %s %s", r.Ref(), r.Enabled, r.Type.Ref, r.Trigger.Parameters, r.Action.Ref, r.Action.Parameters)
	if want := `demo.hook true standard {"url":"demo"} core.local {"cmd":"echo {{ trigger.body }}","none":null}`; got != want {
		t.Errorf("got %s", got)
	}
	if len(c.TriggerTypes) != 2 || c.TriggerTypes[0].Ref() != "demo.st2.kv.thing" || !c.TriggerTypes[0].Parametrised() ||
		c.TriggerTypes[1].Ref() != "demo.seen" || c.TriggerTypes[1].Parametrised() || c.TriggerTypes[1].MetadataFile != "sensors/s.yaml" {
		t.Errorf("trigger types %+v", c.TriggerTypes)
	}
	wantSensor := []*core.Sensor{{Pack: "demo", Class: "S", EntryPoint: "s.py", PollInterval: 10, Enabled: true, Meant: true,
		TriggerTypes: []string{"demo.seen"}, MetadataFile: "sensors/s.yaml"}}
	if diff := cmp.Diff(wantSensor, c.Sensors); diff != "" {
		t.Error(diff)
	}
	wantPolicy := []*core.Policy{{Pack: "demo", Name: "p", Enabled: true, Action: "other.run", Type: core.ConcurrencyPolicy,
		Parameters: json.RawMessage(`{"threshold":2}`), MetadataFile: "policies/p.yaml"}}
	if diff := cmp.Diff(wantPolicy, c.Policies); diff != "" {
		t.Error(diff)
	}
	if s, ok := c.ConfigSchema.Get("token"); !ok || !s.Flag("secret") {
		t.Errorf("config schema %v", c.ConfigSchema)
	}
	if got := c.Place("actions/run.yaml", "parameters.z.position"); got != "demo/actions/run.yaml:4:21" {
		t.Errorf("position is at %s", got)
	}
}

func TestReadReportsEverythingAtOnce(t *testing.T) {
	c, errs := pack.Read(files(
		"actions/a.yaml", "name: a\nrunner_typ: noop\nparameters:\n  x: {type: string, requird: true}\n",
		"actions/b.yaml", "name: b\nrunner_type: noop\nenabled: maybe\n",
		"actions/c.yaml", "name: c\nrunner_type: noop\nentry_point: ../x.sh\nparameters:\n  x: {type: strin, position: 0}\n  y: {position: 2}\n",
		"actions/d.yaml", "name: d\n  runner_type: noop\n",
		"actions/e.yaml", "- name: e\n",
		"actions/f.yaml", "",
		"actions/g.yaml", "name: g\nrunner_type: noop\npack: other\n",
		"rules/r.yaml", "name: r\ntrigger: {parameters: {}}\naction: {ref: x, param: {}}\ntype: {ref: fallback}\n",
		"triggers/ok.yaml", "name: ok\n",
		"config.schema.yaml", "# nothing\n",
	), "demo")
	var got []string
	for _, err := range errs {
		if core.KindOf(err) != core.Invalid {
			t.Errorf("%v is of kind %v", err, core.KindOf(err))
		}
		got = append(got, err.Error())
	}
	want := []string{
		`demo/actions/a.yaml:1:1: "runner_type" is missing; an action needs it`,
		`demo/actions/a.yaml:2:1: "runner_typ" is not a key of an action; did you mean "runner_type"?`,
		`demo/actions/b.yaml:3:1: enabled: 'maybe' is not of type 'boolean', 'null'`,
		`demo/actions/c.yaml:3:1: entry_point "../x.sh" needs to be a plain path inside the pack's actions folder, such as run.sh or lib/run.sh`,
		`demo/actions/c.yaml:5:7: 'strin' is not a type; use one of array, boolean, integer, null, number, object, string`,
		`demo/actions/c.yaml:6:7: no parameter has position 1, between "x" and "y"; positions may leave no gap`,
		`demo/actions/d.yaml:2:3: mapping values are not allowed in this context`,
		`demo/actions/e.yaml:1:1: an action needs to be an object of key: value, got array`,
		`demo/actions/f.yaml:1:1: an action needs to be an object of key: value, got null`,
		`demo/actions/g.yaml:3:1: pack is "other", but this is pack "demo"; leave the key out`,
		`demo/rules/r.yaml:2:1: "type" is missing; "trigger" of a rule needs it`,
		`demo/rules/r.yaml:3:18: "param" is not a key of "action" of a rule; did you mean "parameters"?`,
		`demo/rules/r.yaml:4:8: type.ref: 'fallback' is not one of ['standard', 'backstop']`,
		`demo/config.schema.yaml:1:1: config.schema.yaml is empty; describe the configuration in it, or remove it`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(c.TriggerTypes) != 1 {
		t.Error("what is right was not read beside what is wrong")
	}
}

func TestReadWarns(t *testing.T) {
	c, errs := pack.Read(files(
		"actions/a.yaml", "name: a\nname: b\nrunner_type: noop\ntags: [{name: n, valu: v}]\n",
		"actions/b.yaml", "name: b\nrunner_type: noop\n",
		"rules/r.yaml", "name: r\ntrigger: {type: x, paramters: {}}\naction: {ref: x}\ncriteria:\n  trigger.a: {type: eq, pattern: 1, patern: 2}\n",
		"triggers/t.yaml", "name: t\npayload_schema: {type: text}\n",
	), "demo")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want := []string{
		`demo/triggers/t.yaml:2:1: payload_schema: 'text' is not a type; use one of array, boolean, integer, null, number, object, string; what is checked against it will be refused`,
		`demo/actions/a.yaml:2:1: the key "name" is given twice; the last value counts`,
		`demo/actions/a.yaml:4:18: "tags.0.valu" means nothing here and is ignored; did you mean "value"?`,
		`demo/rules/r.yaml:2:20: "trigger.paramters" means nothing here and is ignored; did you mean "parameters"?`,
		`demo/rules/r.yaml:5:37: "criteria.trigger.a.patern" means nothing here and is ignored; did you mean "pattern"?`,
		`demo/actions/b.yaml:1:1: action "b" is defined in actions/a.yaml already; this definition counts`,
	}
	if diff := cmp.Diff(want, c.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestReadPackYAML(t *testing.T) {
	for _, c := range []struct{ dir, text, ref, want string }{
		{"demo", "", "demo", ""},
		{"Demo-Pack", "ref: demo_2\n", "demo_2", ""},
		{"Demo-Pack", "name: fine\n", "fine", ""},
		{"Demo-Pack", "", "", `"Demo-Pack" cannot be the reference of a pack`},
		{"demo", "ref: A.B\n", "", `"A.B" cannot be the reference of a pack`},
		{"demo", "ref: _global\n", "", `"_global" cannot be the reference of a pack`},
		{"demo", "version: 0.2\n", "demo", `version "0.2" needs three numbers, such as 1.0.0`},
		{"demo", "version: 1.0.0-rc.1+5\n", "demo", ""},
		{"demo", "version: null\n", "", `None is not valid under any of the given schemas`},
		{"demo", "stackstorm_version: '>=3.1.0, <4.0.0'\n", "demo", ""},
		{"demo", "stackstorm_version: latest\n", "", `'latest' does not match`},
		{"demo", "python_versions: ['4']\n", "", `'4' is not one of ['2', '3']`},
		{"demo", "author: 5\n", "", `author: 5 is not of type 'string'`},
		{"demo", "description: null\n", "", `description: None is not of type 'string'`},
	} {
		fsys := files()
		fsys["pack.yaml"].Data = []byte(manifest + c.text)
		content, errs := pack.Read(fsys, c.dir)
		if joined := fmt.Sprint(errors.Join(errs...)); c.want == "" && len(errs) > 0 || !strings.Contains(joined, c.want) {
			t.Errorf("%s %q: got %v, want %s", c.dir, c.text, errs, c.want)
		}
		if c.ref != "" && (content == nil || content.Pack.Ref != c.ref) {
			t.Errorf("%s %q: got %+v", c.dir, c.text, content)
		}
	}
	if c, errs := pack.Read(fstest.MapFS{}, "empty"); c != nil || len(errs) != 1 || errs[0].Error() != "empty is no pack: it holds no pack.yaml" {
		t.Errorf("got %v %v", c, errs)
	}
}
