package workflow

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// mistakes are planted in workflows. The first line told must begin with want: file, line and cause.
var mistakes = []struct{ name, source, want string }{
	{"bad YAML", "version: 1.0\ntasks:\n  t1: {action: a.b\n", "w.yaml:3: did not find expected ',' or '}'"},
	{"tabs", "version: 1.0\ntasks:\n\tt1: {action: a.b}\n", "w.yaml:3: found character that cannot start any token"},
	{"key given twice", "version: 1.0\ntasks:\n  t1: {action: a.b}\n  t1: {action: a.c}\n", `w.yaml:4: the key "t1" is given twice`},
	{"nothing there", "", "w.yaml:1: a workflow is an object with version and tasks"},
	{"no tasks", "version: 1.0\nvars: [{a: 1}]\n", "w.yaml:1: 'tasks' is a required property"},
	{"unknown key", "version: 1.0\ntasks:\n  t1:\n    action: a.b\n    nxt: []\n", "w.yaml:5: task t1: Additional properties are not allowed ('nxt' was unexpected)"},
	{"wrong type", "version: 1.0\ntasks:\n  t1:\n    action: 5\n", "w.yaml:4: task t1: 5 is not of type 'string'"},
	{"next is no list", "version: 1.0\ntasks:\n  t1:\n    action: a.b\n    next: {do: t2}\n", "w.yaml:5: task t1: {'do': 't2'} is not of type 'array'"},
	{"missing key", "version: 1.0\ntasks:\n  t1:\n    action: a.b\n    retry:\n      delay: 1\n", "w.yaml:5: task t1: 'count' is a required property"},
	{"an empty task", "version: 1.0\ntasks:\n  t1:\n", "w.yaml:3: task t1: the task is empty; give it an action, or a next"},
	{"a task's name", "version: 1.0\ntasks:\n  my task: {action: a.b}\n", `w.yaml:3: task my task: a task's name is made of letters, digits and "_"`},
	{"unknown task", "version: 1.0\ntasks:\n  t1:\n    action: a.b\n    next:\n      - do: tsak2\n  task2: {action: a.b}\n", `w.yaml:6: task t1: The task "tsak2" is not defined. Did you mean task2?`},
	{"reserved name", "version: 1.0\ntasks:\n  noop: {action: a.b}\n", `w.yaml:3: task noop: The task name "noop" is reserved`},
	{"no start", "version: 1.0\ntasks:\n  a: {action: x.y, next: [{do: b}]}\n  b: {action: x.y, next: [{do: a}]}\n", "w.yaml:3: tasks: Unable to identify any tasks to start the workflow"},
	{"unreachable join", "version: 1.0\ntasks:\n  a: {action: x.y, next: [{do: [b, c]}]}\n  b: {action: x.y, next: [{do: [d, j]}]}\n  c: {action: x.y, next: [{do: d}]}\n  d: {action: x.y, next: [{do: j}]}\n  j: {join: all, action: x.y}\n", `w.yaml:7: task j: The join task "j" is unreachable`},
	{"cyclic vars", "version: 1.0\nvars:\n  - a: <% ctx().b %>\n  - b: <% ctx().a %>\ntasks:\n  t1: {action: a.b}\n", `w.yaml:3: vars[0]: Variable "b" is referenced before assignment.`},
	{"unknown variable", "version: 1.0\ninput: [host]\ntasks:\n  t1:\n    action: a.b\n    input:\n      x: 1\n      y: <% ctx().hots %>\n", `w.yaml:8: task t1: Variable "hots" is referenced before assignment. Did you mean host?: <% ctx().hots %>`},
	{"broken expression", "version: 1.0\ntasks:\n  t1:\n    action: a.b\n    next:\n      - when: <% succeeded( %>\n        do: noop\n", "w.yaml:6: task t1: Parse error: unexpected end of statement: <% succeeded( %>"},
	{"two languages", "version: 1.0\ntasks:\n  t1:\n    action: a.b\n    input: {x: 'a <% 1 %> {{ 2 }}'}\n", "w.yaml:5: task t1: Expression with multiple types is not supported."},
	{"unknown action", "version: 1.0\ntasks:\n  t1:\n    action: core.lcal\n    input: {cmd: date}\n", `w.yaml:4: task t1: The action "core.lcal" is not known. Did you mean core.local?`},
	{"items without an action", "version: 1.0\ntasks:\n  t1:\n    with: <% list(1) %>\n", "w.yaml:3: task t1: The action property is required for with items task."},
	{"failing expression", "version: 1.0\ntasks:\n  t1:\n    action: core.local\n    input:\n      cmd: date\n      n: <% 1 / 0 %>\n", "w.yaml:7: task t1: YaqlEvaluationException: Unable to evaluate expression '<% 1 / 0 %>'. ZeroDivisionError"},
	{"failing vars", "version: 1.0\nvars:\n  - a: 1\n  - b: <% ctx().a.x %>\ntasks:\n  t1: {action: core.local}\n", "w.yaml:4: YaqlEvaluationException: Unable to evaluate expression '<% ctx().a.x %>'."},
	{"items that are no list", "version: 1.0\ntasks:\n  t1:\n    action: core.local\n    with:\n      items: <% 5 %>\n", `w.yaml:6: task t1: TypeError: The value of "<% 5 %>" is not type of list.`},
	{"a delay that is no number", "version: 1.0\ntasks:\n  t1:\n    action: core.local\n    delay: <% 'x' %>\n", "w.yaml:5: task t1: TypeError: The value of task delay is not type of integer.: <% 'x' %>"},
	{"a failing condition", "version: 1.0\ntasks:\n  t1:\n    action: core.local\n    next:\n      - when: |\n          <% result().x = 1 %>\n        do: noop\n", "w.yaml:7: task t1: YaqlEvaluationException"},
	{"failing output", "version: 1.0\noutput:\n  - x: <% 1 %>\n  - y: '{{ 1 / 0 }}'\ntasks:\n  t1: {action: core.local}\n", "w.yaml:4: JinjaEvaluationException: Unable to evaluate expression '{{ 1 / 0 }}'."},
}

