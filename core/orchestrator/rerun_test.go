package orchestrator_test

import (
	"testing"

	"github.com/petrelhq/petrel/core"
)

// A workflow that failed goes on from the task that failed; the other run stays as it is.
func TestReRunFromTasks(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow(`
tasks:
  a: {action: test.flaky name='a', next: [{publish: [{a: <% result().v %>}], do: b}]}
  b: {action: test.flaky name='b' n=1, next: [{when: <% succeeded() %>, publish: [{b: <% result().v %>}], do: c}]}
  c: {action: test.echo v=<% task(a).result.v %>, next: [{publish: [{c: <% result().v %>}]}]}
output: [{a: <% ctx().get(a) %>}, {b: <% ctx().get(b) %>}, {c: <% ctx().get(c) %>}, {id: <% ctx(st2).action_execution_id %>}]
`)})
	w.start()
	old := w.request("flow.w", "")
	w.expectEnd(old, core.Failed, `{"a":1,"b":null,"c":null,"id":"`+old+`"}`)
	id := w.reRun(old, "", []string{"b"}, nil)
	w.expectEnd(id, core.Succeeded, `{"a":1,"b":2,"c":1,"id":"`+id+`"}`)
	if n := w.tried("a"); n != 1 {
		t.Errorf("the task a ran %d times", n)
	}
	w.expectEnd(old, core.Failed, `{"a":1,"b":null`)
	again := w.reRun(id, "", []string{"c"}, nil) // of a run that went on itself
	w.expectEnd(again, core.Succeeded, `{"a":1,"b":2,"c":1,"id":"`+again+`"}`)
	if n := len(w.children(again)); n != 1 {
		t.Errorf("%d tasks ran, want 1", n)
	}
}

func TestReRunOfUnknownTasks(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow("tasks:\n  a: {action: test.fail}\n")})
	w.start()
	old := w.request("flow.w", "")
	w.end(old)
	w.expectEnd(w.reRun(old, "", []string{"b"}, nil), core.Failed, "null\nInvalidTaskRerunRequest")
}

const fragileItems = `
tasks:
  a: {with: <% ctx(l) %>, action: test.flaky name=<% item().name %> n=<% item().n %>, next: [{when: <% succeeded() %>, publish: [{r: <% result().v %>}]}]}
output: [{r: <% ctx().get(r) %>}]
`

// Of a task with items those that failed run again, with reset all of them.
func TestReRunOfItems(t *testing.T) {
	for _, reset := range []bool{false, true} {
		w := newWorld(t, map[string]string{"w": flow(fragileItems)})
		w.start()
		old := w.request("flow.w", `{"l": [{"name": "a", "n": 0}, {"name": "b", "n": 1}, {"name": "c", "n": 0}]}`)
		w.expectEnd(old, core.Failed, `{"r":null}`)
		var all []string
		want := `{"r":[1,2,1]}`
		if reset {
			all, want = []string{"a"}, `{"r":[2,2,2]}`
		}
		w.expectEnd(w.reRun(old, "", []string{"a"}, all), core.Succeeded, want)
		w.stop()
	}
}

