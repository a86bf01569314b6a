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
	"github.com/petrelhq/petrel/sdk/wire"
)

func TestOwnKeys(t *testing.T) {
	w := newWorld(t)
	w.answered(wire.OpKV, wire.KV{Do: "get", Key: "a"}, `{"found":false}`)
	w.answered(wire.OpKV, wire.KV{Do: "set", Key: "a", Value: "1", TTL: 60}, `{"found":false}`)
	w.answered(wire.OpKV, wire.KV{Do: "set", Key: "system:hello.b", Value: "2", Secret: true}, `{"found":false}`)
	w.answered(wire.OpKV, wire.KV{Do: "get", Key: "b"}, `{"found":true,"value":"2"}`)
	w.answered(wire.OpKV, wire.KV{Do: "list", Key: ""}, `{"found":false,"keys":["a","b"]}`)
	w.answered(wire.OpKV, wire.KV{Do: "list", Key: "system:hello.a"}, `{"found":false,"keys":["system:hello.a"]}`)
	w.answered(wire.OpSecret, wire.Secret{Name: "hello.b"}, `{"value":"2"}`)
	w.answered(wire.OpKV, wire.KV{Do: "delete", Key: "a"}, `{"found":true}`)
	w.answered(wire.OpKV, wire.KV{Do: "delete", Key: "a"}, `{"found":false}`)
	if len(w.keys) != 1 || !w.keys["hello.b"].Secret {
		t.Errorf("keys %v", w.keys)
	}
	if used := w.loader.Used("hello"); len(used) > 0 {
		t.Errorf("used %v", used)
	}
}

func TestOtherKeysNeedPermission(t *testing.T) {
	w := newWorld(t)
	w.keys = map[string]plugins.Key{"team.a": {Value: "1"}, "team.b": {Value: "hidden", Secret: true}, "hellos.x": {Value: "2"}, "one": {Value: "3"}}
	denied := []wire.KV{
		{Do: "get", Key: "system:team.a"}, {Do: "get", Key: "system:hellos.x"}, {Do: "get", Key: "system:hello"}, {Do: "list", Key: "system:"},
		{Do: "list", Key: "system:hello"}, {Do: "set", Key: "system:team.a"}, {Do: "delete", Key: "system:team.a"}, {Do: "get", Key: "system:"},
	}
	for _, kv := range denied[:len(denied)-1] {
		w.refused(wire.OpKV, kv, wire.Denied, "kv.")
	}
	w.refused(wire.OpKV, denied[len(denied)-1], wire.Invalid, "name")
	w.grant = core.Permissions{KV: core.KVAccess{Read: []string{"team.*", "one"}, Write: []string{"one"}}}
	w.answered(wire.OpKV, wire.KV{Do: "get", Key: "system:team.a"}, `{"found":true,"value":"1"}`)
	w.answered(wire.OpKV, wire.KV{Do: "list", Key: "system:team."}, `{"found":false,"keys":["system:team.a","system:team.b"]}`)
	w.refused(wire.OpKV, wire.KV{Do: "list", Key: "system:team"}, wire.Denied, "kv.read")
	w.refused(wire.OpKV, wire.KV{Do: "list", Key: "system:one"}, wire.Denied, "kv.read")
	w.refused(wire.OpKV, wire.KV{Do: "get", Key: "system:one2"}, wire.Denied, "kv.read")
	w.refused(wire.OpKV, wire.KV{Do: "set", Key: "system:team.a"}, wire.Denied, "kv.write")
	w.answered(wire.OpKV, wire.KV{Do: "delete", Key: "system:one"}, `{"found":true}`)
	w.refused(wire.OpKV, wire.KV{Do: "get", Key: "system:team.b"}, wire.Denied, "secrets")
	w.refused(wire.OpSecret, wire.Secret{Name: "team.b"}, wire.Denied, "secrets")
	w.grant.Secrets = []string{"team.*"}
	w.answered(wire.OpKV, wire.KV{Do: "get", Key: "system:team.b"}, `{"found":true,"value":"hidden"}`)
	w.answered(wire.OpSecret, wire.Secret{Name: "team.b"}, `{"value":"hidden"}`)
	w.refused(wire.OpSecret, wire.Secret{Name: "team.a"}, wire.Invalid, "no secret: read it as a key, or set it as a secret: petrel key set -e team.a VALUE")
	w.refused(wire.OpSecret, wire.Secret{Name: "team.c"}, wire.NotFound, "petrel key set -e team.c VALUE")
	w.refused(wire.OpSecret, wire.Secret{}, wire.Invalid, "name")
	w.grant = core.Permissions{} // taken back
	w.refused(wire.OpSecret, wire.Secret{Name: "team.b"}, wire.Denied, "secrets")
}

