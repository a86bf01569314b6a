package plugins_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/plugintest"
	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk/wire"
)

// newSDKWorld has the pack that the carriers' suite uses, written with the SDK.
func newSDKWorld(t *testing.T, change ...func(*plugins.Config)) *world {
	w := newWorld(t, append(change, func(c *plugins.Config) {
		c.Carriers = map[string]plugins.Carrier{
			core.RuntimeWASM: func(context.Context, plugins.Code) (plugins.Plugin, error) { return plugintest.InProcess(), nil },
		}
	})...)
	w.change(func() {
		w.pack = &core.Pack{Ref: specimen.Name, Digest: "d", Runtime: &core.Runtime{Type: core.RuntimeWASM}}
		w.settings.Values = json.RawMessage(`{"url":"https://example.com"}`)
	})
	return w
}

// result runs an action of the specimen and returns its result.
func (w *world) result(action string, params map[string]any) (core.Status, shape) {
	w.t.Helper()
	return w.run(context.Background(), func(c *core.Call) {
		c.Action = &core.Action{Pack: specimen.Name, Name: action, Runner: core.RuntimeWASM}
		c.Params = params
	})
}

func TestActionsOfTheSDK(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(rw, r, "http://169.254.169.254/latest", http.StatusFound)
			return
		}
		if r.URL.Path == "/" {
			http.Redirect(rw, r, "/there", http.StatusFound)
			return
		}
		fmt.Fprint(rw, "found "+r.Header.Get("X-Specimen"))
	}))
	t.Cleanup(s.Close)
	w := newSDKWorld(t, func(c *plugins.Config) {
		c.Waiting = 1
		c.RunAction = func(context.Context, plugins.RunRequest) (wire.RunReply, error) {
			return wire.RunReply{ID: "e2", Status: "succeeded", Result: json.RawMessage(`{"a":1}`)}, nil
		}
	})
	w.grant = core.Permissions{HTTP: []string{"*"}, Networks: []string{"127.0.0.0/8"}, Actions: []string{"core.*"}, Secrets: []string{"team.token"}}
	w.keys["team.token"] = plugins.Key{Value: "s3cret", Secret: true}
	for _, c := range []struct {
		action string
		params map[string]any
		status core.Status
		part   string
	}{
		{"keep", map[string]any{"key": "k"}, core.Succeeded, `gone:true keys:[k k.second]`},
		{"secret", map[string]any{"key": "team.token"}, core.Succeeded, `message:********`},
		{"secret", map[string]any{"key": "team.other"}, core.Failed, "permissions.secrets in pack.yaml does not name it"},
		{"fetch", map[string]any{"url": s.URL}, core.Succeeded, "at:" + s.URL + "/there body:found yes status:200"},
		{"fetch", map[string]any{"url": s.URL + "/away"}, core.Failed, "169.254.169.254 (a cloud's metadata)"},
		{"run", map[string]any{"action": "core.local"}, core.Succeeded, "id:e2 result:map[a:1] status:succeeded"},
		{"talk", map[string]any{"message": "hello"}, core.Succeeded, "HELLO"},
		{"fail", map[string]any{"message": "no luck"}, core.Failed, "message:so far: no luck"},
		{"panic", map[string]any{"message": "oh"}, core.Failed, "oh"},
		{"nowhere", nil, core.Failed, "nowhere"},
	} {
		status, got := w.result(c.action, c.params)
		if text := fmt.Sprintf("%+v", got); status != c.status || !strings.Contains(text, c.part) {
			t.Errorf("%s %v: %s %s, want %q", c.action, c.params, status, text, c.part)
		}
	}
	if k := w.keys[specimen.Name+".k"]; k.Value == "" {
		t.Errorf("keys %v", w.keys)
	}
}

func TestSensorOfTheSDK(t *testing.T) {
	w := newSDKWorld(t)
	f := newFeed()
	stop, _ := w.sense(core.Sensor{Pack: specimen.Name, Class: "counter", PollInterval: 0.001, TriggerTypes: []string{specimen.Name + ".counted"}}, f)
	for n := range 6 {
		b := soon(t, f.batches, "a batch")
		got := fmt.Sprintf("%s %s %s", b.Cursor, b.Events[0].Trigger, b.Events[0].Payload)
		if want := fmt.Sprintf(`{"n":%d} %s.counted {"n":%d,"turn":%d}`, n+1, specimen.Name, n, n/2+1); got != want {
			t.Errorf("batch %s, want %s", got, want)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
