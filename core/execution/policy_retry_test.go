package execution_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/store"
)

func fail(status core.Status) runner {
	return func(context.Context, core.Call) (core.Result, error) {
		return core.Result{Status: status, Value: json.RawMessage(`{}`)}, nil
	}
}

// all returns all executions, the oldest first.
func (w *world) all() []*core.Execution {
	w.t.Helper()
	xs, _, err := w.store.Executions().List(w.t.Context(), store.Query{Oldest: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return xs
}

func TestRetryAsksAgainAsOftenAsItSays(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"bad": fail(core.Failed), "late": fail(core.TimedOut), "lost": fail(core.Abandoned)}, nil)
	w.policy("again", "bad", core.RetryPolicy, `{"retry_on": "failure", "max_retry_count": 2}`)
	w.policy("later", "late", core.RetryPolicy, `{"retry_on": "failure"}`)
	w.policy("never", "lost", core.RetryPolicy, `{"retry_on": "failure"}`)
	w.start()
	for _, name := range []string{"late", "lost"} {
		w.awaitEnd(w.request(name, ``))
	}
	if n := len(w.all()); n != 2 {
		t.Fatalf("%d executions, want 2: ends that the policy does not name", n)
	}
	first := w.request("bad", `{"text": "{{ 1 + 1 }} {% raw %}{{ 3 }}{% endraw %}"}`)
	before := w.awaitEnd(first)
	for count := 1; count <= 2; count++ {
		id := core.DeriveID(before.ID, "retry", "test.again", string(rune('0'+count)))
		x := w.awaitEnd(id)
		p := x.Context.Policies
		if p == nil || p.Retry == nil || *p.Retry != (core.RetryContext{Policy: "test.again", Count: count, Of: before.ID}) {
			t.Errorf("try %d has the context %+v", count, x.Context)
		}
		if string(x.Parameters) != `{"text":"2 {{ 3 }}"}` || x.Context.User != "ada" {
			t.Errorf("try %d for %s with %s", count, x.Context.User, x.Parameters)
		}
		before = x
	}
	if n := len(w.all()); n != 5 {
		t.Errorf("%d executions, want 5", n)
	}
}

func TestRetryWaitsInTheQueue(t *testing.T) {
	runners := map[string]core.Runner{"bad": fail(core.TimedOut)}
	w := newWorld(t, runners, nil)
	w.policy("again", "bad", core.RetryPolicy, `{"retry_on": "timeout", "max_retry_count": 1, "delay": 0.3}`)
	w.start()
	first := w.awaitEnd(w.request("bad", ``))
	id := core.DeriveID(first.ID, "retry", "test.again", "1")
	x, err := w.store.Executions().Get(t.Context(), id)
	if err != nil {
		t.Fatal("the next try is stored with the end of the first: ", err)
	}
	want := "waits 300ms: try 1 of 1 after execution " + first.ID + ", as the policy test.again says"
	if x.Status == core.Delayed && x.Reason != want {
		t.Errorf("waits because %q, want %q", x.Reason, want)
	}
	after := w.crashed(runners)
	after.start()
	x = after.awaitEnd(id)
	if waited := x.End.Sub(first.End); waited < 300*time.Millisecond || !strings.HasPrefix(trail(x), "requested delayed scheduled running") {
		t.Errorf("after a crash it went %q, %v after the first", trail(x), waited)
	}
}

func TestPartsOfWorkflowsAreNotTriedAgain(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"bad": fail(core.Failed)}, nil)
	w.policy("again", "bad", core.RetryPolicy, `{"retry_on": "failure"}`)
	w.start()
	var id string
	w.update(func(tx *store.Tx) error {
		x, err := w.engine.Request(t.Context(), tx, core.Request{Action: "test.bad",
			Context: core.Context{Parent: &core.ParentContext{Execution: core.DeriveID("parent")}}})
		id = x.ID
		return err
	})
	w.awaitEnd(id)
	if n := len(w.all()); n != 1 {
		t.Errorf("%d executions, want 1", n)
	}
}

// TestRetryGivesItsSlotBackFirst needs a failed execution not to hold up its own next try.
func TestRetryGivesItsSlotBackFirst(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"bad": fail(core.Failed)}, func(c *execution.Config) { c.Workers = 2 })
	w.policy("again", "bad", core.RetryPolicy, `{"retry_on": "failure", "max_retry_count": 3}`)
	w.policy("one", "bad", core.ConcurrencyPolicy, `{"threshold": 1}`)
	w.start()
	x := w.awaitEnd(w.request("bad", ``))
	for count := 1; count <= 3; count++ {
		x = w.awaitEnd(core.DeriveID(x.ID, "retry", "test.again", string(rune('0'+count))))
	}
	w.empty()
}
