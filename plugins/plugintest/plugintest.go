// Package plugintest is the suite that everything passes that carries packs' code.
//
// Each promise of plugins.Plugin is one test, opened on a plugin of its own, which carries
// the pack of package specimen: from a module of [BuildWASM], from an executable of
// [BuildNative], or as [InProcess]. Tests that a carrier must do more than this (survive
// hostile code, say) are the carrier's own.
package plugintest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk/wire"
)

// Opener loads the pack. The suite closes it; what else there is to free ends with t.
type Opener = func(t *testing.T) plugins.Plugin

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	for _, group := range []struct {
		name  string
		tests []promise
	}{
		{"describe", descriptions},
		{"call", calls},
		{"host", services},
		{"end", endings},
		{"watch", watches},
		{"close", closings},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, p := range group.tests {
				t.Run(p.name, func(t *testing.T) { p.test(newSubject(t, open)) })
			}
		})
	}
	t.Run("leaks", func(t *testing.T) { leaks(t, open) })
}

// A promise is one test of the suite.
type promise struct {
	name string
	test func(s *subject)
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// soon is how long a plugin may take to return when its context is done: a second, and
// twice that for a machine that is busy.
const soon = 3 * time.Second

// brief is how long a test watches for what must not come.
const brief = 50 * time.Millisecond

// A subject is a plugin under test with the words tests speak in.
type subject struct {
	*testing.T
	plugins.Plugin
	ctx context.Context
}

func newSubject(t *testing.T, open Opener) *subject {
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	s := &subject{T: t, Plugin: open(t), ctx: ctx}
	t.Cleanup(func() {
		cancel()
		s.shut()
	})
	return s
}

// shut closes the plugin.
func (s *subject) shut() {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		s.Errorf("Close: %v", err)
	}
}

// object is JSON of anything.
func (s *subject) object(v any) json.RawMessage {
	s.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		s.Fatal(err)
	}
	return raw
}

// params are parameters by name.
type params map[string]any

// request is a Call of an action.
func (s *subject) request(action string, p any) wire.Call {
	s.Helper()
	return wire.Call{
		ID: "65f0c0ffee", Action: action, Pack: specimen.Name, User: "ann",
		Params: s.object(p), Config: json.RawMessage(`{"region":"north","key":"k"}`),
	}
}

// do calls an action, and wants the host left alone afterwards.
func (s *subject) do(ctx context.Context, h *host, action string, p any) (wire.Result, error) {
	s.Helper()
	c := s.request(action, p)
	if deadline, ok := ctx.Deadline(); ok {
		c.Deadline = deadline
	}
	defer h.dismiss()
	r, err := s.Call(ctx, c, h)
	return r, s.isWire(err)
}

// isWire wants an error to be a *wire.Error, as every one is.
func (s *subject) isWire(err error) error {
	s.Helper()
	if _, ok := err.(*wire.Error); err != nil && !ok {
		s.Errorf("the error %v is a %T, want a *wire.Error", err, err)
	}
	return err
}

// must calls an action that succeeds, and reads its result into what into points to.
func (s *subject) must(h *host, action string, p, into any) {
	s.Helper()
	r, err := s.do(s.ctx, h, action, p)
	if err == nil && r.Error != nil {
		err = r.Error
	}
	if err != nil {
		s.Fatalf("%s(%s): %v", action, brieflyJSON(s.object(p)), err)
	}
	if err := json.Unmarshal(r.Value, into); err != nil {
		s.Fatalf("the result of %s: %v in %s", action, err, brieflyJSON(r.Value))
	}
}

// failing calls an action that ends as failed, and returns how.
func (s *subject) failing(h *host, action string, p any) wire.Result {
	s.Helper()
	r, err := s.do(s.ctx, h, action, p)
	if err != nil || r.Error == nil {
		s.Fatalf("%s = %s, %v; want a result with an error", action, brieflyJSON(r.Value), err)
	}
	return r
}

// refused wants an error of the kind.
func (s *subject) refused(what string, err error, kind wire.Kind) {
	s.Helper()
	if err == nil || wire.KindOf(s.isWire(err)) != kind {
		s.Errorf("%s: error %v (%s), want one of kind %s", what, err, wire.KindOf(err), kind)
	}
}

// equal compares.
func (s *subject) equal(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		s.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// works calls a simple action, to see that the plugin is well.
func (s *subject) works() {
	s.Helper()
	var got specimen.All
	s.must(s.host(), "echo", params{"text": "well"}, &got)
	s.equal("echo", got.Text, "well")
}

// goes runs f on a goroutine and returns what will receive its outcome.
func goes[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	return done
}

// await receives, within a time.
func await[T any](s *subject, what string, within time.Duration, from <-chan T) T {
	s.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(within):
		s.Fatalf("%s has not come within %s", what, within)
		panic(errors.ErrUnsupported)
	}
}

// brieflyJSON is a value as a message shows it.
func brieflyJSON(raw json.RawMessage) string {
	const most = 200
	if len(raw) > most {
		return string(raw[:most]) + "…"
	}
	return string(raw)
}
