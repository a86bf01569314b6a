package rules_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/rules"
	"github.com/petrelhq/petrel/core/store"
)

// world is a store with the trigger types test.alarm (no parameters) and
// core.st2.webhook, a real router, and a rules engine whose requests are only stored.
type world struct {
	t      *testing.T
	store  *store.Store
	router *router.Router
	rules  *rules.Engine
}

func newWorld(t *testing.T) *world {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	quiet := slog.New(slog.DiscardHandler)
	w := &world{t: t, store: store.New(b, time.Now)}
	w.router = router.New(w.store, quiet)
	noNames := func(string) (expr.Value, bool) { return nil, false }
	w.rules = rules.New(rules.Config{
		Store: w.store, Log: quiet, User: "stanley", Request: w.request,
		Renderer: rules.NewRenderer(jinja.New(jinja.Options{}, nil, nil, nil), noNames),
		Acquire:  w.router.Acquire, Release: w.router.Release,
	})
	w.update(func(tx *store.Tx) error {
		alarm := &core.TriggerType{Pack: "test", Name: "alarm"}
		hook := &core.TriggerType{Pack: "core", Name: "st2.webhook", Parameters: map[string]any{
			"type": "object", "additionalProperties": false,
			"properties": map[string]any{"url": map[string]any{"type": "string", "required": true}},
		}}
		return errors.Join(w.router.Declare(t.Context(), tx, alarm), w.router.Declare(t.Context(), tx, hook))
	})
	return w
}

// request stores an execution as the execution package would.
func (w *world) request(_ context.Context, tx *store.Tx, r core.Request) (*core.Execution, error) {
	if r.Action == "test.refused" {
		return nil, core.FieldErrorf("action", "Action \"test.refused\" cannot be found.")
	}
	x := &core.Execution{ID: r.ID, Action: r.Action, Start: tx.Time(), Origin: r.Origin, Context: r.Context, Parameters: r.Parameters}
	return x, tx.Executions().Create(x)
}

func (w *world) update(fn func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(context.Background(), store.Wait, fn); err != nil {
		w.t.Fatal(err)
	}
}

// run matches until the test ends.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.rules.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("rules ended with %v", err)
		}
	})
}