func TestMistakesNameTheirLine(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			if got := firstTold(t, m.source); !strings.HasPrefix(got, m.want) {
				t.Errorf("got  %s\nwant %s", got, m.want)
			}
		})
	}
}

// firstTold inspects a workflow and, when nothing is found, runs it.
func firstTold(t *testing.T, source string) string {
	known := []string{"a.b", "x.y", "a.c", "core.local"}
	report := Inspect("w.yaml", []byte(source), Inspection{
		Action:  func(ref string) bool { return contains(known, ref) },
		Actions: func() []string { return known },
	})
	if lines := report.Lines(); len(lines) > 0 {
		return lines[0]
	}
	spec, err := Parse("w.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(spec, Input{}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Status() != core.Failed {
		if err := (&driver{c: c}).run(); err != nil {
			t.Fatal(err)
		}
	}
	if c.Status() != core.Failed || len(c.Errors()) == 0 {
		t.Fatalf("the workflow is %s, with errors %v", c.Status(), c.Errors())
	}
	return c.Errors()[0].String()
}

// What is read does not crash, inspects the same each time, and runs only when nothing is wrong.
func FuzzParse(f *testing.F) {
	for _, m := range mistakes {
		f.Add(m.source)
	}
	f.Add(demoChain)
	f.Add("version: 1.0\ntasks:\n  a: {action: b, join: 2, with: 'x, y in <% zip(list(1), list(2)) %>', next: [{publish: 'a=1 b=<% result() %>', do: 'a, noop'}]}\n")
	f.Fuzz(func(t *testing.T, source string) {
		report := Inspect("w.yaml", []byte(source), Inspection{})
		again := Inspect("w.yaml", []byte(source), Inspection{})
		if a, b := strings.Join(report.Lines(), "\n"), strings.Join(again.Lines(), "\n"); a != b {
			t.Fatalf("%s\nthen\n%s", a, b)
		}
		if chain, err := ParseChain("w.yaml", []byte(source)); err == nil {
			begin(t, chain)
		}
		spec, err := Parse("w.yaml", []byte(source))
		if err != nil {
			if core.KindOf(err) != core.Invalid || len(report.Faults) == 0 {
				t.Fatalf("%v, while the inspection finds %v", err, report.Lines())
			}
			return
		}
		begin(t, spec)
	})
}

// begin runs a workflow as far as the first tasks, if it may run.
func begin(t *testing.T, spec *Spec) {
	c, err := New(spec, Input{Context: expr.DictOf("st2", expr.NewDict())}, Env{Limits: expr.Limits{Steps: 10000, Bytes: 1 << 20}})
	if err != nil {
		return
	}
	if _, err := c.Update(StatusRequest{core.Running}); err == nil {
		c.Next()
	}
	if _, err := json.Marshal(c.Snapshot()); err != nil {
		t.Fatal(err)
	}
}
