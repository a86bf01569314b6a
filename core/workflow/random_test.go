package workflow

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/petrelhq/petrel/core"
)

// randomWorkflow writes a workflow of up to eight tasks: branches, joins, splits, cycles, items, retries, commands.
func randomWorkflow(t *rapid.T) string {
	n := rapid.IntRange(1, 8).Draw(t, "tasks")
	var b strings.Builder
	b.WriteString("version: 1.0\nvars: [{n: 0}, {d: {a: 1}}, {l: [1, 2, 3]}]\noutput: [{n: <% ctx().n %>}, {d: <% ctx().d %>}]\ntasks:\n  start: {action: a.b, next: [{do: [t0, t1]}]}\n")
	for i := range max(n, 2) {
		fmt.Fprintf(&b, "  t%d:\n", i)
		if rapid.IntRange(0, 9).Draw(t, "has action") > 0 {
			fmt.Fprintf(&b, "    action: a.b n=<%% ctx().n %%>\n")
			b.WriteString(rapid.SampledFrom([]string{"", "", "", "    with: <% ctx().l %>\n", "    with: {items: i in <% ctx().l %>, concurrency: 2}\n"}).Draw(t, "with"))
		} else {
			b.WriteString("    delay: 1\n")
		}
		b.WriteString(rapid.SampledFrom([]string{"", "", "", "    join: all\n", "    join: 2\n"}).Draw(t, "join"))
		b.WriteString(rapid.SampledFrom([]string{"", "", "    retry: {count: 2, delay: 1}\n"}).Draw(t, "retry"))
		randomNext(t, &b, max(n, 2))
	}
	return b.String()
}

func randomNext(t *rapid.T, b *strings.Builder, n int) {
	count := rapid.IntRange(0, 3).Draw(t, "transitions")
	if count == 0 {
		return
	}
	b.WriteString("    next:\n")
	for range count {
		when := rapid.SampledFrom([]string{"<% succeeded() %>", "<% failed() %>", "<% completed() %>", "<% ctx().n < 5 %>", "<% ctx().n / 0 = 1 %>"}).Draw(t, "when")
		publish := rapid.SampledFrom([]string{"n: <% ctx().n + 1 %>", "d: {b: <% ctx().n %>}", "d: 1", "r: <% result() %>", "x: <% ctx().nope %>"}).Draw(t, "publish")
		names := rapid.SliceOfNDistinct(rapid.SampledFrom(append([]string{"noop", "fail", "continue", "retry"}, taskNames(n)...)), 1, 3, rapid.ID[string]).Draw(t, "do")
		fmt.Fprintf(b, "      - {when: %q, publish: [{%s}], do: [%s]}\n", when, quoteExpressions(publish), strings.Join(names, ", "))
	}
}

func quoteExpressions(s string) string {
	return strings.NewReplacer("<%", `"<%`, "%>", `%>"`).Replace(s)
}

func taskNames(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("t%d", i)
	}
	return out
}

// story drives a conductor at random and checks it after each step.
type story struct {
	*rapid.T
	source   string
	spec     *Spec
	c        *Conductor
	snapshot []byte
	steps    [][]byte
	running  []Event // what has begun, as the update that ends it
	told     []string
}

func (s *story) took(step Step) {
	raw, err := json.Marshal(step)
	if err != nil {
		s.Fatal(err)
	}
	s.steps = append(s.steps, raw)
	if rapid.IntRange(0, 19).Draw(s.T, "snapshot") == 0 {
		s.takeSnapshot()
	}
	c, err := restoreJSON(s.spec, s.snapshot, s.steps)
	if err != nil {
		s.Fatal(err)
	}
	if p := sameState(c, s.c); p != "" {
		s.Fatal(p)
	}
	if rapid.Bool().Draw(s.T, "go on with the restored one") {
		s.c = c
	}
}

func (s *story) takeSnapshot() {
	raw, err := json.Marshal(s.c.Snapshot())
	if err != nil {
		s.Fatal(err)
	}
	s.snapshot, s.steps = raw, nil
}

// update takes in events; what is refused must leave everything as it was.
func (s *story) update(events ...Event) bool {
	before, _ := json.Marshal(s.c.Snapshot())
	step, err := s.c.Update(events...)
	s.told = append(s.told, fmt.Sprintf("%T%v -> %s %v", events[0], events, s.c.Status(), err))
	if err != nil {
		if after, _ := json.Marshal(s.c.Snapshot()); string(after) != string(before) {
			s.Fatalf("%v is refused (%v), but changes\n%s to\n%s", events, err, before, after)
		}
		return false
	}
	s.took(step)
	return true
}

func (s *story) begin() {
	tasks, step := s.c.Next()
	s.took(step)
	begun, ends := beginAll(tasks, nil)
	if len(begun) > 0 && s.update(begun...) {
		s.running = append(s.running, ends...)
	}
}

// end ends one of the running actions, in one way or another.
func (s *story) end() {
	i := rapid.IntRange(0, len(s.running)-1).Draw(s.T, "which")
	status := rapid.SampledFrom([]core.Status{core.Succeeded, core.Succeeded, core.Succeeded, core.Failed, core.Failed, core.TimedOut, core.Canceled, core.Paused, core.Pending}).Draw(s.T, "status")
	ev := withStatus(s.running[i], status)
	if !s.update(ev) {
		_, err := s.c.Update(ev)
		s.Fatalf("%v is refused: %v, %s\n%s", ev, err, s.c.status, s.source)
	}
	if status.Final() {
		s.running = append(s.running[:i:i], s.running[i+1:]...)
	} else {
		s.update(withStatus(s.running[i], core.Running))
	}
}

func withStatus(ev Event, status core.Status) Event {
	switch u := ev.(type) {
	case TaskUpdate:
		u.Status = status
		return u
	case ItemUpdate:
		u.Status = status
		return u
	}
	return ev
}

func (s *story) ask() {
	asked := rapid.SampledFrom([]core.Status{core.Pausing, core.Paused, core.Resuming, core.Canceling}).Draw(s.T, "asked")
	s.update(StatusRequest{asked})
}

// The conductor made of snapshot and steps is the live one after every step; what is refused changes
// nothing; and a workflow never waits for nothing.
func TestRestoredIsLive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := randomWorkflow(t)
		spec, err := Parse("w.yaml", []byte(source))
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		c, err := New(spec, Input{}, Env{})
		if err != nil {
			t.Skip(err) // a join that cannot be reached, say
		}
		s := &story{T: t, source: source, spec: spec, c: c}
		s.takeSnapshot()
		s.update(StatusRequest{core.Requested}, StatusRequest{core.Running})
		for range 30 {
			s.begin()
			switch {
			case len(s.running) > 0 && rapid.IntRange(0, 9).Draw(t, "end") > 0:
				s.end()
			case s.c.Status().Final() && len(s.running) == 0:
				s.took(s.c.Conclude())
				s.update(Rerun{})
			default:
				s.ask()
			}
			s.checkAlive()
		}
	})
}

// checkAlive fails when nothing runs, nothing can begin, and nobody has asked to stop.
func (s *story) checkAlive() {
	c := s.c
	tasks, step := c.Next()
	s.took(step)
	if len(tasks) == 0 && len(s.running) == 0 && !c.Status().Final() && c.Status() != core.Paused {
		s.Fatalf("the workflow is %s, and nothing runs\n%s\n%s", c.Status(), s.source, strings.Join(s.told, "\n"))
	}
}
