package plugins_test

import (
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

func TestMetadataAndCodeAgree(t *testing.T) {
	told := wire.Pack{
		Version: 1, Name: "hello", Actions: []wire.Action{{Name: "greet"}, {Name: "hidden"}},
		Sensors: []wire.Sensor{{Name: "Door", Triggers: []string{"opened"}, Interval: 5}, {Name: "Bell", Triggers: []string{"rung"}}},
	}
	greet := &core.Action{Pack: "hello", Name: "greet", Runner: core.RuntimeWASM, MetadataFile: "actions/greet.yaml"}
	door := &core.Sensor{Pack: "hello", Class: "Door", TriggerTypes: []string{"hello.opened"}, EntryPoint: "hello.wasm", PollInterval: 10}
	for name, c := range map[string]struct {
		change func(*wire.Pack, *plugins.Content)
		want   []string // parts of the error; none: no error
	}{
		"agree": {func(*wire.Pack, *plugins.Content) {}, nil},
		"other runners": {func(_ *wire.Pack, c *plugins.Content) {
			c.Actions = append(c.Actions, &core.Action{Name: "script", Runner: "local-shell-script"}, &core.Action{Name: "flow", Runner: "orquesta", EntryPoint: "f.yaml"})
			c.Sensors = append(c.Sensors, &core.Sensor{Class: "Old", EntryPoint: "old.py"})
		}, nil},
		"actions": {func(_ *wire.Pack, c *plugins.Content) {
			for _, name := range []string{"greet2", "greet3"} {
				a := *greet
				a.Name, a.MetadataFile = name, name+".yaml"
				c.Actions = append(c.Actions, &a)
			}
		}, []string{`greet2.yaml: hello.wasm has no action "greet2"; it has greet, hidden`, `"greet3"`}},
		"none":   {func(p *wire.Pack, _ *plugins.Content) { p.Actions = nil }, []string{`no action "greet"; it has none`}},
		"sensor": {func(p *wire.Pack, _ *plugins.Content) { p.Sensors = p.Sensors[1:] }, []string{`no sensor "Door"; it has Bell`}},
		"passive": {func(p *wire.Pack, _ *plugins.Content) {
			p.Sensors = []wire.Sensor{{Name: "Door", Triggers: []string{"opened"}}}
		}, []string{"poll_interval is 10", "passive"}},
		"trigger": {func(p *wire.Pack, _ *plugins.Content) {
			p.Sensors = []wire.Sensor{{Name: "Door", Triggers: []string{"opened", "closed"}, Interval: 1}}
		}, []string{"raises closed"}},
		"name":    {func(p *wire.Pack, _ *plugins.Content) { p.Name = "bye" }, []string{`the pack "bye", not of "hello"`}},
		"version": {func(p *wire.Pack, _ *plugins.Content) { p.Version = 2 }, []string{"version 2", "version 1"}},
		"no file": {func(_ *wire.Pack, c *plugins.Content) {
			c.Pack = &core.Pack{Ref: "hello", Runtime: &core.Runtime{Type: core.RuntimeWASM, Module: "x.wasm"}}
		}, []string{"x.wasm"}},
		"origin": {func(_ *wire.Pack, c *plugins.Content) {
			c.Pack = &core.Pack{Ref: "hello", Runtime: c.Pack.Runtime, Permissions: &core.Permissions{HTTP: []string{"https://127.1"}}}
		}, []string{`permissions.http: "https://127.1"`}},
		"no command": {func(_ *wire.Pack, c *plugins.Content) {
			c.Actions = []*core.Action{{Pack: "hello", Name: "c", Runner: core.RuntimeWASM, EntryPoint: "c.wasm"}}
		}, []string{"actions/c.wasm"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p, content := told, plugins.Content{Pack: w.pack, Actions: []*core.Action{greet}, Sensors: []*core.Sensor{door}}
			c.change(&p, &content)
			w.next.describe = func() wire.Pack { return p }
			err := w.loader.Check(t.Context(), w.dir, content)
			if err == nil != (len(c.want) == 0) || err != nil && core.KindOf(err) != core.Invalid {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want %q", err, part)
				}
			}
			for len(w.opened) > 0 {
				soon(t, (<-w.opened).closed, "the closing")
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	w := newWorld(t)
	w.next.describe = func() wire.Pack { return wire.Pack{Name: "hello"} }
	for range 2 {
		if p, err := w.loader.Describe(t.Context(), "hello"); err != nil || p.Name != "hello" {
			t.Errorf("%+v, %v", p, err)
		}
	}
	if _, err := w.loader.Describe(t.Context(), "bye"); core.KindOf(err) != core.NotFound {
		t.Errorf("got %v", err)
	}
	w.change(func() { w.pack = &core.Pack{Ref: "hello"} })
	if _, err := w.loader.Describe(t.Context(), "hello"); core.KindOf(err) != core.Invalid {
		t.Errorf("got %v", err)
	}
}
