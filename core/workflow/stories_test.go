package workflow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// tell runs a workflow by a script, a line for each thing that happens:
//
//	next                   what may begin now, which then begins
//	t1 succeeded 5         an action ends with a result, here on route 0; t1/2 is route 2, t1[3] an item
//	ask pausing            a status is asked for
//	rerun [t1 [reset]]     the workflow runs again
//	end                    the output is evaluated
//
// and tells what follows: the tasks to begin, each new status of the workflow, the output and the errors.
func tell(t *testing.T, source, script string) string {
	t.Helper()
	spec, err := Parse("w.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(spec, Input{}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	s := &teller{T: t, c: c}
	s.event(StatusRequest{core.Running})
	for line := range strings.Lines(script) {
		if words := strings.Fields(line); len(words) > 0 {
			s.line(words)
		}
	}
	return s.told.String()
}

type teller struct {
	*testing.T
	c    *Conductor
	told strings.Builder
}

func (s *teller) say(format string, args ...any) { fmt.Fprintf(&s.told, format+"\n", args...) }

func (s *teller) event(evs ...Event) {
	was := s.c.Status()
	if _, err := s.c.Update(evs...); err != nil {
		s.say("refused: %v", err)
	}
	if now := s.c.Status(); now != was {
		s.say("%s", now)
	}
}

func (s *teller) line(words []string) {
	switch words[0] {
	case "next":
		s.next()
	case "ask":
		s.event(StatusRequest{core.Status(words[1])})
	case "rerun":
		var r Rerun
		if len(words) > 1 {
			r.Tasks = []RerunTask{{Task: words[1], Reset: len(words) > 2}}
		}
		s.event(r)
	case "end":
		s.c.Conclude()
		s.say("%s %s", s.c.Status(), repr(dictOrNil(s.c.Output())))
		for _, e := range s.c.Errors() {
			s.say("error %s", e.String())
		}
	default:
		s.event(s.update(words))
	}
}

func (s *teller) next() {
	tasks, _ := s.c.Next()
	var begins []string
	for _, task := range tasks {
		for _, a := range task.Actions {
			name := task.ID
			if task.Route > 0 {
				name += fmt.Sprintf("/%d", task.Route)
			}
			if task.HasItems {
				name += fmt.Sprintf("[%d]", a.Item)
			}
			begins = append(begins, fmt.Sprintf("%s %s", name, repr(a.Input)))
		}
	}
	s.say("begin: %s", strings.Join(begins, ", "))
	if begun, _ := beginAll(tasks, nil); len(begun) > 0 {
		s.event(begun...)
	}
}

func (s *teller) update(words []string) Event {
	var task string
	route, item := 0, -1
	name := strings.TrimSuffix(words[0], "]")
	if head, tail, ok := strings.Cut(name, "["); ok {
		name = head
		fmt.Sscan(tail, &item)
	}
	task, tail, ok := strings.Cut(name, "/")
	if ok {
		fmt.Sscan(tail, &route)
	}
	var result expr.Value
	if len(words) > 2 {
		v, err := expr.FromJSON([]byte(words[2]))
		if err != nil {
			s.Fatal(err)
		}
		result = v
	}
	if item >= 0 {
		return ItemUpdate{task, route, item, core.Status(words[1]), result}
	}
	return TaskUpdate{task, route, core.Status(words[1]), result}
}

const itemsStory = `version: 1.0
vars: [{l: [a, b, c]}]
output: [{r: <% ctx().get(r) %>}]
tasks:
  t1:
    with: {items: <% ctx().l %>, concurrency: 2}
    action: x.y v=<% item() %>
    next: [{when: <% succeeded() %>, publish: r=<% result() %>}]
`

func TestStories(t *testing.T) {
	for _, c := range []struct{ name, source, script, want string }{
		{"a rerun repeats failed items and keeps the other results", itemsStory, `
next
t1[0] succeeded 1
next
t1[1] failed 2
t1[2] succeeded 3
end
rerun
next
t1[1] succeeded 20
end`, `running
begin: t1[0] {'v': 'a'}, t1[1] {'v': 'b'}
begin: t1[2] {'v': 'c'}
failed
failed {'r': None}
error w.yaml:5: task t1: Execution failed. See result for details.
resuming
begin: t1[1] {'v': 'b'}
running
succeeded
succeeded {'r': [1, 20, 3]}
`},
		{"a rerun with reset repeats all items, also of a task that succeeded", itemsStory, `
next
t1[0] succeeded 1
t1[1] succeeded 2
next
t1[2] succeeded 3
end
rerun t1 reset
next
t1[0] succeeded 4
t1[1] succeeded 5
next
t1[2] succeeded 6
end`, `running
begin: t1[0] {'v': 'a'}, t1[1] {'v': 'b'}
begin: t1[2] {'v': 'c'}
succeeded
succeeded {'r': [1, 2, 3]}
resuming
begin: t1[0] {'v': 'a'}, t1[1] {'v': 'b'}
running
begin: t1[2] {'v': 'c'}
succeeded
succeeded {'r': [4, 5, 6]}
`},
		{"a canceled task with items does not hang and can run again", itemsStory, `
next
ask canceling
t1[0] canceled
t1[1] canceled
rerun
rerun t1
next
t1[0] succeeded 1
next
t1[1] succeeded 2
t1[2] succeeded 3
end`, `running
begin: t1[0] {'v': 'a'}, t1[1] {'v': 'b'}
canceling
canceled
refused: no task of the workflow has failed; name the tasks to run again
resuming
begin: t1[0] {'v': 'a'}, t1[1] {'v': 'b'}
running
begin: t1[2] {'v': 'c'}
succeeded
succeeded {'r': [1, 2, 3]}
`},
		{"a child that is canceled cancels the workflow, items elsewhere or not", "version: 1.0\nvars: [{l: [1, 2, 3]}]\ntasks:\n  a: {action: x.y}\n  b: {action: x.y, with: {items: <% ctx().l %>, concurrency: 1}}\n", `
next
a canceled
b[0] succeeded`, `running
begin: a None, b[0] None
canceling
canceled
`},
		{"a rerun from a fail begins with what led to it", "version: 1.0\ntasks:\n  a: {action: x.y, next: [{when: <% succeeded() and result() = 1 %>, do: fail}, {when: <% succeeded() and result() = 2 %>, do: b}]}\n  b: {action: x.y}\n", `
next
a succeeded 1
end
rerun
next
a succeeded 2
next
b succeeded
end`, `running
begin: a None
failed
failed None
error task fail: Execution failed. See result for details.
resuming
begin: a None
running
begin: b None
succeeded
succeeded None
error task fail: Execution failed. See result for details.
`},
		{"a retry whose condition fails ends the workflow", "version: 1.0\ntasks:\n  a:\n    action: x.y\n    retry:\n      count: 3\n      when: <% result().x %>\n", `
next
a failed 1
end`, `running
begin: a None
failed
failed None
error w.yaml:3: task a: Execution failed. See result for details.
error w.yaml:7: task a: YaqlEvaluationException: Unable to evaluate expression '<% result().x %>'. NoFunctionRegisteredException: Unknown function "#property#x"
`},
		{"items go on though another way leads to their task", "version: 1.0\nvars: [{l: [1, 2]}]\ntasks:\n  a: {action: x.y, next: [{do: j}]}\n  b: {action: x.y, next: [{do: j}]}\n  j: {join: 1, action: x.y, with: <% ctx().l %>}\n", `
next
a succeeded
next
b succeeded
next
j[0] succeeded
j[1] succeeded
next
j[0] succeeded
j[1] succeeded`, `running
begin: a None, b None
begin: j[0] None, j[1] None
begin: 
begin: j[0] None, j[1] None
succeeded
`},
		{"what has ended is not told again", "version: 1.0\ntasks:\n  a: {action: x.y}\n", `
next
a succeeded
a failed
a running
nope succeeded`, `running
begin: a None
succeeded
refused: InvalidTask: Task "nope" does not exist.
`},
		{"a workflow that ended neither pauses nor is canceled", "version: 1.0\ntasks:\n  a: {action: x.y}\n", `
next
a succeeded
ask canceling`, `running
begin: a None
succeeded
refused: InvalidWorkflowStatusTransition: Unable to process event "workflow_canceling" for workflow in "succeeded" status.
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := tell(t, c.source, c.script); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestJoinsSayWhatTheyWaitFor(t *testing.T) {
	spec, err := Parse("w.yaml", []byte("version: 1.0\ntasks:\n  a: {action: x.y, next: [{do: j}]}\n  b: {action: x.y, next: [{do: j}]}\n  j: {join: all, action: x.y}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(spec, Input{}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Update(StatusRequest{core.Running}, TaskUpdate{Task: "a", Status: core.Running}, TaskUpdate{Task: "b", Status: core.Running}, TaskUpdate{Task: "a", Status: core.Succeeded})
	if got := fmt.Sprint(c.Joins(), err); got != "[{j 0 2 1 [b]}] <nil>" {
		t.Error(got)
	}
	if got := fmt.Sprint(c.Runs()); got != "[{a 0 succeeded 0 [] true} {b 0 running 0 [] true}]" {
		t.Error(got)
	}
}