func TestLimitsOfKeys(t *testing.T) {
	w := newWorld(t)
	w.refused(wire.OpKV, wire.KV{Do: "get", Key: strings.Repeat("k", 600)}, wire.Invalid, "512")
	w.refused(wire.OpKV, wire.KV{Do: "set", Key: "a", Value: strings.Repeat("v", 2<<20)}, wire.TooLarge, "1048576")
	w.refused(wire.OpKV, wire.KV{Do: "set", Key: "a", TTL: -1}, wire.Invalid, "ttl")
	w.refused(wire.OpKV, wire.KV{Do: "set", Key: "a", TTL: 1 << 40}, wire.Invalid, "ttl")
	w.refused(wire.OpKV, wire.KV{Do: "drop", Key: "a"}, wire.Invalid, "do")
	w.refused(wire.OpKV, wire.KV{Do: "set"}, wire.Invalid, "name")
	if len(w.keys) > 0 {
		t.Errorf("set %v", w.keys)
	}
}

func TestHTTP(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.Write([]byte("hi")) }))
	t.Cleanup(s.Close)
	w := newWorld(t)
	ask := wire.HTTP{Method: "GET", URL: s.URL}
	w.refused(wire.OpHTTP, ask, wire.Denied, "http")
	w.grant = core.Permissions{HTTP: []string{s.URL}}
	w.refused(wire.OpHTTP, ask, wire.Denied, "networks")
	w.grant.Networks = []string{"127.0.0.0/8"}
	var reply wire.HTTPReply
	if r := w.ask(wire.OpHTTP, ask); r.Error != nil || json.Unmarshal(r.Body, &reply) != nil || string(reply.Body) != "hi" {
		t.Errorf("got %+v", r)
	}
	w.grant.HTTP = []string{"nonsense"}
	w.refused(wire.OpHTTP, ask, wire.Invalid, "nonsense")
	var got []string
	for _, u := range w.loader.Used("hello") {
		if !u.Last.Equal(w.now) {
			t.Errorf("used %+v", u)
		}
		got = append(got, fmt.Sprint(u.Permission, " ", u.Entry, " ", u.Count))
	}
	if text := strings.Join(got, ", "); text != "http  1, http "+s.URL+" 2, networks  1, networks 127.0.0.0/8 1" {
		t.Errorf("used %s", text)
	}
}

func TestEventsOfActions(t *testing.T) {
	w := newWorld(t)
	event := func(trigger string) wire.Batch {
		return wire.Batch{Events: []wire.Event{{Trigger: trigger, Payload: json.RawMessage(`{"a":1}`), TraceTag: "t"}}}
	}
	w.answered(wire.OpEmit, event("seen"), "")
	w.answered(wire.OpEmit, event("hello.seen"), "")
	w.answered(wire.OpEmit, wire.Batch{}, "")
	w.refused(wire.OpEmit, event("other.seen"), wire.Denied, "events")
	w.refused(wire.OpEmit, event(""), wire.Invalid, "trigger")
	w.refused(wire.OpEmit, wire.Batch{Cursor: json.RawMessage(`1`)}, wire.Invalid, "cursor")
	w.refused(wire.OpEmit, wire.Batch{Events: make([]wire.Event, 1001)}, wire.TooLarge, "1000")
	w.grant.Events = []string{"other.seen"}
	w.answered(wire.OpEmit, event("other.seen"), "")
	var got []string
	for _, e := range w.injected {
		got = append(got, e.Trigger+" "+string(e.Payload)+" "+e.TraceTag)
	}
	if text := strings.Join(got, ", "); text != `hello.seen {"a":1} t, hello.seen {"a":1} t, other.seen {"a":1} t` {
		t.Errorf("raised %s", text)
	}
}

