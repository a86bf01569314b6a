package execution_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/store"
)

// inquirers is a world whose one action asks what the parameter all says, with a clock
// that the test moves on.
type inquirers struct {
	*world
	ahead  atomic.Int64 // of the real clock, in ns
	raised chan core.Event
}

func newInquirers(t *testing.T) *inquirers {
	f := &inquirers{raised: make(chan core.Event, 10)}
	asks := runner(func(_ context.Context, c core.Call) (core.Result, error) {
		question, err := json.Marshal(c.Params["all"])
		return core.Result{Status: core.Pending, Value: question}, err
	})
	f.world = newWorld(t, map[string]core.Runner{execution.Inquirer: asks}, func(c *execution.Config) {
		c.Raise = func(_ context.Context, tx *store.Tx, e core.Event) error {
			tx.After(func(store.Version) { f.raised <- e })
			return nil
		}
	})
	f.store.Now = func() time.Time { return time.Now().Add(time.Duration(f.ahead.Load())) }
	return f
}

// ask asks and returns the execution once it waits for its answer.
func (f *inquirers) ask(question string) *core.Execution {
	f.t.Helper()
	return f.await(f.request(execution.Inquirer, `{"all": `+question+`}`), func(s core.Status) bool { return s == core.Pending || s.Final() })
}

func (f *inquirers) respond(id string, a execution.Answer) error {
	return f.store.Update(f.t.Context(), store.Wait, func(tx *store.Tx) error {
		_, err := f.engine.Respond(f.t.Context(), tx, id, a)
		return err
	})
}

const question = `{"schema": {"type": "object", "properties": {
	"go": {"type": "boolean", "required": true}, "n": {"type": "integer", "default": 3}}},
	"roles": [], "users": ["ada"], "route": "deploy", "ttl": 60}`

func TestAnInquiryWaitsForItsAnswer(t *testing.T) {
	f := newInquirers(t)
	f.start()
	x := f.ask(question)
	if x.Status != core.Pending || x.Hand != core.InAnswer || x.Reason != "waits for an answer: petrel inquiry respond "+x.ID {
		t.Errorf("asked, it is %s in hand %q because %q", x.Status, x.Hand, x.Reason)
	}
	if e := <-f.raised; e.Trigger != "core.st2.generic.inquiry" || string(e.Payload) != `{"id":"`+x.ID+`","route":"deploy"}` {
		t.Errorf("raised %+v", e)
	}
	if held, err := f.store.Holds(t.Context(), store.Executions, x.ID); err != nil || !held[0] {
		t.Errorf("its deadline is queued: %v, %v", held, err)
	}
	adrift, err := execution.Adrift(t.Context(), f.store)
	if err != nil || len(adrift) > 0 {
		t.Errorf("adrift: %v, %v", adrift, err)
	}
	for _, c := range []struct {
		user, response string
		kind           core.Kind
		want           string
	}{
		{"bob", `{"go": true}`, core.Forbidden, `User "bob" does not have permission to respond to inquiry`},
		{"ada", `{}`, core.Invalid, `did not pass schema validation. 'go' is a required property`},
		{"ada", `{"go": "yes"}`, core.Invalid, `'yes' is not of type 'boolean'`},
	} {
		err := f.respond(x.ID, execution.Answer{User: c.user, Admin: true, Response: json.RawMessage(c.response)})
		if core.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s answers %s: %v, want %q", c.user, c.response, err, c.want)
		}
	}
	if err := f.respond(x.ID, execution.Answer{User: "ada", Response: json.RawMessage(`{"go": false}`)}); err != nil {
		t.Fatal(err)
	}
	x = f.awaitEnd(x.ID)
	var result struct{ Response json.RawMessage }
	if err := json.Unmarshal(x.Result, &result); err != nil || string(result.Response) != `{"go":false}` || x.Status != core.Succeeded {
		t.Errorf("answered, it is %s with %s, %v", x.Status, x.Result, err)
	}
	err = f.respond(x.ID, execution.Answer{User: "ada", Response: json.RawMessage(`{"go": true}`)})
	if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "has already been responded to") {
		t.Errorf("a second answer: %v", err)
	}
}

