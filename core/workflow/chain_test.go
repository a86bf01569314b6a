package workflow

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

const demoChain = `---
vars:
  greeting: "Hello {{ name }}"
chain:
  - name: c1
    ref: core.local
    parameters:
      cmd: "echo {{ greeting }}"
      count: 3
      all: {who: "{{ name }}", list: [1, "{{ n }}"]}
    publish:
      out: "{{ c1.stdout }}"
      raw: plain
    on-success: c2
    on-failure: oops
  - name: c2
    ref: core.local
    params:
      cmd: "{{ out }} {{ __results.c1.stdout }} {{ st2kv.system.key }} {{ __context.raw }}"
    notify: {on-complete: {routes: [slack]}}
  - name: oops
    ref: core.noop
`

// tellChain runs a chain; each task ends as results say, once each, then with success. It tells what was begun.
func tellChain(t *testing.T, source string, parameters *expr.Dict, results map[string][]TaskUpdate) (told []string, c *Conductor) {
	t.Helper()
	spec, err := ParseChain("c.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	env := Env{Variables: expr.DictOf("st2kv", expr.DictOf("system", expr.DictOf("key", "kept")))}
	if c, err = New(spec, Input{Parameters: parameters}, env); err != nil {
		t.Fatal(err)
	}
	first, err := json.Marshal(c.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	var steps [][]byte
	keep := func(s Step, err error) {
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, raw)
		again, err := restoreJSON(spec, first, steps)
		if err != nil {
			t.Fatal(err)
		}
		if p := sameState(again, c); p != "" {
			t.Fatal(p)
		}
	}
	if c.Status() != core.Failed {
		keep(c.Update(StatusRequest{core.Running}))
	}
	for range 20 {
		tasks, step := c.Next()
		keep(step, nil)
		if len(tasks) == 0 {
			break
		}
		task := tasks[0]
		told = append(told, fmt.Sprintf("%s: %s %s", task.ID, task.Actions[0].Ref, repr(task.Actions[0].Input)))
		end := TaskUpdate{Status: core.Succeeded}
		if more := results[task.ID]; len(more) > 0 {
			end, results[task.ID] = more[0], more[1:]
		}
		end.Task = task.ID
		keep(c.Update(TaskUpdate{Task: task.ID, Status: core.Running}))
		keep(c.Update(end))
	}
	keep(c.Conclude(), nil)
	for _, e := range c.Errors() {
		told = append(told, "error "+e.String())
	}
	return append(told, fmt.Sprintf("%s %s", c.Status(), repr(dictOrNil(c.Output())))), c
}

func TestChains(t *testing.T) {
	name := expr.DictOf("name", "Ann", "n", int64(7))
	stdout := func(s string) expr.Value { return expr.DictOf("stdout", s) }
	for _, c := range []struct {
		name, source string
		results      map[string][]TaskUpdate
		want         string
	}{
		{"in order", demoChain, map[string][]TaskUpdate{"c1": {{Status: core.Succeeded, Result: stdout("hi")}}}, `
c1: core.local {'cmd': 'echo Hello Ann', 'count': 3, 'all': {'who': 'Ann', 'list': [1, '7']}}
c2: core.local {'cmd': 'hi hi kept plain'}
succeeded {'out': 'hi', 'raw': 'plain'}`},
		{"handled", demoChain, map[string][]TaskUpdate{"c1": {{Status: core.Failed, Result: stdout("bad")}}}, `
c1: core.local {'cmd': 'echo Hello Ann', 'count': 3, 'all': {'who': 'Ann', 'list': [1, '7']}}
oops: core.noop {}
error c.yaml:5: task c1: Execution failed. See result for details.
succeeded {'out': 'bad', 'raw': 'plain'}`},
		{"timed out at the end", demoChain, map[string][]TaskUpdate{"c1": {{Status: core.Succeeded, Result: stdout("hi")}}, "c2": {{Status: core.TimedOut}}}, `
c1: core.local {'cmd': 'echo Hello Ann', 'count': 3, 'all': {'who': 'Ann', 'list': [1, '7']}}
c2: core.local {'cmd': 'hi hi kept plain'}
timeout {'out': 'hi', 'raw': 'plain'}`},
		{"nothing to publish", demoChain, map[string][]TaskUpdate{"c1": {{Status: core.Succeeded, Result: int64(1)}}}, `
c1: core.local {'cmd': 'echo Hello Ann', 'count': 3, 'all': {'who': 'Ann', 'list': [1, '7']}}
error c.yaml:12: task c1: "out" cannot be rendered: UndefinedError: 'int object' has no attribute 'stdout': {{ c1.stdout }}
failed {}`},
		{"vars that fail", "vars: {a: '{{ nope }}'}\nchain:\n  - {name: a, ref: x.y}\n", nil, `
error c.yaml:1: "a" cannot be rendered: UndefinedError: 'nope' is undefined: {{ nope }}
failed {}`},
		{"a parameter that fails", "chain:\n  - name: a\n    ref: x.y\n    params:\n      k: '{{ nope }}'\n    on-failure: b\n  - {name: b, ref: x.y}\n", nil, `
error c.yaml:5: task a: the parameter "k" cannot be rendered: UndefinedError: 'nope' is undefined: {{ nope }}
failed {}`},
		{"a loop", "default: again\nchain:\n  - {name: last, ref: x.y, params: {n: '{{ i }}'}}\n  - name: again\n    ref: x.y\n    publish: {i: '{{ again.n }}'}\n    on-success: again\n    on-failure: last\n", map[string][]TaskUpdate{
			"again": {{Status: core.Succeeded, Result: expr.DictOf("n", int64(1), "x", int64(1))}, {Status: core.Failed, Result: expr.DictOf("n", int64(2))}}}, `
again: x.y {}
again: x.y {}
last: x.y {'n': '2'}
error c.yaml:4: task again: Execution failed. See result for details.
succeeded {'i': '2'}`},
		{"a name with Jinja", "chain:\n  - {name: a, ref: x.y, on-success: '{{ b }}'}\n", nil, `
a: x.y {}
error c.yaml:2: task a: there is no task "{{ b }}", which on-success names
failed {}`},
		{"values are data", "chain:\n  - {name: a, ref: x.y, publish: {v: '{{ a.v }}'}, on-success: b}\n  - {name: b, ref: x.y, params: {v: '{{ v }}'}}\n", map[string][]TaskUpdate{
			"a": {{Status: core.Succeeded, Result: expr.DictOf("v", "{{ name }}")}}}, `
a: x.y {}
b: x.y {'v': '{{ name }}'}
succeeded {'v': '{{ name }}'}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			told, _ := tellChain(t, c.source, name, c.results)
			if got := "\n" + strings.Join(told, "\n"); got != c.want {
				t.Errorf("got%s\nwant%s", got, c.want)
			}
		})
	}
}

func TestChainMistakes(t *testing.T) {
	for source, want := range map[string]string{
		"chain: [{name: a}]": "c.yaml:1: chain[0]: 'ref' is a required property",
		"chain:\n  - {name: a, ref: x.y, on-success: bb}\n  - {name: b, ref: x.y}\n": `c.yaml:2: chain[0].on-success: Unable to find node with name "bb" referenced in "on-success" in task "a". Did you mean b?`,
		"default: z\nchain:\n  - {name: a, ref: x.y}\n":                              `c.yaml:1: default: Unable to find node with name "z" referenced in "default".`,
		"chain:\n  - {name: a, ref: x.y, params: {a: 1}, parameters: {b: 1}}\n":      `c.yaml:2: chain[0]: Either "params" or "parameters" attribute needs to be provided, but not both`,
		"chain:\n  - name: a\n    ref: x.y\n    params:\n      k: '{{ x'\n":          "c.yaml:5: chain[0].params.k: ",
		"chain:\n  - name: a\n    ref: x.y\n    onsuccess: b\n":                      "c.yaml:4: chain[0]: Additional properties are not allowed ('onsuccess' was unexpected)",
		"chain:\n  - {name: a, ref: core.lcal}\n":                                    `c.yaml:2: task a: The action "core.lcal" is not known. Did you mean core.local?`,
		"":            "c.yaml:1: an action chain is an object with chain: a list of tasks",
		"chain: null": "c.yaml:1: 'chain' is a required property",
	} {
		r := InspectChain("c.yaml", []byte(source), Inspection{
			Action:  func(ref string) bool { return ref == "x.y" || ref == "core.local" },
			Actions: func() []string { return []string{"x.y", "core.local"} },
		})
		if lines := r.Lines(); len(lines) == 0 || !strings.HasPrefix(lines[0], want) {
			t.Errorf("%q:\n got  %s\n want %s", source, lines, want)
		}
	}
}

func TestChainPausesBetweenTasks(t *testing.T) {
	spec, err := ParseChain("c.yaml", []byte("chain:\n  - {name: a, ref: x.y, on-success: b}\n  - {name: b, ref: x.y, on-failure: null}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(spec, Input{}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		ev   Event
		want core.Status
	}{
		{StatusRequest{core.Running}, core.Running},
		{TaskUpdate{Task: "a", Status: core.Running}, core.Running},
		{StatusRequest{core.Pausing}, core.Pausing},
		{TaskUpdate{Task: "a", Status: core.Succeeded}, core.Paused},
		{StatusRequest{core.Resuming}, core.Resuming},
		{TaskUpdate{Task: "b", Status: core.Running}, core.Running},
		{StatusRequest{core.Canceling}, core.Canceling},
		{TaskUpdate{Task: "b", Status: core.Succeeded}, core.Canceled},
	} {
		if _, err := c.Update(s.ev); err != nil || c.Status() != s.want {
			t.Fatalf("after %v: %s, %v; want %s", s.ev, c.Status(), err, s.want)
		}
	}
}
