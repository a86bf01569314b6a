// Package sdktest runs a pack inside a test, through the wire that carries it in
// production, with a host whose key-value store, secrets, clock and web are the test's.
//
//	func TestGreet(t *testing.T) {
//		var got Reply
//		sdktest.Run(t, pack).Action("greet", Greeting{Name: "Ann"}).Decode(&got)
//		if got.Text != "Hello, Ann" {
//			t.Errorf("got %q", got.Text)
//		}
//	}
//
// HTTP requests are answered by the test ([Site]) or from a file ([Recorded]), which
// `go test -update` writes with what the real servers answer.
package sdktest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/wire"
)

// World is a pack and the host around it, for one test. What the pack stores and emits
// lasts from one call to the next.
type World struct {
	*Host
	t      testing.TB
	handle sdk.Handler
	pack   wire.Pack
}

// Run makes a World. A pack that is declared wrongly fails the test.
func Run(t testing.TB, p *sdk.Pack, options ...Option) *World {
	t.Helper()
	w := &World{Host: NewHost(t, options...), t: t, handle: OverWire(sdk.Handle(p))}
	r := w.handle(t.Context(), wire.Request{Version: wire.Version, Method: wire.Describe}, w.Do)
	if r.Error != nil {
		t.Fatal(r.Error.Message)
	}
	w.pack = *r.Pack
	return w
}

// Describe is what the pack brings.
func (w *World) Describe() wire.Pack { return w.pack }

// Action carries out an action. Params is the action's own struct, whose zero fields are
// taken as not given, or a map of exactly what is given; nil for nothing. Parameters that
// the action does not have fail the test.
func (w *World) Action(name string, params any) Outcome {
	w.t.Helper()
	return w.ActionContext(w.t.Context(), name, params)
}

// ActionContext is Action that ends with ctx.
func (w *World) ActionContext(ctx context.Context, name string, params any) Outcome {
	w.t.Helper()
	raw, err := given(params)
	if err != nil {
		w.t.Fatalf("the parameters of %s: %v", name, err)
	}
	w.known(name, raw)
	call := wire.Call{ID: "1", Action: name, Pack: w.pack.Name, Params: raw, Config: w.config, User: "tester"}
	if deadline, ok := ctx.Deadline(); ok {
		call.Deadline = deadline
	}
	r := w.handle(ctx, wire.Request{Version: wire.Version, Method: wire.Invoke, Call: &call}, w.Do)
	if r.Result != nil {
		return Outcome{t: w.t, action: name, Value: r.Result.Value, Err: r.Result.Error}
	}
	return Outcome{t: w.t, action: name, Err: r.Error}
}

// given is what params give: of a struct the fields that are not zero.
func given(params any) (json.RawMessage, error) {
	if params == nil {
		return json.RawMessage("{}"), nil
	}
	raw, err := json.Marshal(params)
	t := reflect.TypeOf(params)
	if err != nil || t.Kind() != reflect.Struct {
		return raw, err
	}
	nothing, err := json.Marshal(reflect.Zero(t).Interface())
	if err != nil {
		return nil, err
	}
	var all, zero map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(raw, &all), json.Unmarshal(nothing, &zero)); err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(name string, value json.RawMessage) bool { return bytes.Equal(value, zero[name]) })
	return json.Marshal(all)
}

// known fails the test when a parameter is none of the action's.
func (w *World) known(action string, params json.RawMessage) {
	w.t.Helper()
	var given, has map[string]json.RawMessage
	if err := json.Unmarshal(params, &given); err != nil {
		w.t.Fatalf("the parameters of %s are no object: %s", action, params)
	}
	for _, a := range w.pack.Actions {
		if a.Name != action {
			continue
		}
		if len(a.Parameters) > 0 {
			if err := json.Unmarshal(a.Parameters, &has); err != nil {
				w.t.Fatalf("the schema of %s: %v", action, err)
			}
		}
		for name := range given {
			if _, ok := has[name]; !ok {
				w.t.Fatalf("the action %s has no parameter %q", action, name)
			}
		}
	}
}

// Outcome is how an action ended.
type Outcome struct {
	Value json.RawMessage
	Err   *wire.Error // nil when it succeeded

	t      testing.TB
	action string
}

// Decode reads the result into what into points to. An action that failed, or a result
// that does not fit, fails the test.
func (o Outcome) Decode(into any) {
	o.t.Helper()
	if o.Err != nil {
		o.t.Fatalf("%s failed: %s: %s\n%s", o.action, o.Err.Kind, o.Err.Message, o.Err.Trace)
	}
	d := json.NewDecoder(bytes.NewReader(o.Value))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		o.t.Fatalf("the result of %s: %v in %s", o.action, err, o.Value)
	}
}

// Fails wants a failure of the kind, whose message has text in it.
func (o Outcome) Fails(kind sdk.Kind, text string) {
	o.t.Helper()
	switch {
	case o.Err == nil:
		o.t.Errorf("%s succeeded with %s, want a failure of kind %s", o.action, o.Value, kind)
	case o.Err.Kind != kind || !strings.Contains(o.Err.Message, text):
		o.t.Errorf("%s failed with %s: %s; want %s with %q in it", o.action, o.Err.Kind, o.Err.Message, kind, text)
	}
}
