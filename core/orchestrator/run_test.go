package orchestrator_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/orchestrator"
	"github.com/petrelhq/petrel/core/store"
)

// flow writes a workflow with the inputs v, n, l and name.
func flow(rest string) string { return "version: 1.0\ninput: [v, n, l, name]\n" + rest }

// say is a workflow of one task.
const say = `
tasks:
  say: {action: test.echo v=<% ctx(v) %>, next: [{publish: [{r: "<% result().v %>"}]}]}
output: [{r: <% ctx(r) %>}]
`

// stories are workflows that run to their end by themselves.
var stories = []struct {
	name, text, params string
	status             core.Status
	output             string // or its beginning, with the errors in lines of their own
	children           int
}{
	{"sequence", flow(`
tasks:
  a: {action: test.echo v=1, next: [{publish: [{x: "<% result().v %>"}], do: b}]}
  b: {action: test.echo v=<% ctx(x) + 1 %>, next: [{publish: [{x: "<% result().v %>"}], do: c}]}
  c: {action: test.echo v=<% ctx(x) + 1 %>, next: [{publish: [{x: "<% result().v %>"}]}]}
output: [{x: <% ctx(x) %>}]
`), ``, core.Succeeded, `{"x":3}`, 3},
	{"branches and join", flow(`
tasks:
  a: {action: test.echo, next: [{do: [b, c]}]}
  b: {action: test.echo v=1, next: [{publish: [{b: "<% result().v %>"}], do: d}]}
  c: {action: test.echo v=2, next: [{publish: [{c: "<% result().v %>"}], do: d}]}
  d: {join: all, action: test.echo v=<% ctx(b) + ctx(c) %>, next: [{publish: [{d: "<% result().v %>"}]}]}
output: [{d: <% ctx(d) %>}]
`), ``, core.Succeeded, `{"d":3}`, 4},
	{"a join of two of three", flow(`
tasks:
  a: {next: [{do: [b, c, d]}]}
  b: {action: test.echo, next: [{do: e}]}
  c: {action: test.fail, next: [{when: <% succeeded() %>, do: e}, {when: <% failed() %>, do: noop}]}
  d: {action: test.echo, next: [{do: e}]}
  e: {join: 2, action: test.echo v='joined', next: [{publish: [{e: "<% result().v %>"}]}]}
output: [{e: <% ctx(e) %>}]
`), ``, core.Succeeded, `{"e":"joined"}`, 4},
	{"items with concurrency", flow(`
tasks:
  a: {with: {items: i in <% range(7).toList() %>, concurrency: 2}, action: test.echo v=<% item(i) %>, next: [{publish: [{r: "<% result().v %>"}]}]}
output: [{r: <% ctx(r) %>}]
`), ``, core.Succeeded, `{"r":[0,1,2,3,4,5,6]}`, 7},
	{"no items", flow(`
tasks:
  a: {with: <% ctx(l) %>, action: test.echo v=<% item() %>, next: [{publish: [{r: "<% result() %>"}], do: b}]}
  b: {action: test.echo v=1}
output: [{r: <% ctx(r) %>}]
`), `{"l": []}`, core.Succeeded, `{"r":[]}`, 1},
	{"an item fails", flow(`
tasks:
  a: {with: <% ctx(l) %>, action: test.flaky name=<% item().name %> n=<% item().n %>, next: [{when: <% failed() %>, publish: [{n: "<% result().len() %>"}]}]}
output: [{n: <% ctx(n) %>}]
`), `{"l": [{"name": "a", "n": 0}, {"name": "x", "n": 9}, {"name": "b", "n": 0}]}`, core.Failed, `{"n":3}`, 3},
	{"retries", flow(`
tasks:
  a: {action: test.flaky name='retries' n=2, retry: {count: 3, delay: 0}, next: [{publish: [{r: "<% result().v %>"}]}]}
output: [{r: <% ctx(r) %>}]
`), ``, core.Succeeded, `{"r":3}`, 3},
	{"a retry with a delay, then the end of tries", flow(`
tasks:
  a: {action: test.flaky name='late' n=9, retry: {count: 1, delay: 1}}
`), ``, core.Failed, "null\nExecution failed.", 2},
	{"a retry count that is no number", flow(`
tasks:
  a: {action: test.echo, retry: {count: <% ctx(name) %>}}
`), `{"name": "many"}`, core.Failed, "null\nValueError: The retry count for task \"a\" is not an integer.", 0},
	{"a failure is handled", flow(`
tasks:
  a: {action: test.fail v=1, next: [{when: <% failed() %>, publish: [{r: "<% result().v %>"}], do: b}]}
  b: {action: test.echo}
output: [{r: <% ctx(r) %>}]
`), ``, core.Succeeded, `{"r":1}`, 2},
	{"an unknown action", flow(`
tasks:
  a: {action: test.nope, next: [{when: <% failed() %>, publish: [{r: "<% result().error %>"}]}]}
output: [{r: <% ctx(r) %>}]
`), ``, core.Failed, `{"r":"Action \"test.nope\" cannot be found."}`, 0},
	{"unknown parameters beside good ones", flow(`
tasks:
  a: {next: [{do: [b, c]}]}
  b: {action: test.echo nope=1}
  c: {action: test.echo v=1}
`), ``, core.Failed, "null\n", 1},
	{"defaults that cannot be rendered", flow(`
tasks:
  a: {next: [{do: [b, c, d]}]}
  b: {action: test.odd, next: [{when: <% failed() %>, publish: [{b: "<% result().error %>"}]}]}
  c: {action: test.odd, next: [{when: <% failed() %>, do: noop}]}
  d: {action: test.echo v=1, next: [{publish: [{d: "<% result().v %>"}]}]}
output: [{b: <% ctx(b) %>}, {d: <% ctx(d) %>}]
`), ``, core.Failed, `{"b":"Failed to render parameter \"odd\"`, 3},
	{"a parameter that cannot be rendered", flow(`
tasks:
  a: {next: [{do: [b, c]}]}
  b: {action: test.echo, input: {v: "{{ nope.nope }}"}, next: [{when: <% failed() %>, do: noop}]}
  c: {action: test.echo v=1, next: [{publish: [{r: "<% result().v %>"}]}]}
output: [{r: <% ctx().get(r) %>}]
`), ``, core.Failed, `{"r":null}` + "\nJinjaEvaluationException", 0},
	{"a publish that fails", flow(`
tasks:
  a: {action: test.echo, next: [{publish: [{r: "<% result().v.nope.nope %>"}], do: b}]}
  b: {action: test.echo}
`), ``, core.Failed, "null\nYaqlEvaluationException", 1},
	{"an output that fails", flow(`
tasks:
  a: {action: test.echo}
output: [{r: <% ctx(v) / 0 %>}]
`), `{"v": 1}`, core.Failed, "null\nYaqlEvaluationException", 1},
	{"tasks without actions that go round for ever", flow(`
tasks:
  a: {next: [{do: b}]}
  b: {next: [{do: a}]}
  c: {next: [{do: a}]}
`), ``, core.Failed, "null\nThe workflow has gone through 10000 tasks without any action", 0},
	{"a cycle that ends", flow(`
vars: [{i: 0}]
tasks:
  z: {next: [{do: a}]}
  a: {action: test.echo v=<% ctx(i) %>, next: [{when: <% ctx(i) < 20 %>, publish: [{i: "<% ctx(i) + 1 %>"}], do: a}]}
output: [{i: <% ctx(i) %>}]
`), ``, core.Succeeded, `{"i":20}`, 21},
	{"workflows three deep", flow(`
tasks:
  a: {action: flow.middle v=<% ctx(v) %>, next: [{publish: [{r: "<% result().output.r %>"}]}]}
output: [{r: <% ctx(r) %>}]
`), `{"v": "deep"}`, core.Succeeded, `{"r":"deep"}`, 1},
	{"a child workflow fails", flow(`
tasks:
  a: {action: flow.broken, next: [{when: <% failed() %>, publish: [{r: "<% result().errors.len() %>"}]}]}
output: [{r: <% ctx(r) %>}]
`), ``, core.Failed, `{"r":1}`, 1},
	{"a child workflow that is none", flow(`
tasks:
  a: {action: flow.wrong, next: [{when: <% failed() %>, publish: [{r: "<% result().message %>"}]}]}
output: [{r: <% ctx(r) %>}]
`), ``, core.Failed, `{"r":"wrong.yaml:`, 1},
	{"what tasks did", flow(`
tasks:
  a: {action: test.echo v=7, next: [{do: b}]}
  b: {with: <% ctx(l) %>, action: test.echo v=<% item() %>, next: [{do: c}]}
  c: {action: test.echo v=<% task(a).result.v %>, next: [{publish: [{r: "<% task(b).result.items.v %>"}, {a: "<% result().v %>"}, {s: "<% task(a).status %>"}]}]}
output: [{r: <% ctx(r) %>}, {a: <% ctx(a) %>}, {s: <% ctx(s) %>}]
`), `{"l": [1, 2]}`, core.Succeeded, `{"r":[1,2],"a":7,"s":"succeeded"}`, 4},
	{"what a task did that is not there", flow(`
tasks:
  a: {action: test.echo v=<% task(nope).result %>}
`), ``, core.Failed, "null\n", 0},
	{"a key", flow(`
tasks:
  a: {action: test.echo v=<% st2kv('system.x') %>, next: [{publish: [{r: "<% result().v %>"}]}]}
output: [{r: <% ctx(r) %>}, {user: <% ctx(st2).user %>}]
`), ``, core.Succeeded, `{"r":"kept","user":"ada"}`, 1},
	{"a large result", flow(`
tasks:
  a: {action: test.echo v=<% ctx(v) %>, next: [{publish: [{r: "<% result().v %>"}], do: b}]}
  b: {action: test.echo v=<% ctx(r) %>, next: [{publish: [{n: "<% result().v.len() %>"}]}]}
output: [{n: <% ctx(n) %>}, {r: <% ctx(r) %>}]
`), `{"v": "` + strings.Repeat("x", 100_000) + `"}`, core.Succeeded, `{"n":100000,"r":"xxx`, 2},
	{"fail beside cleaning up", flow(`
tasks:
  a: {action: test.echo, next: [{do: [b, fail]}]}
  b: {action: test.echo v='cleaned'}
`), ``, core.Failed, "null", 2},
	{"both languages", flow(`
tasks:
  a: {action: test.echo, input: {v: "{{ ctx('v') }}"}, next: [{when: "{{ succeeded() }}", publish: [{r: "{{ result().v }}"}]}]}
output: [{r: <% ctx(r) %>}, {q: "{{ ctx().r }}"}]
`), `{"v": "ab"}`, core.Succeeded, `{"r":"ab","q":"ab"}`, 1},
}

