package orchestrator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/orchestrator"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/workflow"
)

// randomWorkflow writes a workflow of up to eight tasks whose end does not depend on which
// of two actions ends first: tasks lead to later ones only, and each publishes a variable
// of its own.
func randomWorkflow(t *rapid.T) string {
	n := rapid.IntRange(2, 8).Draw(t, "tasks")
	var b strings.Builder
	b.WriteString(flow("tasks:\n"))
	for i := range n {
		fmt.Fprintf(&b, "  t%d:\n    action: %s\n", i, rapid.SampledFrom([]string{
			"test.echo v=1", "test.echo v=1", fmt.Sprintf("test.flaky name='t%d' n=1", i), "test.fail", "flow.inner v=2", "flow.broken", "test.nope",
		}).Draw(t, "action"))
		b.WriteString(rapid.SampledFrom([]string{
			"", "", "", "    with: <% ctx(l) %>\n", "    with: {items: <% ctx(l) %>, concurrency: 1}\n", "    with: {items: <% list() %>, concurrency: 1}\n",
		}).Draw(t, "with"))
		b.WriteString(rapid.SampledFrom([]string{"", "", "", "    join: all\n", "    join: 1\n"}).Draw(t, "join"))
		b.WriteString(rapid.SampledFrom([]string{"", "", "    retry: {count: 1}\n"}).Draw(t, "retry"))
		randomNext(t, &b, i, n)
	}
	return b.String()
}

func randomNext(t *rapid.T, b *strings.Builder, i, n int) {
	to := []string{"noop", "noop", "fail", "continue"}
	for j := i + 1; j < n; j++ {
		to = append(to, fmt.Sprintf("t%d", j), fmt.Sprintf("t%d", j))
	}
	for k := range rapid.IntRange(0, 3).Draw(t, "transitions") {
		if k == 0 {
			b.WriteString("    next:\n")
		}
		when := rapid.SampledFrom([]string{"succeeded()", "succeeded()", "failed()", "completed()"}).Draw(t, "when")
		names := rapid.SliceOfNDistinct(rapid.SampledFrom(to), 1, 2, rapid.ID[string]).Draw(t, "do")
		fmt.Fprintf(b, "      - {when: <%% %s %%>, publish: [{r%d: <%% succeeded() %%>}], do: [%s]}\n", when, i, strings.Join(names, ", "))
	}
}

// imagined runs a workflow in a conductor alone, with what the tiny actions would give.
func imagined(text string) (core.Status, bool, error) {
	spec, err := workflow.Parse("w.yaml", []byte(text))
	if err != nil {
		return "", false, err
	}
	c, err := workflow.New(spec, workflow.Input{Parameters: expr.DictOf("l", expr.NewList(int64(1), int64(2)))}, workflow.Env{})
	if err != nil {
		return "", false, nil // inspection refuses it
	}
	events := []workflow.Event{workflow.StatusRequest{Status: core.Running}}
	tries := map[string]int{}
	for {
		if len(events) > 0 {
			if _, err := c.Update(events[0]); err != nil {
				return "", false, err
			}
			events = events[1:]
		}
		tasks, _ := c.Next()
		if len(tasks) == 0 && len(events) == 0 {
			c.Conclude()
			return c.Status(), true, nil
		}
		for i := range tasks {
			ends, err := imagineTask(c, &tasks[i], tries)
			if err != nil {
				return "", false, err
			}
			events = append(events, ends...)
		}
	}
}

func imagineTask(c *workflow.Conductor, t *workflow.Task, tries map[string]int) (ends []workflow.Event, err error) {
	if t.HasItems && t.Items == 0 {
		_, err := c.Update(workflow.TaskUpdate{Task: t.ID, Route: t.Route, Status: core.Running}, workflow.TaskUpdate{Task: t.ID, Route: t.Route, Status: core.Succeeded})
		return nil, err
	}
	for _, a := range t.Actions {
		status := core.Succeeded
		switch a.Ref {
		case "test.fail", "flow.broken", "test.nope":
			status = core.Failed
		case "test.flaky":
			if tries[t.ID]++; tries[t.ID] == 1 {
				status = core.Failed
			}
		}
		update := func(s core.Status) workflow.Event {
			if t.HasItems {
				return workflow.ItemUpdate{Task: t.ID, Route: t.Route, Item: a.Item, Status: s}
			}
			return workflow.TaskUpdate{Task: t.ID, Route: t.Route, Status: s}
		}
		_, err := c.Update(update(core.Running))
		if core.KindOf(err) == core.Conflict {
			return ends, nil // another task has just led to it too: Next gives it again
		}
		if err != nil {
			return nil, err
		}
		ends = append(ends, update(status))
	}
	return ends, nil
}

// addFlow adds a workflow to a world that runs.
func (w *world) addFlow(name, text string) {
	w.actions.mu.Lock()
	w.files["flow/actions/w.yaml"] = text
	clear(w.tries)
	w.actions.mu.Unlock()
}

