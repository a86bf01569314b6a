package orchestrator_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// TestItemsAreThoseOfTheBeginning: a server that takes a workflow over goes on with the list of
// items as it was when the task began, whatever has become of it meanwhile.
func TestItemsAreThoseOfTheBeginning(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow(`
tasks:
  a: {with: {items: <% st2kv('hosts') %>, concurrency: 1}, action: test.hold name=<% item() %>}
`)})
	var names atomic.Value
	names.Store("xyz")
	w.flows.KeyValue = func(context.Context, string) functions.Function {
		return functions.Function{Params: []expr.Param{{Name: "key"}}, Fn: func(*expr.Budget, []expr.Value) (expr.Value, error) {
			l := expr.NewList()
			for _, name := range names.Load().(string) {
				l.Items = append(l.Items, string(name))
			}
			return l, nil
		}}
	}
	w.engine.Conductor = restarting{w.flows}
	w.start()
	id := w.request("flow.w", "")
	w.awaitHold("x")
	names.Store("yxz") // as long as before: y would never run, and x twice
	w.letGo("x")
	w.awaitHold("y")
	names.Store("y")
	w.letGo("y")
	w.awaitHold("z")
	w.letGo("z")
	if x := w.end(id); x.Status != core.Succeeded || len(w.children(id)) != 3 {
		t.Errorf("the workflow is %s with\n%s", x.Status, w.tree(id))
	}
}

// task() shows the items of a task's last visit, not those that an earlier one had more of.
func TestTaskShowsTheLastItems(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow(`
tasks:
  a:
    with: <% ctx(l) %>
    action: test.echo v=<% item() %>
    next:
      - {when: <% len(ctx(l)) > 1 %>, publish: [{l: [9]}], do: a}
      - {when: <% len(ctx(l)) = 1 %>, publish: [{r: "<% task(a).result.items.select($.v) %>"}]}
  z: {action: test.echo v=1, next: [{do: a}]}
output: [{r: <% ctx(r) %>}]
`)})
	w.start()
	w.expectEnd(w.request("flow.w", `{"l": [1, 2, 3]}`), core.Succeeded, `{"r":[9]}`)
}

// A delay that an expression made too long fails the task; it is not the opposite, none at all.
func TestDelayIsTooLong(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow("tasks:\n  a: {action: test.echo v=1, delay: <% ctx(n) %>}\n")})
	w.start()
	x := w.end(w.request("flow.w", `{"n": 10000000000}`))
	if x.Status != core.Failed || !strings.Contains(w.resultOf(x), "the delay of the task a is 10000000000 seconds") {
		t.Errorf("%s: %s", x.Status, w.resultOf(x))
	}
}

// Keys of the store are at hand wherever there are expressions.
func TestKeysAtHandEverywhere(t *testing.T) {
	w := newWorld(t, map[string]string{
		"w": "version: 1.0\ninput: [v, {i: <% st2kv(x) %>}]\nvars: [{j: \"{{ st2kv('x') }}\"}]\n" +
			"tasks: {a: {action: test.fail, retry: {count: <% len(st2kv(x)) - 3 %>, when: <% st2kv(x) = kept %>}, next: [{when: <% st2kv(x) = kept %>, publish: [{p: <% st2kv(x) %>}]}]}}\n" +
			"output: [{i: <% ctx(i) %>}, {j: <% ctx(j) %>}, {p: <% ctx(p) %>}, {o: <% st2kv(x) %>}]\n",
	})
	w.start()
	id := w.request("flow.w", "")
	w.expectEnd(id, core.Failed, `{"i":"kept","j":"kept","p":"kept","o":"kept"}`)
	if n := len(w.children(id)); n != 2 {
		t.Errorf("the task ran %d times, want 2", n)
	}
}