// children are the workflows that stories call.
var called = map[string]string{
	"middle": flow("tasks:\n  a: {action: flow.inner v=<% ctx(v) %>, next: [{publish: [{r: \"<% result().output.r %>\"}]}]}\noutput: [{r: <% ctx(r) %>}]\n"),
	"inner":  flow(say),
	"broken": flow("tasks:\n  a: {action: test.fail}\n"),
	"wrong":  "version: 1.0\ntasks:\n  a: {action: test.echo, next: [{do: nope}]}\n",
}

func storyFiles() map[string]string {
	files := map[string]string{}
	for name, text := range called {
		files[name] = text
	}
	for i, s := range stories {
		files[fmt.Sprint("story", i)] = s.text
	}
	return files
}

func (w *world) tellStories(t *testing.T) {
	for i, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			w := *w
			w.t = t
			id := w.request(fmt.Sprint("flow.story", i), s.params)
			w.expectEnd(id, s.status, s.output)
			if n := len(w.children(id)); n != s.children {
				t.Errorf("%d children, want %d:\n%s", n, s.children, w.tree(id))
			}
		})
	}
}

func TestWorkflows(t *testing.T) {
	w := newWorld(t, storyFiles())
	w.start()
	w.tellStories(t)
}

// restarting is an orchestrator whose server restarts after each commit.
type restarting struct{ *orchestrator.Orchestrator }

func (r restarting) Advance(ctx context.Context, tx *store.Tx, id string, child *core.Execution) error {
	return orchestrator.New(r.Config).Advance(ctx, tx, id, child)
}

// What is stored makes the same conductor again.
func TestWorkflowsSurviveRestarts(t *testing.T) {
	w := newWorld(t, storyFiles())
	w.engine.Conductor = restarting{w.flows}
	w.start()
	w.tellStories(t)
}

func TestWorkflowsOnTwoServers(t *testing.T) {
	w := newWorld(t, storyFiles())
	other, _ := w.newEngine()
	w.start(w.engine, other)
	w.tellStories(t)
}
