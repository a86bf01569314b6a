package router_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a store whose clock the test moves, and a router over it.
type world struct {
	t      *testing.T
	store  *store.Store
	router *router.Router
	now    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w := &world{t: t, now: time.Now()}
	w.store = store.New(b, func() time.Time { return w.now })
	w.router = router.New(w.store, slog.New(slog.DiscardHandler))
	text := map[string]any{"type": "string"}
	w.update(func(tx *store.Tx) error {
		for _, t := range []*core.TriggerType{
			{Pack: "core", Name: "st2.webhook", Parameters: map[string]any{
				"type": "object", "additionalProperties": false, "properties": map[string]any{
					"url": map[string]any{"type": "string", "required": true}, "delivery_id_header": text,
				}}},
			{Pack: "core", Name: "st2.generic.actiontrigger"},
			{Pack: "test", Name: "alarm", Payload: map[string]any{
				"type": "object", "properties": map[string]any{"temp": map[string]any{"type": "integer", "required": true}}}},
		} {
			if err := w.router.Declare(w.t.Context(), tx, t); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func (w *world) update(fn func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(context.Background(), store.Wait, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) hook(parameters string) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		_, err := w.router.Acquire(w.t.Context(), tx, router.WebhookType, json.RawMessage(parameters))
		return err
	})
}

func (w *world) post(d router.Delivery) (answer json.RawMessage, err error) {
	w.t.Helper()
	err = w.store.Update(context.Background(), store.Wait, func(tx *store.Tx) (err error) {
		answer, err = w.router.Webhook(context.Background(), tx, d)
		return err
	})
	return answer, err
}

func (w *world) instances() []*core.TriggerInstance {
	w.t.Helper()
	is, _, err := w.store.Instances().List(w.t.Context(), store.Query{Oldest: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return is
}

func TestWebhookRaisesAnInstancePerTrigger(t *testing.T) {
	w := newWorld(t)
	w.hook(`{"url": "a/b"}`)
	w.hook(`{"url": "/a/b/"}`) // another trigger of the same address
	body := json.RawMessage(`{"z": 1, "a": 2.0}`)
	answer, err := w.post(router.Delivery{Hook: "a/b", Body: body, Headers: map[string]string{
		"x-GITHUB-event": "push", "X-Auth-Token": "secret", "St2-Api-Key": "secret", "Cookie": "secret", "St2-Trace-Tag": "mine",
	}})
	if err != nil || string(answer) != string(body) {
		t.Fatalf("answer %s, %v", answer, err)
	}
	is := w.instances()
	if len(is) != 2 {
		t.Fatalf("%d instances, want 2", len(is))
	}
	want := `{"headers":{"X-Github-Event":"push"},"headers_lower":{"x-github-event":"push"},"body":{"z":1,"a":2.0}}`
	if string(is[0].Payload) != want {
		t.Errorf("payload %s, want %s", is[0].Payload, want)
	}
	if is[0].TraceTag != "mine" || is[0].Status != core.InstancePending {
		t.Errorf("instance %+v", is[0])
	}
}

func TestUnknownWebhookIsNotFound(t *testing.T) {
	w := newWorld(t)
	_, err := w.post(router.Delivery{Hook: "nowhere"})
	if core.KindOf(err) != core.NotFound || err.Error() != "Webhook nowhere not registered with st2" {
		t.Errorf("error %v", err)
	}
}

func TestNumberedDeliveriesCountOnce(t *testing.T) {
	w := newWorld(t)
	w.hook(`{"url": "github", "delivery_id_header": "x-github-delivery"}`)
	w.hook(`{"url": "plain"}`)
	deliver := func(hook, header, number, body string) string {
		t.Helper()
		answer, err := w.post(router.Delivery{Hook: hook, Body: json.RawMessage(body), Headers: map[string]string{header: number}})
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	deliver("github", "X-GitHub-Delivery", "7", `{"n": 1}`)
	if got := deliver("github", "X-GitHub-Delivery", "7", `{"n": 2}`); got != `{"n":1}` && got != `{"n": 1}` {
		t.Errorf("the second delivery of 7 was answered %s, want the first answer", got)
	}
	deliver("github", "X-GitHub-Delivery", "8", `{}`)
	deliver("plain", "X-GitHub-Delivery", "7", `{}`) // names no such header: not numbered
	deliver("plain", "X-GitHub-Delivery", "7", `{}`)
	deliver("plain", "Idempotency-Key", "k", `{}`)
	deliver("plain", "Idempotency-Key", "k", `{}`)
	deliver("github", "Idempotency-Key", "k", `{}`) // another webhook, another key space
	if n := len(w.instances()); n != 6 {
		t.Errorf("%d instances, want 6", n)
	}

	w.now = w.now.Add(73 * time.Hour)
	if err := w.router.ForgetDeliveries(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := w.store.Receipts().All(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%d receipts after 73 h, %v", len(left), err)
	}
	deliver("github", "X-GitHub-Delivery", "7", `{}`)
	if n := len(w.instances()); n != 7 {
		t.Errorf("%d instances, want 7: after 72 h a number is new again", n)
	}
}

func TestTheSameDeliveryAtOnceCountsOnce(t *testing.T) {
	w := newWorld(t)
	w.hook(`{"url": "x"}`)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := w.post(router.Delivery{Hook: "x", Body: json.RawMessage(`{}`), Headers: map[string]string{"Idempotency-Key": "k"}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(w.instances()); n != 1 {
		t.Errorf("%d instances, want 1", n)
	}
}

func TestEmitChecksThePayload(t *testing.T) {
	w := newWorld(t)
	emit := func(trigger, payload string) error {
		return w.store.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
			_, err := w.router.Emit(t.Context(), tx, core.Event{Trigger: trigger, Payload: json.RawMessage(payload)})
			return err
		})
	}
	if err := emit("test.alarm", `{"temp": 5}`); err != nil {
		t.Fatal(err)
	}
	for trigger, want := range map[string]string{
		"test.alarm":       "'temp' is a required property",
		"test.nope":        `Trigger type with reference "test.nope" doesn't exist in the database`,
		"core.st2.webhook": "takes parameters",
	} {
		if err := emit(trigger, `{}`); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", trigger, err, want)
		}
	}
	if n := len(w.instances()); n != 1 {
		t.Errorf("%d instances, want 1", n)
	}
}

func TestReEmitSaysWhereItComesFrom(t *testing.T) {
	w := newWorld(t)
	w.update(func(tx *store.Tx) error {
		_, err := w.router.Emit(t.Context(), tx, core.Event{Trigger: "test.alarm", Payload: json.RawMessage(`{"temp":5}`)})
		return err
	})
	first := w.instances()[0]
	w.update(func(tx *store.Tx) error { _, err := w.router.ReEmit(t.Context(), tx, first.ID); return err })
	is := w.instances()
	if len(is) != 2 {
		t.Fatalf("%d instances", len(is))
	}
	for _, i := range is {
		if i.ID != first.ID && string(i.Payload) != `{"__context":{"original_id":"`+first.ID+`"},"temp":5}` {
			t.Errorf("payload %s", i.Payload)
		}
	}
}

func TestFinishedExecutionsRaiseTheActionTriggerOnceIfARuleWaits(t *testing.T) {
	w := newWorld(t)
	x := &core.Execution{ID: core.NewID(w.now), Action: "core.local", Runner: "local-shell-cmd", Status: core.Failed, Start: core.At(w.now)}
	tell := func() {
		w.update(func(tx *store.Tx) error {
			return w.router.Finished(t.Context(), tx, x, json.RawMessage(`{"cmd":"false"}`), json.RawMessage(`{"return_code":1}`))
		})
	}
	tell()
	if n := len(w.instances()); n != 0 {
		t.Fatalf("%d instances although no rule waits", n)
	}
	w.update(func(tx *store.Tx) error {
		return tx.Rules().Put(t.Context(), &core.Rule{ID: core.NewID(w.now), Pack: "p", Name: "r", Enabled: true, Trigger: core.RuleTrigger{Type: router.ActionType, Ref: router.ActionType}})
	})
	tell()
	tell()
	is := w.instances()
	if len(is) != 1 {
		t.Fatalf("%d instances, want 1", len(is))
	}
	var p map[string]any
	if err := json.Unmarshal(is[0].Payload, &p); err != nil {
		t.Fatal(err)
	}
	if p["execution_id"] != x.ID || p["status"] != "failed" || p["action_ref"] != "core.local" || p["runner_ref"] != "local-shell-cmd" || p["result"].(map[string]any)["return_code"] != 1.0 {
		t.Errorf("payload %s", is[0].Payload)
	}
}
