package frame_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/petrelhq/petrel/sdk/internal/frame"
	"github.com/petrelhq/petrel/sdk/wire"
)

// TestRequest reads what encoding/json reads, in requests in which every member is set.
func TestRequest(t *testing.T) {
	call := &wire.Call{ID: "1", Action: "a", Pack: "p", Params: json.RawMessage(`{"x":[1]}`), Config: json.RawMessage(`{}`), User: "u", Deadline: time.Unix(7, 0).UTC()}
	watch := &wire.Watch{Sensor: "s", Pack: "p", Cursor: json.RawMessage(`3`), Triggers: []wire.Trigger{{Ref: "p.r", Type: "p.t"}}, Config: json.RawMessage(`{}`)}
	for _, r := range []wire.Request{
		{}, {Version: 1, Method: wire.Describe}, {Version: 1, Method: wire.Invoke, Call: call},
		{Version: 1, Method: wire.Observe, Watch: watch}, {Version: 2, Method: "x", Call: call, Watch: watch},
	} {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := frame.Request(raw); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%s: %+v, %v", raw, got, err)
		}
	}
	if n := reflect.TypeFor[wire.Request]().NumField(); n != 4 {
		t.Errorf("a wire.Request has %d members by now: package frame and this test know 4", n)
	}
	for _, raw := range []string{``, `[]`, `{"version":"1"}`, `{"call":5}`, `{"watch":[]}`} {
		if _, err := frame.Request([]byte(raw)); err == nil {
			t.Errorf("%q is a request", raw)
		}
	}
	if got, err := frame.Request([]byte(`{"call":null,"more":{}}`)); err != nil || got.Call != nil {
		t.Errorf("a call that is null: %+v, %v", got, err)
	}
}

// TestResponse writes what encoding/json writes.
func TestResponse(t *testing.T) {
	pack, failure := &wire.Pack{Version: 1, Name: "<p>"}, &wire.Error{Kind: wire.Failed, Message: "no"}
	result := &wire.Result{Value: json.RawMessage(`[1]`), Error: failure}
	for _, r := range []wire.Response{{}, {Pack: pack}, {Result: result}, {Error: failure}, {Pack: pack, Result: result, Error: failure}} {
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := frame.Response(r); err != nil || string(got) != string(want) {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	if n := reflect.TypeFor[wire.Response]().NumField(); n != 3 {
		t.Errorf("a wire.Response has %d members by now: package frame and this test know 3", n)
	}
	if _, err := frame.Response(wire.Response{Result: &wire.Result{Value: json.RawMessage(`{`)}}); err == nil {
		t.Error("a value that is no JSON was written")
	}
}