func TestRolesAreLeftToAdministrators(t *testing.T) {
	f := newInquirers(t)
	f.start()
	x := f.ask(`{"schema": {"type": "object"}, "roles": ["ops"], "users": [], "route": "", "ttl": 0}`)
	if err := f.respond(x.ID, execution.Answer{User: "bob", Response: json.RawMessage(`{}`)}); core.KindOf(err) != core.Forbidden {
		t.Errorf("an answer of somebody: %v", err)
	}
	if err := f.respond(x.ID, execution.Answer{User: "ada", Admin: true, Response: json.RawMessage(`{}`)}); err != nil {
		t.Errorf("an answer of an administrator: %v", err)
	}
}

func TestAnInquiryEndsByItsTime(t *testing.T) {
	f := newInquirers(t)
	f.start()
	x := f.ask(question)
	early := func(tx *store.Tx) error { tx.Push(store.Executions, x.ID, "", 0); return nil }
	f.update(early) // as the sweeper might
	other := f.ask(`{"schema": {"type": "object"}, "ttl": 0}`)
	f.ahead.Store(int64(59 * time.Minute))
	f.update(early)
	if x = f.ask(question); x.Status != core.Pending { // behind the other in the queue
		t.Fatalf("it is %s", x.Status)
	}
	first := f.listed(core.Pending)[0]
	f.ahead.Store(int64(61 * time.Minute))
	f.update(func(tx *store.Tx) error { tx.Push(store.Executions, first, "", 0); return nil })
	late := f.awaitEnd(first)
	if late.Status != core.TimedOut || late.Reason != "nobody answered within 60 minutes" || !strings.Contains(string(late.Result), `"deploy"`) {
		t.Errorf("it ended %s because %q with %s", late.Status, late.Reason, late.Result)
	}
	err := f.respond(first, execution.Answer{User: "ada", Response: json.RawMessage(`{"go": true}`)})
	if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "timed out and cannot be responded to") {
		t.Errorf("an answer too late: %v", err)
	}
	if got := f.listed(core.Pending); len(got) != 2 || got[0] != other.ID {
		t.Errorf("still asked: %q", got)
	}
}

// listed returns the executions of a status, the oldest first.
func (w *world) listed(s core.Status) []string {
	w.t.Helper()
	ids, err := w.store.Executions().IDs(w.t.Context(), store.Query{Where: []store.Is{{Index: store.ByStatus, Value: string(s)}}, Oldest: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return ids
}

func TestWhatNobodyCouldAnswerFails(t *testing.T) {
	f := newInquirers(t)
	f.start()
	for question, want := range map[string]string{
		`{"schema": {"type": "objct"}, "ttl": 0}`:                               "the inquiry cannot be asked",
		`{"schema": {"type": "object", "properties": {"a": {"pattern": "("}}}}`: "the inquiry cannot be asked",
		`{"schema": {"type": "object"}, "users": "ada"}`:                        "the inquiry cannot be asked",
	} {
		if x := f.ask(question); x.Status != core.Failed || !strings.Contains(string(x.Result), want) {
			t.Errorf("%s: %s with %s", question, x.Status, x.Result)
		}
	}
}

// TestAQuestionIsAskedAgain needs a server that dies while it asks to lose no question.
func TestAQuestionIsAskedAgain(t *testing.T) {
	f := newInquirers(t)
	id := f.crash(execution.Inquirer, core.Running)
	f.start()
	x := f.await(id, func(s core.Status) bool { return s == core.Pending || s.Final() })
	if x.Status != core.Pending {
		t.Errorf("it went %q", trail(x))
	}
}

func TestAQuestionNeedsNoSlot(t *testing.T) {
	f := newInquirers(t)
	f.policy("one", execution.Inquirer, core.ConcurrencyPolicy, `{"threshold": 1}`)
	f.start()
	for range 3 {
		if x := f.ask(question); x.Status != core.Pending {
			t.Errorf("asked, it is %s", x.Status)
		}
	}
	f.empty()
}