// A changed input is seen by what runs again, and only by that. With another number of
// items all of them run.
func TestReRunWithChangedInput(t *testing.T) {
	w := newWorld(t, map[string]string{
		"w": flow(`
vars: [{x: <% ctx(v) %>}]
tasks:
  a: {action: test.echo v=<% ctx(v) %>, next: [{publish: [{a: <% result().v %>}], do: b}]}
  b: {action: test.flaky name=<% str(ctx(v)) %> n=1, next: [{when: <% succeeded() %>, publish: [{b: <% ctx(x) %>}]}]}
output: [{a: <% ctx().get(a) %>}, {b: <% ctx().get(b) %>}]
`), "items": flow(fragileItems),
		"outer": flow("tasks:\n  a: {action: flow.w v=<% ctx(v) %>, next: [{when: <% succeeded() %>, publish: [{r: <% result().output %>}]}]}\noutput: [{r: <% ctx().get(r) %>}]\n"),
	})
	w.start()
	old := w.request("flow.w", `{"v": 1}`)
	w.expectEnd(old, core.Failed, `{"a":1,"b":null}`)
	w.tries["2"] = 1
	w.expectEnd(w.reRun(old, `{"v": 2}`, []string{"b"}, nil), core.Succeeded, `{"a":1,"b":2}`)

	old = w.request("flow.items", `{"l": [{"name": "p", "n": 0}, {"name": "q", "n": 9}]}`)
	w.expectEnd(old, core.Failed, `{"r":null}`)
	w.expectEnd(w.reRun(old, `{"l": [{"name": "p", "n": 0}, {"name": "q", "n": 0}]}`, []string{"a"}, nil), core.Succeeded, `{"r":[1,2]}`)
	w.expectEnd(w.reRun(old, `{"l": [{"name": "p", "n": 0}]}`, []string{"a"}, nil), core.Succeeded, `{"r":[2]}`)

	old = w.request("flow.outer", `{"v": 3}`)
	w.expectEnd(old, core.Failed, `{"r":null}`)
	w.tries["4"] = 1
	w.expectEnd(w.reRun(old, `{"v": 4}`, []string{"a"}, nil), core.Succeeded, `{"r":{"a":3,"b":4}}`)
}

// Workflows among the tasks go on where they failed, at any depth, also as items.
func TestReRunGoesDeep(t *testing.T) {
	w := newWorld(t, map[string]string{
		"top": flow("tasks:\n  a: {action: flow.middle l=<% ctx(l) %>, next: [{when: <% succeeded() %>, publish: [{r: <% result().output.r %>}]}]}\noutput: [{r: <% ctx().get(r) %>}]\n"),
		"middle": flow(`
tasks:
  a: {with: <% ctx(l) %>, action: flow.inner name=<% item().name %> n=<% item().n %>, next: [{when: <% succeeded() %>, publish: [{r: <% result().output.r %>}]}]}
output: [{r: <% ctx().get(r) %>}]
`),
		"inner": flow(`
tasks:
  a: {action: test.flaky name=<% 'first ' + ctx(name) %>, next: [{publish: [{a: <% result().v %>}], do: b}]}
  b: {action: test.flaky name=<% ctx(name) %> n=<% ctx(n) %>, next: [{when: <% succeeded() %>, publish: [{b: <% result().v %>}]}]}
output: [{r: "<% [ctx(a), ctx().get(b)] %>"}]
`)})
	w.start()
	old := w.request("flow.top", `{"l": [{"name": "x", "n": 0}, {"name": "y", "n": 1}, {"name": "z", "n": 2}]}`)
	w.expectEnd(old, core.Failed, `{"r":null}`)
	second := w.reRun(old, "", []string{"a"}, nil)
	w.expectEnd(second, core.Failed, `{"r":null}`)
	third := w.reRun(second, "", []string{"a"}, nil)
	w.expectEnd(third, core.Succeeded, `{"r":[[1,1],[1,2],[1,3]]}`)
	for _, name := range []string{"x", "y", "z"} {
		if n := w.tried("first " + name); n != 1 {
			t.Errorf("the first task of %s ran %d times", name, n)
		}
	}
	if n := w.tried("y"); n != 2 {
		t.Errorf("what succeeded in the second run ran again: %d times", n)
	}
}

// A part that never really began begins anew.
func TestReRunOfAPartThatNeverBegan(t *testing.T) {
	w := newWorld(t, map[string]string{
		"top":    flow("tasks:\n  a: {action: flow.inner, next: [{when: <% succeeded() %>, publish: [{r: <% result().output.r %>}]}]}\noutput: [{r: <% ctx().get(r) %>}]\n"),
		"inner":  "version: 1.0\ntasks: {a: {next: [{do: nope}]}}\n",
		"late":   flow("tasks:\n  a: {action: flow.output}\n"),
		"output": flow("tasks:\n  a: {action: test.flaky name='o'}\noutput: [{r: <% 1 / ctx(v) %>}]\n"),
	})
	w.start()
	old := w.request("flow.top", "")
	w.expectEnd(old, core.Failed, `{"r":null}`)
	w.files["flow/actions/inner.yaml"] = flow("vars: [{v: mended}]" + say)
	w.expectEnd(w.reRun(old, "", []string{"a"}, nil), core.Succeeded, `{"r":"mended"}`)

	old = w.request("flow.late", "")
	w.expectEnd(old, core.Failed, `null`)
	w.expectEnd(w.reRun(old, "", []string{"a"}, nil), core.Failed, `null`)
	if n := w.tried("o"); n != 2 {
		t.Errorf("the task ran %d times, want 2: no task of the first run had failed", n)
	}
}

