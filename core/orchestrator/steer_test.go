package orchestrator_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
)

// held is a workflow three deep whose innermost task runs until the test lets it go.
var held = map[string]string{
	"top":    flow("tasks:\n  a: {action: flow.middle, next: [{do: b}]}\n  b: {action: test.echo v=1}\n"),
	"middle": flow("tasks:\n  a: {action: flow.inner, next: [{do: b}]}\n  b: {action: test.echo v=1}\n"),
	"inner":  flow("tasks:\n  a: {action: test.hold name='h', next: [{do: b}]}\n  b: {action: test.echo v=1}\n"),
}

// levels are the ids of a workflow, of its task a, of that one's task a …
func (w *world) levels(id string) []string {
	w.t.Helper()
	w.awaitHold("h")
	ids := []string{id}
	for range 3 {
		ids = append(ids, w.child(ids[len(ids)-1], "a").ID)
	}
	return ids
}

// Pausing at any level pauses what is below, and what is above once nothing else runs;
// resuming at the same level sets all of it going again.
func TestPauseAtAnyLevel(t *testing.T) {
	for level, name := range []string{"top", "middle", "inner"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, held)
			w.start()
			ids := w.levels(w.request("flow.top", ""))
			w.do(w.engine.Pause, ids[level])
			for i := level; i < 3; i++ {
				w.awaitStatus(ids[i], core.Pausing)
			}
			w.letGo("h") // it ends while its workflow is being paused
			for i := range 3 {
				w.awaitStatus(ids[i], core.Paused)
			}
			w.nobodyBut(ids...)
			w.do(w.engine.Resume, ids[level])
			w.expectEnd(ids[0], core.Succeeded, "null")
			want := "flow.top succeeded\n  a succeeded\n    a succeeded\n      a succeeded\n      b succeeded\n    b succeeded\n  b succeeded\n"
			if got := w.tree(ids[0]); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// nobodyBut fails when other executions than these are there.
func (w *world) nobodyBut(ids ...string) {
	w.t.Helper()
	n := 1
	for _, id := range ids {
		n += len(w.children(id))
	}
	if n != len(ids) {
		w.t.Errorf("%d executions, want %d:\n%s", n, len(ids), w.tree(ids[0]))
	}
}

func TestCancelAtAnyLevel(t *testing.T) {
	for level, name := range []string{"top", "middle", "inner", "action"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, held)
			w.start()
			ids := w.levels(w.request("flow.top", ""))
			w.do(w.engine.Cancel, ids[level])
			w.expectEnd(ids[0], core.Canceled, "null")
			want := "flow.top canceled\n  a canceled\n    a canceled\n      a canceled\n"
			if got := w.tree(ids[0]); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

func TestPausedIsCancelled(t *testing.T) {
	w := newWorld(t, held)
	w.start()
	ids := w.levels(w.request("flow.top", ""))
	w.do(w.engine.Pause, ids[0])
	w.letGo("h")
	w.awaitStatus(ids[0], core.Paused)
	w.do(w.engine.Cancel, ids[0])
	w.expectEnd(ids[0], core.Canceled, "null")
}

// A resume that comes before the pause is complete lets everything go on.
func TestResumedWhilePausing(t *testing.T) {
	w := newWorld(t, held)
	w.start()
	ids := w.levels(w.request("flow.top", ""))
	w.do(w.engine.Pause, ids[0])
	w.awaitStatus(ids[2], core.Pausing)
	w.do(w.engine.Resume, ids[0])
	w.awaitStatus(ids[2], core.Running)
	w.letGo("h")
	w.expectEnd(ids[0], core.Succeeded, "null")
}

// A workflow that begins while its parent is being paused begins nothing.
func TestBegunWhileParentPauses(t *testing.T) {
	w := newWorld(t, map[string]string{
		"top":   flow("tasks:\n  a: {action: test.hold name='h'}\n  b: {delay: 1, action: flow.inner v=1}\n"),
		"inner": flow(say),
	})
	w.start()
	id := w.request("flow.top", "")
	w.awaitHold("h")
	inner := w.child(id, "b")
	w.do(w.engine.Pause, id)
	w.awaitStatus(inner.ID, core.Paused)
	w.letGo("h")
	w.awaitStatus(id, core.Paused)
	if n := len(w.children(inner.ID)); n > 0 {
		t.Errorf("the inner workflow began %d tasks", n)
	}
	w.do(w.engine.Resume, id)
	w.expectEnd(id, core.Succeeded, "null")
}

const asks = `
tasks:
  ask: {action: test.ask, next: [{when: <% succeeded() %>, publish: [{r: "<% result().response.v %>"}], do: b}]}
  b: {action: test.echo v=<% ctx(r) %>}
output: [{r: <% ctx().get(r) %>}]
`

// What waits for an answer pauses its workflows, which go on with it.
func TestAnswer(t *testing.T) {
	w := newWorld(t, map[string]string{
		"top":  flow("tasks:\n  a: {action: flow.asks, next: [{publish: [{r: <% result().output.r %>}]}]}\n  s: {action: flow.slow}\noutput: [{r: <% ctx(r) %>}]\n"),
		"asks": flow(asks),
		"slow": flow("tasks:\n  a: {action: test.hold name='h', next: [{do: b}]}\n  b: {action: test.echo v=1}\n"),
	})
	w.start()
	id := w.request("flow.top", "")
	inner := w.child(id, "a").ID
	ask := w.awaitStatus(w.child(inner, "ask").ID, core.Pending)
	w.awaitHold("h")
	w.awaitStatus(inner, core.Paused)
	w.awaitStatus(id, core.Running)
	w.letGo("h")
	slow := w.child(id, "s").ID
	w.awaitStatus(slow, core.Succeeded) // nobody asked it to pause
	x := w.awaitStatus(id, core.Paused)
	if !strings.HasPrefix(x.Reason, "waits for an answer") {
		t.Errorf("reason %q", x.Reason)
	}
	w.answer(ask.ID, core.Succeeded)
	w.expectEnd(id, core.Succeeded, `{"r":42}`)
}

// An answer goes on for a workflow that a user has paused and resumed before.
func TestAnswerAfterPause(t *testing.T) {
	w := newWorld(t, map[string]string{"top": flow("tasks:\n  a: {action: test.hold name='h', next: [{do: ask}]}" + strings.TrimPrefix(asks, "\ntasks:"))})
	w.start()
	id := w.request("flow.top", "")
	w.awaitHold("h")
	w.do(w.engine.Pause, id)
	w.letGo("h")
	w.awaitStatus(id, core.Paused)
	w.do(w.engine.Resume, id)
	ask := w.awaitStatus(w.child(id, "ask").ID, core.Pending)
	w.awaitStatus(id, core.Paused)
	w.do(w.engine.Resume, id) // changes nothing: it waits for the answer
	w.awaitStatus(id, core.Paused)
	w.answer(ask.ID, core.Succeeded)
	w.expectEnd(id, core.Succeeded, `{"r":42}`)
}

// An answer that comes while a user has the workflow paused waits with it.
func TestAnswerWhilePaused(t *testing.T) {
	w := newWorld(t, map[string]string{"top": flow("tasks:\n  a: {action: test.hold name='h'}" + strings.TrimPrefix(asks, "\ntasks:"))})
	w.start()
	id := w.request("flow.top", "")
	w.awaitHold("h")
	ask := w.awaitStatus(w.child(id, "ask").ID, core.Pending)
	w.awaitStatus(id, core.Pausing) // because of the question
	w.letGo("h")
	w.awaitStatus(id, core.Paused)
	w.answer(ask.ID, core.Succeeded)
	w.expectEnd(id, core.Succeeded, `{"r":42}`)
}

// Two answers are waited for: the workflow is paused until the second.
func TestTwoAnswers(t *testing.T) {
	w := newWorld(t, map[string]string{"top": flow(`
tasks:
  a: {action: test.ask, next: [{publish: [{a: <% result().response.v %>}], do: c}]}
  b: {action: test.ask, next: [{publish: [{b: <% result().response.v %>}], do: c}]}
  c: {join: all, action: test.echo v=<% ctx(a) + ctx(b) %>, next: [{publish: [{r: <% result().v %>}]}]}
output: [{r: <% ctx(r) %>}]
`)})
	w.start()
	id := w.request("flow.top", "")
	a, b := w.awaitStatus(w.child(id, "a").ID, core.Pending), w.awaitStatus(w.child(id, "b").ID, core.Pending)
	w.awaitStatus(id, core.Paused)
	w.answer(a.ID, core.Succeeded)
	w.awaitStatus(id, core.Paused)
	w.answer(b.ID, core.Succeeded)
	w.expectEnd(id, core.Succeeded, `{"r":84}`)
}

func TestNoAnswer(t *testing.T) {
	for _, status := range []core.Status{core.TimedOut, core.Failed, core.Canceled} {
		w := newWorld(t, map[string]string{"top": flow(asks)})
		w.start()
		id := w.request("flow.top", "")
		ask := w.awaitStatus(w.child(id, "ask").ID, core.Pending)
		w.awaitStatus(id, core.Paused)
		w.answer(ask.ID, status)
		want := core.Failed
		if status == core.Canceled {
			want = status
		}
		w.expectEnd(id, want, `{"r":null}`)
		w.stop()
	}
}

// Questions of a workflow that fails are taken back.
func TestQuestionsOfAFailedWorkflow(t *testing.T) {
	w := newWorld(t, map[string]string{"top": flow("tasks:\n  a: {action: test.hold name='h', next: [{do: fail}]}\n  b: {action: flow.asks}\n"), "asks": flow(asks)})
	w.start()
	id := w.request("flow.top", "")
	inner := w.child(id, "b").ID
	w.awaitStatus(w.child(inner, "ask").ID, core.Pending)
	w.awaitHold("h")
	w.awaitStatus(inner, core.Paused)
	w.letGo("h")
	w.expectEnd(id, core.Failed, "null")
}

func TestCancelledWhileAsking(t *testing.T) {
	w := newWorld(t, map[string]string{"top": flow("tasks:\n  a: {action: flow.asks}\n"), "asks": flow(asks)})
	w.start()
	id := w.request("flow.top", "")
	inner := w.child(id, "a").ID
	w.awaitStatus(w.child(inner, "ask").ID, core.Pending)
	w.awaitStatus(id, core.Paused)
	w.do(w.engine.Cancel, id)
	w.expectEnd(id, core.Canceled, "null")
}

// Items: no further one begins while the workflow is paused; cancelled, those that run end.
func TestItemsArePausedAndCancelled(t *testing.T) {
	items := map[string]string{"top": flow("tasks:\n  a: {with: {items: <% ctx(l) %>, concurrency: 2}, action: test.hold name=<% item() %>, next: [{when: <% succeeded() %>, publish: [{r: <% result().v %>}]}]}\noutput: [{r: <% ctx().get(r) %>}]\n")}
	for _, cancel := range []bool{false, true} {
		w := newWorld(t, items)
		w.start()
		id := w.request("flow.top", `{"l": ["a", "b", "c", "d"]}`)
		w.awaitHold("a")
		w.awaitHold("b")
		if cancel {
			w.do(w.engine.Cancel, id)
			w.expectEnd(id, core.Canceled, `{"r":null}`)
		} else {
			w.do(w.engine.Pause, id)
			w.letGo("a")
			w.letGo("b")
			w.awaitStatus(id, core.Paused)
			if n := len(w.children(id)); n != 2 {
				t.Errorf("%d items began", n)
			}
			w.letGo("c")
			w.letGo("d")
			w.do(w.engine.Resume, id)
			w.expectEnd(id, core.Succeeded, `{"r":["a","b","c","d"]}`)
		}
		w.stop()
	}
}

// A user who pauses a workflow that stands still because of a question, here deep inside of it, has
// paused it: the answer alone sets nothing going.
func TestPausedWhileAsking(t *testing.T) {
	w := newWorld(t, map[string]string{"top": flow("tasks:\n  a: {action: flow.asks}\n"), "asks": flow(asks)})
	w.start()
	id := w.request("flow.top", "")
	inner := w.child(id, "a").ID
	ask := w.awaitStatus(w.child(inner, "ask").ID, core.Pending)
	w.awaitStatus(id, core.Paused)
	w.do(w.engine.Pause, id)
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		x, err := w.store.Executions().Get(context.Background(), inner)
		if err != nil || time.Now().After(until) {
			t.Fatalf("the inner workflow has not heard of it: %v", err)
		}
		if strings.HasPrefix(x.Reason, "paused by bob") {
			break
		}
	}
	w.answer(ask.ID, core.Succeeded)
	again := w.request("flow.asks", "") // what comes after the answer in the queue
	w.awaitStatus(w.child(again, "ask").ID, core.Pending)
	w.awaitStatus(again, core.Paused)
	if got := w.tree(id); got != "flow.top paused\n  a paused\n    ask succeeded\n" {
		t.Errorf("after the answer:\n%s", got)
	}
	w.do(w.engine.Resume, id)
	w.expectEnd(id, core.Succeeded, "null")
}

// A resume does not wait for word of a part that runs already.
func TestResumedBesideAPartThatRuns(t *testing.T) {
	w := newWorld(t, map[string]string{
		"top":   flow("tasks:\n  a: {action: flow.inner name='a'}\n  b: {action: test.hold name='b'}\n"),
		"inner": flow("tasks:\n  a: {action: test.hold name=<% ctx(name) %>, next: [{do: b}]}\n  b: {action: test.hold name='last'}\n"),
	})
	w.start()
	id := w.request("flow.top", "")
	w.awaitHold("a")
	w.awaitHold("b")
	inner := w.child(id, "a").ID
	w.do(w.engine.Pause, id)
	w.letGo("a")
	w.awaitStatus(inner, core.Paused)
	w.do(w.engine.Resume, inner)
	w.awaitHold("last")
	w.awaitStatus(id, core.Pausing) // its task b runs
	w.do(w.engine.Resume, id)
	w.awaitStatus(id, core.Running)
	w.letGo("b")
	w.letGo("last")
	w.expectEnd(id, core.Succeeded, "null")
}

// What a part of a workflow sets going again is no longer paused by anybody.
func TestAPartSetsItGoing(t *testing.T) {
	w := newWorld(t, held)
	w.start()
	ids := w.levels(w.request("flow.top", ""))
	w.do(w.engine.Pause, ids[1])
	w.do(w.engine.Pause, ids[0])
	w.letGo("h")
	w.awaitStatus(ids[0], core.Paused)
	w.do(w.engine.Resume, ids[1])
	w.expectEnd(ids[0], core.Succeeded, "null")
	if x := w.end(ids[0]); x.Context.PausedBy != "" {
		t.Errorf("it was set going, and is paused by %s", x.Context.PausedBy)
	}
}
