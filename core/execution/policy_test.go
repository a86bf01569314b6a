package execution_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// policy stores a policy test.<name> for test.<action>.
func (w *world) policy(name, action, kind, parameters string) *core.Policy {
	w.t.Helper()
	p := &core.Policy{Pack: "test", Name: name, Enabled: true, Action: "test." + action, Type: kind, Parameters: json.RawMessage(parameters)}
	w.update(func(tx *store.Tx) error { return w.engine.SavePolicy(w.t.Context(), tx, p, true) })
	return p
}

// gated is a runner whose calls wait to be let go one by one; n of each is sent to began.
type gated struct{ began, letGo chan any }

func newGated() gated { return gated{make(chan any, 100), make(chan any)} }

func (g gated) Run(ctx context.Context, c core.Call) (core.Result, error) {
	g.began <- c.Params["n"]
	select {
	case <-g.letGo:
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
	case <-ctx.Done():
		return core.Result{Status: core.Failed, Value: json.RawMessage(`{}`)}, nil
	}
}

// empty fails unless no gate, nobody who waits and no entanglement is left.
func (w *world) empty() {
	w.t.Helper()
	gates, err1 := w.store.Gates().All(w.t.Context())
	_, waiting, err2 := w.store.Waiters().List(w.t.Context(), store.Query{})
	webs, err3 := w.store.Entanglements().All(w.t.Context())
	if err1 != nil || err2 != nil || err3 != nil || len(gates) > 0 || waiting > 0 {
		w.t.Errorf("left over: %d gates, %d waiting, %v %v %v", len(gates), waiting, err1, err2, err3)
	}
	for _, web := range webs {
		if len(web.Edges) > 0 {
			w.t.Errorf("left over: %v", web.Edges)
		}
	}
}

func TestConcurrencyLetsThroughInOrder(t *testing.T) {
	g := newGated()
	w := newWorld(t, map[string]core.Runner{"long": g}, nil)
	w.policy("two", "long", core.ConcurrencyPolicy, `{"threshold": 2}`)
	w.start()
	var ids []string
	for n := range 6 {
		ids = append(ids, w.request("long", fmt.Sprintf(`{"n": %d}`, n)))
	}
	x := w.await(ids[5], func(s core.Status) bool { return s == core.Delayed })
	if want := "waits for its turn: the policy test.two lets 2 executions of test.long run at a time"; x.Reason != want {
		t.Errorf("waits because %q, want %q", x.Reason, want)
	}
	first := []any{<-g.began, <-g.began}
	if fmt.Sprint(first) != "[0 1]" && fmt.Sprint(first) != "[1 0]" {
		t.Errorf("began with %v", first)
	}
	for n := 2; n < 6; n++ {
		g.letGo <- nil
		if got := <-g.began; got != int64(n) {
			t.Errorf("%v began next, want %d", got, n)
		}
	}
	g.letGo <- nil
	g.letGo <- nil
	for i, id := range ids {
		x := w.awaitEnd(id)
		if want := "requested scheduled delayed scheduled running succeeded"; i > 1 && trail(x) != want {
			t.Errorf("%d went %q, want %q", i, trail(x), want)
		}
	}
	w.empty()
}

func TestConcurrencyCancelsWhomItTurnsAway(t *testing.T) {
	g := newGated()
	w := newWorld(t, map[string]core.Runner{"long": g}, nil)
	w.policy("one", "long", core.ConcurrencyPolicy, `{"threshold": 1, "action": "cancel"}`)
	w.start()
	first := w.request("long", `{}`)
	<-g.began
	second := w.awaitEnd(w.request("long", `{}`))
	if second.Status != core.Canceled || !strings.Contains(second.Reason, "the policy test.one lets 1 execution of test.long run") ||
		!strings.Contains(string(second.Result), "test.one") {
		t.Errorf("the second is %s because %q: %s", second.Status, second.Reason, second.Result)
	}
	g.letGo <- nil
	w.awaitEnd(first)
	w.empty()
}

func TestConcurrencyByAttributesComparesStoredParameters(t *testing.T) {
	g := newGated()
	w := newWorld(t, map[string]core.Runner{"long": g}, nil)
	w.policy("one", "long", core.ConcurrencyAttrPolicy, `{"threshold": 1, "attributes": ["host", "n"]}`)
	w.start()
	running := map[string]string{}
	for _, p := range []string{`{"host": "a"}`, `{"host": "b"}`, `{"host": "a", "n": 1}`, `{}`} {
		running[p] = w.request("long", p)
		<-g.began
	}
	// What is left to a default is not stored, so "localhost" is another value than none.
	running["localhost"] = w.request("long", `{"host": "localhost"}`)
	<-g.began
	var waiting []string
	for _, p := range []string{`{"n": 1, "host": "a"}`, `{}`, `{"host": "b"}`} {
		id := w.request("long", p)
		x := w.await(id, func(s core.Status) bool { return s == core.Delayed })
		if !strings.Contains(x.Reason, "of test.long with the same host, n run at a time") {
			t.Errorf("%s waits because %q", p, x.Reason)
		}
		waiting = append(waiting, id)
	}
	for range 8 {
		g.letGo <- nil
	}
	for _, id := range waiting {
		w.awaitEnd(id)
	}
	for _, id := range running {
		w.awaitEnd(id)
	}
	w.empty()
}