// varying is an orchestrator that is another one from workflow to workflow.
type varying struct {
	*orchestrator.Orchestrator
	now atomic.Pointer[execution.Conductor]
}

// vary sets how many children begin in a commit, and whether the server restarts after each.
func (v *varying) vary(portion int, restarts bool) {
	config := v.Config
	config.Portion = portion
	o := orchestrator.New(config)
	var c execution.Conductor = o
	if restarts {
		c = restarting{o}
	}
	v.now.Store(&c)
}

func (v *varying) Advance(ctx context.Context, tx *store.Tx, id string, child *core.Execution) error {
	return (*v.now.Load()).Advance(ctx, tx, id, child)
}

func (v *varying) Break(ctx context.Context, tx *store.Tx, id string, cause error) error {
	return (*v.now.Load()).Break(ctx, tx, id, cause)
}

// A workflow on the server ends as it does in a conductor alone, whether or not its
// server restarts between its steps, and leaves nothing behind.
func TestRandomWorkflowsEndAsTheyShould(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow(say), "inner": flow(say), "broken": called["broken"]})
	conductor := &varying{Orchestrator: w.flows}
	conductor.vary(1, false)
	w.engine.Conductor = conductor
	w.start()
	rapid.Check(t, func(rt *rapid.T) {
		text := randomWorkflow(rt)
		want, runs, err := imagined(text)
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		if !runs {
			want = core.Failed
		}
		w.addFlow("w", text)
		conductor.vary(rapid.IntRange(1, 9).Draw(rt, "portion"), rapid.Bool().Draw(rt, "restart"))
		rt.Log(text)
		id := w.request("flow.w", `{"l": [1, 2]}`)
		if x := w.end(id); x.Status != want {
			rt.Fatalf("%s, want %s: %s\n%s\n%s", x.Status, want, w.resultOf(x), text, w.tree(id))
		}
	})
}

// Whatever is asked of a workflow and of its parts, and whenever: it ends, and nothing of
// it is left over.
func TestRandomSteering(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow(say), "inner": flow(say), "broken": called["broken"]})
	w.start()
	rapid.Check(t, func(rt *rapid.T) {
		text := randomWorkflow(rt)
		for _, other := range []string{"flow.inner v=2", "test.echo v=1"} {
			if rapid.Bool().Draw(rt, "ask") {
				text = strings.Replace(text, other, "test.ask", 1)
			}
		}
		w.addFlow("w", text)
		w.flows.Portion = rapid.IntRange(1, 9).Draw(rt, "portion")
		id := w.request("flow.w", `{"l": [1, 2]}`)
		for range rapid.IntRange(0, 6).Draw(rt, "verbs") {
			family := w.family(id)
			x := family[rapid.IntRange(0, 9).Draw(rt, "whom")%len(family)]
			v := []verb{w.engine.Pause, w.engine.Resume, w.engine.Resume, w.engine.Cancel, w.answered}[rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 3, 4, 4}).Draw(rt, "verb")]
			w.may(v, x)
		}
		rt.Log(text)
		w.finish(rt, id)
		w.nobodyLeft(id)
	})
}

// may does what is asked, if it can be done.
func (w *world) may(v verb, id string) {
	err := w.store.Update(context.Background(), store.Wait, func(tx *store.Tx) error {
		_, err := v(context.Background(), tx, id, "bob")
		return err
	})
	if k := core.KindOf(err); err != nil && k != core.Conflict && k != core.Invalid {
		w.t.Errorf("%s: %v", id, err)
	}
}

// answered ends what waits for an answer.
func (w *world) answered(ctx context.Context, tx *store.Tx, id, _ string) (*core.Execution, error) {
	x, err := tx.Executions().Get(ctx, id)
	if err != nil || x.Status != core.Pending {
		return x, err
	}
	return x, w.engine.End(ctx, tx, x, core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)})
}

// family are an execution and all below it.
func (w *world) family(id string) []string {
	ids := []string{id}
	for _, c := range w.children(id) {
		ids = append(ids, w.family(c.ID)...)
	}
	return ids
}

// finish resumes and answers until a workflow has ended.
func (w *world) finish(rt *rapid.T, id string) {
	for range 300 {
		x := w.await(id, func(s core.Status) bool { return s.Final() || s == core.Paused || w.waits(id) })
		if x.Status.Final() {
			return
		}
		for _, member := range w.family(id) {
			w.may(w.engine.Resume, member)
			w.may(w.answered, member)
		}
	}
	rt.Fatalf("resumed and answered 300 times, it has not ended:\n%s", w.tree(id))
}

// waits reports whether somebody below waits for a user.
func (w *world) waits(id string) bool {
	for _, member := range w.family(id) {
		x, err := w.store.Executions().Get(context.Background(), member)
		if err == nil && (x.Status == core.Paused || x.Status == core.Pending) {
			return true
		}
	}
	return false
}
