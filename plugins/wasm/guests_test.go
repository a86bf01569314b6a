package wasm

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// assemblyScriptGuest is built offline by what .ci/deps has installed.
func assemblyScriptGuest(t testing.TB) []byte {
	t.Helper()
	return once(t, "assemblyscript", func(file string) *exec.Cmd {
		cmd := exec.Command("npm", "run", "--silent", "build", "--", "--outFile", file)
		cmd.Dir = "../../sdk/guests/assemblyscript"
		return cmd
	})
}

// TestGuests: the examples in sdk/guests do what their sources say.
func TestGuests(t *testing.T) {
	for _, g := range []struct {
		name  string
		build func(testing.TB) []byte
	}{{"hello_c", cGuest}, {"hello_as", assemblyScriptGuest}} {
		t.Run(g.name, func(t *testing.T) {
			e := open(t, Config{})
			p := load(t, e, g.build(t), core.Runtime{Reuse: true})
			pack, err := p.Describe(context.Background())
			if err != nil || pack.Name != g.name || pack.Version != wire.Version || len(pack.Actions) != 1 || pack.Actions[0].Name != "greet" {
				t.Errorf("it describes %+v, %v", pack, err)
			}
			h := newWorld()
			for count := 1; count <= 30; count++ { // often enough to find memory that is not given back
				r, err := call(t, p, h, `{"url": "http://example.com/motto", "name": "Zo\u00eb \"Z\" \ud83d\ude00\n"}`)
				if err != nil || r.Error != nil {
					t.Fatal(err, r.Error)
				}
				var got, want any
				want = map[string]any{"greeting": "Hello, Zoë \"Z\" 😀\n!", "count": float64(count), "page": "\"Be kind\"\n– ö 🐦"}
				if err := json.Unmarshal(r.Value, &got); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Fatal(d)
				}
			}
			if d := cmp.Diff([]string{"info: greeted"}, h.said[:1]); d != "" {
				t.Error(d)
			}
			r, err := call(t, p, h, `{"url": "http://169.254.169.254/", "name": "x"}`)
			if err != nil || r.Error == nil || r.Error.Kind != wire.Denied || !strings.Contains(r.Error.Message, "may not reach") {
				t.Errorf("what is denied: %v, %v", r.Error, err)
			}
			if err := p.Watch(context.Background(), wire.Watch{Sensor: "none"}, h); wire.KindOf(err) != wire.Invalid {
				t.Errorf("a sensor that is not there: %v", err)
			}
		})
	}
}

// TestCommand: the second door.
func TestCommand(t *testing.T) {
	e := open(t, Config{})
	p := load(t, e, hostile(t, "command_echo"), core.Runtime{})
	h := newWorld()
	r, err := call(t, p, h, `{"name":"Ann"}`)
	if err != nil || r.Error != nil {
		t.Fatal(err, r.Error)
	}
	var c wire.Call
	if err := json.Unmarshal(r.Value, &c); err != nil || c.Action != "greet" || string(c.Params) != `{"name":"Ann"}` {
		t.Errorf("it got %s, %v", r.Value, err)
	}
	if d := cmp.Diff([]string{"stderr: reading\n"}, h.said); d != "" {
		t.Error(d)
	}
	if pack, err := p.Describe(context.Background()); err != nil || pack.Name != "hello" || pack.Version != wire.Version {
		t.Errorf("it describes %+v, %v", pack, err)
	}
	err = p.Watch(context.Background(), wire.Watch{Sensor: "none"}, h)
	checkError(t, err, wire.Invalid, "those have no sensors")
}