// A workflow that is changed while it runs goes on as it began.
func TestAChangedWorkflowGoesOnAsItBegan(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow("tasks:\n  a: {action: test.hold name='h', next: [{do: b}]}\n  b: {action: test.echo v=1, next: [{publish: [{r: old}]}]}\noutput: [{r: <% ctx(r) %>}]\n")})
	w.engine.Conductor = restarting{w.flows}
	w.start()
	id := w.request("flow.w", "")
	w.awaitHold("h")
	w.files["flow/actions/w.yaml"] = flow("tasks:\n  a: {action: test.echo, next: [{publish: [{r: new}]}]}\noutput: [{r: <% ctx(r) %>}]\n")
	w.letGo("h")
	w.expectEnd(id, core.Succeeded, `{"r":"old"}`)
	w.expectEnd(w.request("flow.w", ""), core.Succeeded, `{"r":"new"}`)
}

// ActionChains: a task after the other, failures that are handled, actions there are none of.
func TestChains(t *testing.T) {
	w := newWorld(t, map[string]string{
		"good":    "chain:\n  - {name: a, ref: test.echo, parameters: {v: one}, publish: {x: '{{ a.v }}'}, on-success: b}\n  - {name: b, ref: flow.inner, parameters: {v: '{{ x }}'}}\n",
		"handled": "chain:\n  - {name: a, ref: test.fail, on-failure: b}\n  - {name: b, ref: test.echo}\n",
		"unknown": "chain:\n  - {name: a, ref: test.nope, on-failure: b}\n  - {name: b, ref: test.echo}\n",
		"refused": "chain:\n  - {name: a, ref: test.echo, parameters: {nope: 1}, on-failure: b}\n  - {name: b, ref: test.echo}\n",
		"inner":   flow(say),
	})
	w.start()
	for _, c := range []struct {
		name   string
		status core.Status
		tree   string
	}{
		{"good", core.Succeeded, "  a succeeded\n  b succeeded\n    say succeeded\n"},
		{"handled", core.Succeeded, "  a failed\n  b succeeded\n"},
		{"unknown", core.Failed, ""},
		{"refused", core.Succeeded, "  b succeeded\n"},
	} {
		id := w.request("chain."+c.name, "")
		x := w.end(id)
		if got, want := w.tree(id), "chain."+c.name+" "+string(c.status)+"\n"+c.tree; got != want {
			t.Errorf("got\n%swant\n%s%s", got, want, w.resultOf(x))
		}
	}
}

// A question that was taken back because its workflow failed is asked again: left as it was it would
// cancel the workflow.
func TestReRunAsksAgain(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow(`
tasks:
  h: {action: test.hold name='h', next: [{when: <% ctx(v) = 1 %>, do: fail}]}
  q: {action: test.ask, next: [{when: <% succeeded() %>, publish: [{r: <% result().response.v %>}]}]}
output: [{r: <% ctx().get(r) %>}]
`)})
	w.start()
	old := w.request("flow.w", `{"v": 1}`)
	w.awaitHold("h")
	w.awaitStatus(w.child(old, "q").ID, core.Pending)
	w.letGo("h")
	w.expectEnd(old, core.Failed, `{"r":null}`)
	id := w.reRun(old, `{"v": 2}`, []string{"h"}, nil)
	ask := w.awaitStatus(w.child(id, "q").ID, core.Pending)
	w.answer(ask.ID, core.Succeeded)
	w.expectEnd(id, core.Succeeded, `{"r":42}`)
}