func TestRunningActions(t *testing.T) {
	above, asked := 0, make(chan plugins.RunRequest, 1)
	w := newWorld(t, func(c *plugins.Config) {
		c.Waiting = 1
		c.Above = func(context.Context, string, int) (int, error) { return above, nil }
		c.RunAction = func(_ context.Context, r plugins.RunRequest) (wire.RunReply, error) {
			asked <- r
			return wire.RunReply{ID: "e2", Status: "failed", Result: json.RawMessage(`1`)}, nil
		}
	})
	ask := wire.Run{Action: "core.local", Params: json.RawMessage(`{"cmd":"x"}`)}
	w.refused(wire.OpRun, ask, wire.Denied, "actions")
	w.refused(wire.OpRun, wire.Run{Action: "local"}, wire.Invalid, "reference")
	w.grant.Actions = []string{"hello.*", "core.local"}
	w.answered(wire.OpRun, ask, `{"id":"e2","status":"failed","result":1}`)
	if r := soon(t, asked, "the run"); r.Pack != "hello" || r.Execution != "e1" || r.User != "ada" || r.Action != "core.local" || string(r.Params) != `{"cmd":"x"}` {
		t.Errorf("asked %+v", r)
	}
	w.answered(wire.OpRun, wire.Run{Action: "hello.greet.again"}, `{"id":"e2","status":"failed","result":1}`)
	<-asked
	w.refused(wire.OpRun, wire.Run{Action: "core.local2"}, wire.Denied, "actions")
	above = 10
	w.refused(wire.OpRun, ask, wire.Denied, "call itself")
}

// The workers of a server can never all wait for each other.
func TestOnlySomeActionsWait(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(c *plugins.Config) {
		c.Waiting = 1
		c.RunAction = func(context.Context, plugins.RunRequest) (wire.RunReply, error) {
			started <- struct{}{}
			<-release
			return wire.RunReply{}, nil
		}
	})
	w.grant.Actions = []string{"core.local"}
	replies := make(chan wire.Reply, 2)
	w.does(func(ctx context.Context, _ wire.Call, h plugins.Host) (wire.Result, error) {
		replies <- h.Do(ctx, opOf(wire.OpRun, wire.Run{Action: "core.local"}))
		return wire.Result{}, nil
	})
	over := make(chan struct{})
	go func() { defer close(over); w.action(context.Background()) }()
	soon(t, started, "the first run")
	w.run(t.Context())
	if r := soon(t, replies, "the second reply"); r.Error == nil || !strings.Contains(r.Error.Message, "1 actions of this server wait") {
		t.Errorf("the second got %+v", r)
	}
	close(release)
	if r := soon(t, replies, "the first reply"); r.Error != nil {
		t.Error(r.Error)
	}
	soon(t, over, "the end")
}

func TestConfigAndClock(t *testing.T) {
	w := newWorld(t)
	w.answered(wire.OpConfig, nil, `{}`)
	w.settings.Values = json.RawMessage(`{"a":1}`)
	w.answered(wire.OpConfig, nil, `{"a":1}`)
	w.answered(wire.OpClock, nil, `{"unix_nano":1000000000000000000}`)
	w.answered(wire.OpSleep, wire.Sleep{Nanoseconds: 1}, "")
}

// What goes wrong inside the server is logged, not told.
func TestInternalErrors(t *testing.T) {
	w := newWorld(t, func(c *plugins.Config) {
		c.Keys.Get = func(context.Context, string) (plugins.Key, error) { return plugins.Key{}, context.DeadlineExceeded }
	})
	w.refused(wire.OpKV, wire.KV{Do: "get", Key: "a"}, wire.Failed, "internal error")
	if !strings.Contains(w.log.String(), "deadline exceeded") {
		t.Errorf("logged %s", w.log)
	}
}

// Code that was left behind when its call ended can do nothing any more.
func TestNothingIsDoneAfterTheEnd(t *testing.T) {
	w := newWorld(t)
	var left plugins.Host
	w.does(func(_ context.Context, _ wire.Call, h plugins.Host) (wire.Result, error) {
		left = h
		return wire.Result{}, nil
	})
	out := &printedOutput{}
	w.run(t.Context(), func(c *core.Call) { c.Output = out })
	for _, op := range []wire.Op{opOf(wire.OpKV, wire.KV{Do: "set", Key: "a"}), opOf(wire.OpOutput, wire.Output{Stream: "stdout", Text: "x"})} {
		if r := left.Do(t.Context(), op); r.Error == nil || r.Error.Kind != wire.Canceled {
			t.Errorf("%s: %+v", op.Name, r)
		}
	}
	if len(w.keys) > 0 || out.stdout.String() != "" {
		t.Errorf("set %v, printed %q", w.keys, out.stdout.String())
	}
}
