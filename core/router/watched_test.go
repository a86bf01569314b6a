package router_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

func TestOnlyWatchedEventsAreEmitted(t *testing.T) {
	w := newWorld(t)
	rule := &core.Rule{ID: core.NewID(w.now), Pack: "test", Name: "r", Trigger: core.RuleTrigger{Type: "test.alarm", Ref: "test.alarm"}}
	emit := func(payload string) error {
		return w.store.Update(context.Background(), store.Wait, func(tx *store.Tx) error {
			return w.router.EmitWatched(t.Context(), tx, core.Event{Trigger: "test.alarm", Payload: json.RawMessage(payload)})
		})
	}
	for _, c := range []struct {
		enabled bool
		want    int
	}{{false, 0}, {true, 1}, {false, 1}} {
		rule.Enabled = c.enabled
		w.update(func(tx *store.Tx) error { return tx.Rules().Put(t.Context(), rule) })
		if err := emit(`{"temp": 80}`); err != nil {
			t.Fatal(err)
		}
		_, total, err := w.store.Instances().List(t.Context(), store.Query{})
		if err != nil || total != c.want {
			t.Errorf("enabled %v: %d instances, want %d (%v)", c.enabled, total, c.want, err)
		}
	}
	rule.Enabled = true
	w.update(func(tx *store.Tx) error { return tx.Rules().Put(t.Context(), rule) })
	if err := emit(`{}`); core.KindOf(err) != core.Invalid {
		t.Errorf("a payload that does not fit: %v", err)
	}
}