func TestWhoWaitsIsCancelledOnTheSpot(t *testing.T) {
	g := newGated()
	w := newWorld(t, map[string]core.Runner{"long": g}, nil)
	w.policy("one", "long", core.ConcurrencyPolicy, `{"threshold": 1}`)
	w.start()
	first := w.request("long", `{"n": 1}`)
	<-g.began
	second, third := w.request("long", `{"n": 2}`), w.request("long", `{"n": 3}`)
	w.await(third, func(s core.Status) bool { return s == core.Delayed })
	if x, err := w.cancel(second); err != nil || x.Status != core.Canceled {
		t.Fatalf("cancel = %v, status %s", err, x.Status)
	}
	g.letGo <- nil
	if n := <-g.began; n != int64(3) {
		t.Errorf("%v began after the first", n)
	}
	g.letGo <- nil
	w.awaitEnd(first)
	w.awaitEnd(third)
	w.empty()
}

func TestAChangedPolicyFreesThoseWhoWait(t *testing.T) {
	for name, change := range map[string]func(w *world, tx *store.Tx, p *core.Policy) error{
		"deleted": func(w *world, tx *store.Tx, p *core.Policy) error { return w.engine.DeletePolicy(w.t.Context(), tx, p) },
		"disabled": func(w *world, tx *store.Tx, p *core.Policy) error {
			off := *p
			off.Enabled = false
			return w.engine.SavePolicy(w.t.Context(), tx, &off, false)
		},
		"raised": func(w *world, tx *store.Tx, p *core.Policy) error {
			more := *p
			more.Parameters = json.RawMessage(`{"threshold": 3}`)
			return w.engine.SavePolicy(w.t.Context(), tx, &more, false)
		},
		"renamed, for another action": func(w *world, tx *store.Tx, p *core.Policy) error {
			other := *p
			other.Name, other.Action = "other", "test.none"
			return w.engine.SavePolicy(w.t.Context(), tx, &other, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGated()
			w := newWorld(t, map[string]core.Runner{"long": g}, nil)
			p := w.policy("one", "long", core.ConcurrencyPolicy, `{"threshold": 1}`)
			w.start()
			ids := []string{w.request("long", `{}`)}
			<-g.began
			for range 2 {
				ids = append(ids, w.request("long", `{}`))
				w.await(ids[len(ids)-1], func(s core.Status) bool { return s == core.Delayed })
			}
			w.update(func(tx *store.Tx) error { return change(w, tx, p) })
			<-g.began
			<-g.began
			for range 3 {
				g.letGo <- nil
			}
			for _, id := range ids {
				w.awaitEnd(id)
			}
			w.empty()
		})
	}
}

func TestALostHolderFreesItsSlot(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	w.policy("one", "plain", core.ConcurrencyPolicy, `{"threshold": 1}`)
	lost := w.request("plain", ``)
	w.update(func(tx *store.Tx) error { // as a killed server leaves it
		x, err := tx.Executions().Get(t.Context(), lost)
		if err != nil {
			return err
		}
		x.Move(core.Running, tx.Time())
		x.Hand, x.RunnerInfo, x.Gates = core.InLease, &core.RunnerInfo{Hostname: "another-host"}, []string{"test.one"}
		if err := tx.Gates().Put(t.Context(), &store.Gate{Key: "test.one", Policy: "test.one", Slots: 1, Inside: []string{lost}}); err != nil {
			return err
		}
		return tx.Executions().Put(t.Context(), x)
	})
	next := w.request("plain", ``)
	w.start()
	if x := w.awaitEnd(lost); x.Status != core.Abandoned {
		t.Errorf("the lost one is %s", x.Status)
	}
	if x := w.awaitEnd(next); x.Status != core.Succeeded {
		t.Errorf("the next one is %s", x.Status)
	}
	w.empty()
}

func TestBadPoliciesAreRefused(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	for _, c := range []struct{ action, kind, parameters, want string }{
		{"test.plain", "action.speed", `{}`, `policy_type "action.speed" doesnt exist`},
		{"plain", core.ConcurrencyPolicy, `{"threshold": 1}`, `resource_ref "plain"`},
		{"test.plain", core.ConcurrencyPolicy, `{}`, `'threshold' is a required property`},
		{"test.plain", core.ConcurrencyPolicy, `{"threshold": 0}`, `minimum of 1`},
		{"test.plain", core.ConcurrencyPolicy, `{"threshold": 1, "actoin": "delay"}`, `'actoin' was unexpected`},
		{"test.plain", core.ConcurrencyAttrPolicy, `{"threshold": 1, "attributes": []}`, `[] should be non-empty`},
		{"test.plain", core.RetryPolicy, `{"retry_on": "success"}`, `'success' is not one of ['failure', 'timeout']`},
		{"test.plain", core.RetryPolicy, `[]`, `need to be an object`},
	} {
		err := w.store.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
			return w.engine.SavePolicy(t.Context(), tx, &core.Policy{
				Pack: "test", Name: "p", Action: c.action, Type: c.kind, Parameters: json.RawMessage(c.parameters),
			}, true)
		})
		if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s for %s: %v, want %q", c.kind, c.parameters, c.action, err, c.want)
		}
	}
}

func TestPolicyDefaultsAreStored(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	w.policy("again", "plain", core.RetryPolicy, `{"retry_on": "timeout"}`)
	p, err := w.store.Policies().Get(t.Context(), "test.again")
	if err != nil || string(p.Parameters) != `{"delay":0,"max_retry_count":2,"retry_on":"timeout"}` {
		t.Errorf("stored %s, %v", p.Parameters, err)
	}
	err = w.store.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
		return w.engine.SavePolicy(t.Context(), tx, &core.Policy{Pack: "test", Name: "again", Action: "test.x", Type: p.Type, Parameters: p.Parameters}, true)
	})
	if core.KindOf(err) != core.Conflict {
		t.Errorf("a second policy of that name: %v, want a conflict", err)
	}
}