func (w *world) rule(name, action, criteria string, change func(*core.Rule)) *core.Rule {
	w.t.Helper()
	r := &core.Rule{Pack: "test", Name: name, Enabled: true, Trigger: core.RuleTrigger{Type: "test.alarm"}, Action: core.RuleAction{Ref: action}}
	if err := json.Unmarshal([]byte(criteria), &r.Criteria); err != nil {
		w.t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	w.update(func(tx *store.Tx) error { return w.rules.Save(w.t.Context(), tx, r, true) })
	return r
}

// emit raises test.alarm and returns the instance once it is processed.
func (w *world) emit(payload string) *core.TriggerInstance {
	w.t.Helper()
	var id string
	w.update(func(tx *store.Tx) error {
		i, err := w.router.Emit(w.t.Context(), tx, core.Event{Trigger: "test.alarm", Payload: json.RawMessage(payload)})
		if err == nil {
			id = i.ID
		}
		return err
	})
	return w.processed(id)
}

func (w *world) processed(id string) *core.TriggerInstance {
	w.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		i, err := w.store.Instances().Get(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		if i.Status == core.InstanceProcessed || i.Status == core.InstanceFailed {
			return i
		}
		time.Sleep(time.Millisecond) // a processed instance wakes nobody: nothing to wait on
	}
	w.t.Fatal("not processed within 10 s")
	return nil
}

// enforced lists what was enforced for an instance, as "rule status failure".
func (w *world) enforced(i *core.TriggerInstance) []string {
	w.t.Helper()
	es, _, err := w.store.Enforcements().List(w.t.Context(), store.Query{Where: []store.Is{{Index: store.ByInstance, Value: i.ID}}})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range es {
		line := fmt.Sprintf("%s %s", e.Rule.Ref, e.Status)
		if e.Failure != "" {
			line += ": " + e.Failure
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func TestMatchedRulesAskForTheirActions(t *testing.T) {
	w := newWorld(t)
	hot := w.rule("hot", "test.cool", `{"trigger.temp": {"type": "gt", "pattern": 40}}`, nil)
	w.rule("cold", "test.heat", `{"trigger.temp": {"type": "lt", "pattern": 10}}`, nil)
	w.rule("always", "test.log", `{}`, nil)
	w.rule("off", "test.log", `{}`, func(r *core.Rule) { r.Enabled = false })
	w.run()
	i := w.emit(`{"temp": 45}`)
	if got, want := w.enforced(i), []string{"test.always succeeded", "test.hot succeeded"}; !slices.Equal(got, want) {
		t.Errorf("enforced %q, want %q", got, want)
	}
	xs, n, err := w.store.Executions().List(t.Context(), store.Query{Where: []store.Is{{Index: store.ByInstance, Value: i.ID}, {Index: store.ByRule, Value: "test.hot"}}})
	if err != nil || n != 1 {
		t.Fatalf("%d executions of test.hot, %v", n, err)
	}
	x := xs[0]
	if x.Action != "test.cool" || x.Origin.Rule.ID != hot.ID || *x.FullContext().Rule.Name != "hot" || x.FullContext().TriggerInstance.ID != i.ID || !strings.HasPrefix(x.Context.Trace.Tag, "trigger_instance-") {
		t.Errorf("execution %+v", x)
	}
}

func TestBackstopRulesStepInWhenNothingMatched(t *testing.T) {
	w := newWorld(t)
	w.rule("hot", "test.cool", `{"trigger.temp": {"type": "gt", "pattern": 40}}`, nil)
	w.rule("rest", "test.log", `{}`, func(r *core.Rule) { r.Type.Ref = core.BackstopRule })
	w.run()
	if got := w.enforced(w.emit(`{"temp": 45}`)); !slices.Equal(got, []string{"test.hot succeeded"}) {
		t.Errorf("enforced %q although a standard rule matched", got)
	}
	if got := w.enforced(w.emit(`{"temp": 5}`)); !slices.Equal(got, []string{"test.rest succeeded"}) {
		t.Errorf("enforced %q", got)
	}
}

func TestFailuresLeaveARecordAndStopNobody(t *testing.T) {
	w := newWorld(t)
	w.rule("broken", "test.log", `{"trigger.temp": {"type": "gt", "pattern": 40}}`, nil)
	w.rule("refused", "test.refused", `{}`, nil)
	w.rule("fine", "test.log", `{}`, nil)
	w.run()
	got := w.enforced(w.emit(`{"temp": "warm"}`))
	if len(got) != 3 || !strings.Contains(got[0], "test.broken failed: ") || got[1] != "test.fine succeeded" ||
		got[2] != `test.refused failed: Action "test.refused" cannot be found.` {
		t.Errorf("enforced %q", got)
	}
}

// TestRedeliveryDoublesNothing pushes the queue entry of a processed instance again, as
// after a crash between commit and acknowledgement.
func TestRedeliveryDoublesNothing(t *testing.T) {
	w := newWorld(t)
	w.rule("always", "test.log", `{}`, nil)
	w.run()
	i := w.emit(`{}`)
	w.update(func(tx *store.Tx) error { tx.Push(store.Triggers, i.ID, "", 0); return nil })
	w.emit(`{}`) // behind it in the queue
	if _, n, err := w.store.Executions().List(t.Context(), store.Query{}); err != nil || n != 2 {
		t.Errorf("%d executions, want 2 (%v)", n, err)
	}
}

// TestIDsDeriveFromTheirCause holds even when the instance itself is put back.
func TestIDsDeriveFromTheirCause(t *testing.T) {
	w := newWorld(t)
	r := w.rule("always", "test.log", `{}`, nil)
	w.run()
	i := w.emit(`{}`)
	if _, err := w.store.Enforcements().Get(t.Context(), core.DeriveID(i.ID, r.ID)); err != nil {
		t.Errorf("enforcement: %v", err)
	}
	if _, err := w.store.Executions().Get(t.Context(), core.DeriveID(i.ID, r.ID, "execution")); err != nil {
		t.Errorf("execution: %v", err)
	}
}

func TestAChangedRuleCountsFromItsCommitOn(t *testing.T) {
	w := newWorld(t)
	w.run()
	if got := w.enforced(w.emit(`{}`)); len(got) != 0 {
		t.Fatalf("enforced %q without rules", got)
	}
	r := w.rule("always", "test.log", `{}`, nil)
	if got := w.enforced(w.emit(`{}`)); len(got) != 1 {
		t.Errorf("enforced %q after the rule was made", got)
	}
	w.update(func(tx *store.Tx) error { return w.rules.Delete(t.Context(), tx, r) })
	if got := w.enforced(w.emit(`{}`)); len(got) != 0 {
		t.Errorf("enforced %q after the rule was deleted", got)
	}
}

func TestSaveRefusesWhatCannotWork(t *testing.T) {
	w := newWorld(t)
	taken := w.rule("taken", "test.log", `{}`, nil)
	cases := []struct {
		name, field, want string
		kind              core.Kind
		change            func(*core.Rule)
	}{
		{"a taken name", "name", "exists already with id " + taken.ID, core.Conflict, func(r *core.Rule) { r.Name = "taken" }},
		{"an unknown trigger type", "trigger.type", `did you mean "test.alarm"?`, core.Invalid, func(r *core.Rule) { r.Trigger.Type = "test.alram" }},
		{"parameters that do not fit", "trigger.parameters", "'url' is a required property", core.Invalid, func(r *core.Rule) { r.Trigger.Type = "core.st2.webhook" }},
		{"an unknown operator", "", "not in list of allowed operators", core.Invalid, func(r *core.Rule) {
			r.Criteria = core.Criteria{{Key: "trigger.x", Type: "equalz", Pattern: json.RawMessage(`1`)}}
		}},
		{"an unknown rule type", "type.ref", `"standard" or "backstop"`, core.Invalid, func(r *core.Rule) { r.Type.Ref = "often" }},
		{"an action without pack", "action.ref", "needs the form pack.name", core.Invalid, func(r *core.Rule) { r.Action.Ref = "log" }},
	}
	for _, c := range cases {
		r := &core.Rule{Pack: "test", Name: "new", Trigger: core.RuleTrigger{Type: "test.alarm"}, Action: core.RuleAction{Ref: "test.log"}}
		c.change(r)
		err := w.store.Update(t.Context(), store.Wait, func(tx *store.Tx) error { return w.rules.Save(t.Context(), tx, r, true) })
		var e *core.Error
		if !errors.As(err, &e) || e.Kind != c.kind || !strings.Contains(e.Msg, c.want) || (c.field != "" && e.Field != c.field) {
			t.Errorf("%s: error %v, want %s of field %q with %q", c.name, err, c.kind, c.field, c.want)
		}
	}
	all, err := w.store.Rules().All(t.Context())
	if err != nil || len(all) != 1 {
		t.Errorf("%d rules stored, %v", len(all), err)
	}
}

func TestRulesShareATriggerUntilTheLastIsGone(t *testing.T) {
	w := newWorld(t)
	hook := func(r *core.Rule) {
		r.Trigger = core.RuleTrigger{Type: "core.st2.webhook", Parameters: json.RawMessage(`{ "url": "x" }`)}
	}
	a, b := w.rule("a", "test.log", `{}`, hook), w.rule("b", "test.log", `{}`, hook)
	if a.Trigger.Ref != b.Trigger.Ref || !strings.HasPrefix(a.Trigger.Ref, "core.") {
		t.Fatalf("triggers %q and %q", a.Trigger.Ref, b.Trigger.Ref)
	}
	exists := func() bool {
		_, err := w.store.Triggers().Get(t.Context(), a.Trigger.Ref)
		return err == nil
	}
	w.update(func(tx *store.Tx) error { return w.rules.Delete(t.Context(), tx, a) })
	if !exists() {
		t.Fatal("the trigger went with the first rule")
	}
	b.Trigger.Parameters = json.RawMessage(`{"url": "y"}`)
	old := a.Trigger.Ref
	w.update(func(tx *store.Tx) error { return w.rules.Save(t.Context(), tx, b, false) })
	if exists() || b.Trigger.Ref == old {
		t.Error("the trigger outlived the last rule that named it")
	}
}

// TestARuleDeletedTwiceReleasesItsTriggerOnce: of two who delete a rule at once, both have
// read it before either is done.
func TestARuleDeletedTwiceReleasesItsTriggerOnce(t *testing.T) {
	w := newWorld(t)
	hook := func(url string) func(*core.Rule) {
		return func(r *core.Rule) {
			r.Trigger = core.RuleTrigger{Type: "core.st2.webhook", Parameters: json.RawMessage(`{"url": "` + url + `"}`)}
		}
	}
	gone, moved, stays := w.rule("gone", "test.log", `{}`, hook("x")), w.rule("moved", "test.log", `{}`, hook("x")), w.rule("stays", "test.log", `{}`, hook("x"))
	asRead := *moved
	hook("y")(moved)
	w.update(func(tx *store.Tx) error { return w.rules.Save(t.Context(), tx, moved, false) })
	w.update(func(tx *store.Tx) error { return w.rules.Delete(t.Context(), tx, &asRead) })
	w.update(func(tx *store.Tx) error { return w.rules.Delete(t.Context(), tx, gone) })
	err := w.store.Update(t.Context(), store.Wait, func(tx *store.Tx) error { return w.rules.Delete(t.Context(), tx, gone) })
	if core.KindOf(err) != core.NotFound {
		t.Errorf("the second time: %v, want that it is not found", err)
	}
	if _, err := w.store.Triggers().Get(t.Context(), stays.Trigger.Ref); err != nil {
		t.Errorf("the trigger of a rule that stays: %v", err)
	}
	if _, err := w.store.Triggers().Get(t.Context(), moved.Trigger.Ref); core.KindOf(err) != core.NotFound {
		t.Errorf("the trigger that the deleted rule was moved to: %v, want that it is gone", err)
	}
}

func TestARenamedRuleIsOneRule(t *testing.T) {
	w := newWorld(t)
	r := w.rule("before", "test.log", `{}`, nil)
	r.Name = "after"
	w.update(func(tx *store.Tx) error { return w.rules.Save(t.Context(), tx, r, false) })
	all, err := w.store.Rules().All(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != "after" {
		t.Errorf("rules %+v, %v", all, err)
	}
}
