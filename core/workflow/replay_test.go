package workflow

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// replay runs a case's calls. Between any two calls the conductor is stored as JSON and restored.
type replay struct {
	c        *Conductor
	spec     *Spec
	snapshot []byte
	steps    [][]byte
}

func replayRun(c *expr.Dict) string {
	spec, err := Parse("w.yaml", []byte(member(c, "workflow").(string)))
	if err != nil {
		return "does not parse: " + err.Error()
	}
	if p := differs("graph", graphShape(spec.graph), member(c, "graph")); p != "" {
		return p
	}
	r := &replay{spec: spec}
	inputs, _ := member(c, "inputs").(*expr.Dict)
	context, _ := member(c, "context").(*expr.Dict)
	for i, call := range member(c, "steps").(*expr.List).Items {
		if p := r.call(call.(*expr.Dict), Input{inputs, context}); p != "" {
			return fmt.Sprintf("step %d %s: %s", i, inBrief(call), p)
		}
		if p := r.restore(); p != "" {
			return fmt.Sprintf("step %d %s, restored: %s", i, inBrief(call), p)
		}
	}
	return r.compare(member(c, "expect").(*expr.Dict))
}

func inBrief(v expr.Value) string { return repr(without(v, "returns")) }

// call makes one call and compares what it gives.
func (r *replay) call(s *expr.Dict, in Input) string {
	err := r.do(s, in)
	if raises, ok := member(s, "raises").(string); ok {
		if err == nil || err.Error() != raises {
			return fmt.Sprintf("gives the error %v, want %s", err, raises)
		}
		err = nil
	}
	if err != nil {
		return err.Error()
	}
	if p := differs("status", shown(r.c.status), member(s, "wf_status")); p != "" {
		return p
	}
	if want, ok := s.Get("task_status"); ok {
		e := r.c.latest[place{r.spec.graph.byID[member(s, "task").(string)], int(member(s, "route").(int64))}]
		return differs("task status", shown(e.status), want)
	}
	if want, ok := s.Get("output"); ok {
		return differs("output", dictOrNil(r.c.output), want)
	}
	return ""
}

func dictOrNil(d *expr.Dict) expr.Value {
	if d == nil {
		return nil
	}
	return d
}

func (r *replay) do(s *expr.Dict, in Input) error {
	var step Step
	var err error
	switch call := member(s, "call"); call {
	case "create":
		if r.c, err = New(r.spec, in, Env{}); err != nil {
			return err
		}
		r.snapshot, err = json.Marshal(r.c.Snapshot())
		return err
	case "request_status":
		step, err = r.c.Update(StatusRequest{core.Status(member(s, "status").(string))})
	case "fail_workflow":
		step, err = r.c.Update(Failure{member(s, "message").(string)})
	case "get_next_tasks":
		var tasks []Task
		tasks, step = r.c.Next()
		if p := differs("next", tasksShape(tasks), member(s, "returns")); p != "" {
			return fmt.Errorf("%s\n errors %v", p, r.c.Errors())
		}
	case "update_task":
		step, err = r.c.Update(eventOf(s))
	case "render_output":
		step = r.c.Conclude()
	case "request_rerun":
		step, err = r.c.Update(rerunOf(member(s, "tasks")))
	default:
		return fmt.Errorf("unknown call %v", call)
	}
	if err != nil {
		return err
	}
	raw, err := json.Marshal(step)
	r.steps = append(r.steps, raw)
	return err
}

func eventOf(s *expr.Dict) Event {
	ev := member(s, "event").(*expr.Dict)
	task, route := member(s, "task").(string), int(member(s, "route").(int64))
	status := core.Status(member(ev, "status").(string))
	if item, ok := member(ev, "item_id").(int64); ok {
		return ItemUpdate{task, route, int(item), status, member(ev, "result")}
	}
	return TaskUpdate{task, route, status, member(ev, "result")}
}

func rerunOf(v expr.Value) Rerun {
	var out Rerun
	if l, ok := v.(*expr.List); ok {
		for _, item := range l.Items {
			d := item.(*expr.Dict)
			out.Tasks = append(out.Tasks, RerunTask{member(d, "task_id").(string), int(member(d, "route").(int64)), member(d, "reset_items").(bool)})
		}
	}
	return out
}

// restore makes a new conductor of what was stored, compares it with the live one, and goes on with it.
func (r *replay) restore() string {
	c, err := restoreJSON(r.spec, r.snapshot, r.steps)
	if err != nil {
		return err.Error()
	}
	if p := sameState(c, r.c); p != "" {
		return p
	}
	r.c = c
	return ""
}

func restoreJSON(spec *Spec, snapshot []byte, raw [][]byte) (*Conductor, error) {
	var first Step
	if err := json.Unmarshal(snapshot, &first); err != nil {
		return nil, err
	}
	steps := make([]Step, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &steps[i]); err != nil {
			return nil, err
		}
	}
	return Restore(spec, Env{}, first, steps...)
}

// sameState says how the snapshots of two conductors differ, or "".
func sameState(got, want *Conductor) string {
	a, err := json.Marshal(got.Snapshot())
	if err != nil {
		return err.Error()
	}
	b, err := json.Marshal(want.Snapshot())
	if err != nil {
		return err.Error()
	}
	if string(a) != string(b) {
		return fmt.Sprintf("restored\n %s\nlive\n %s", a, b)
	}
	if got.anyActive() != want.anyActive() || got.staged.ready != want.staged.ready {
		return "the counts differ"
	}
	for p, in := range want.inbound {
		if got.inbound[p] != in {
			return fmt.Sprintf("inbound of %s: restored %v, live %v", p, got.inbound[p], in)
		}
	}
	return ""
}

// compare compares the final state with orquesta's.
func (r *replay) compare(want *expr.Dict) string {
	got := r.shape()
	for k, v := range want.All() {
		if p := differs("at the end: "+k.(string), member(got, k.(string)), v); p != "" {
			return p
		}
	}
	return ""
}

func (r *replay) shape() *expr.Dict {
	c := r.c
	tasks, sequence, contexts, routes, stagedTasks, errors := expr.NewDict(), expr.NewList(), expr.NewList(), expr.NewList(), expr.NewList(), expr.NewList()
	for _, e := range c.entries {
		sequence.Items = append(sequence.Items, entryShape(e))
	}
	for _, e := range c.entries {
		tasks.Set(e.node.ID+"__r"+strconv.Itoa(e.route), int64(c.latest[e.place].index))
	}
	for _, x := range c.contexts {
		contexts.Items = append(contexts.Items, x)
	}
	for _, route := range c.routes {
		routes.Items = append(routes.Items, mustValue(route))
	}
	for _, t := range c.staged.all() {
		stagedTasks.Items = append(stagedTasks.Items, stagedShape(t))
	}
	for i := range c.errors {
		raw, _ := json.Marshal(c.errors[i])
		v, _ := expr.FromJSON(raw)
		errors.Items = append(errors.Items, without(v, "line", "file", "expression"))
	}
	return expr.DictOf("status", shown(c.status), "output", dictOrNil(c.output), "errors", errors, "task_sequence", sequence,
		"contexts", contexts, "routes", routes, "staged", stagedTasks, "tasks", tasks, "reruns", mustValue(c.reruns))
}

func mustValue(x any) expr.Value {
	v, err := expr.FromGo(x)
	if err != nil {
		panic(err)
	}
	return v
}

func entryShape(e *entry) expr.Value {
	ctxs := expr.DictOf("in", mustValue(e.in.contexts()))
	if e.out.edge != nil {
		ctxs.Set("out", expr.DictOf(e.out.edge.id, int64(e.out.context)))
	}
	next := expr.NewDict()
	for i, v := range e.taken {
		if v != undecided {
			next.Set(e.node.Edges[i].id, v == taken)
		}
	}
	d := expr.DictOf("id", e.node.ID, "route", int64(e.route), "ctxs", ctxs, "prev", prevShape(e.prev), "next", next)
	if e.status != unset {
		d.Set("status", string(e.status))
	}
	if e.term {
		d.Set("term", true)
	}
	if e.retry != nil {
		d.Set("retry", retryShape(e.node.retry, e.retry))
	}
	return d
}

func retryShape(spec *retry, r *retryState) expr.Value {
	d := expr.DictOf("when", spec.when.value, "count", r.Count, "tally", r.Tally)
	if r.Delay != nil {
		d.Set("delay", *r.Delay)
	} else if !spec.command {
		d.Set("delay", nil)
	}
	return d
}

func prevShape(prev []origin) expr.Value {
	d := expr.NewDict()
	for _, o := range prev {
		d.Set(o.Back, int64(o.Entry))
	}
	return d
}

func stagedShape(t *staged) expr.Value {
	d := expr.DictOf("id", t.node.ID, "ctxs", expr.DictOf("in", mustValue(t.in.contexts())), "route", int64(t.route), "prev", prevShape(t.prev), "ready", t.ready)
	if t.retry != nil {
		d.Set("retry", retryShape(t.node.retry, t.retry))
	}
	if t.items != nil {
		items := expr.NewList()
		for _, s := range t.items.status {
			items.Items = append(items.Items, expr.DictOf("status", shown(s)))
		}
		d.Set("items", items)
	}
	if t.completed {
		d.Set("completed", true)
	}
	if t.onFail {
		d.Set("run_on_fail", true)
	}
	return d
}

func tasksShape(tasks []Task) expr.Value {
	out := expr.NewList()
	for _, t := range tasks {
		actions := expr.NewList()
		for _, a := range t.Actions {
			var ref expr.Value
			if a.Ref != "" {
				ref = a.Ref
			}
			d := expr.DictOf("action", ref, "input", a.Input)
			if t.HasItems {
				d.Set("item_id", int64(a.Item))
			}
			actions.Items = append(actions.Items, d)
		}
		d := expr.DictOf("id", t.ID, "route", int64(t.Route), "ctx", t.Vars, "actions", actions)
		if t.Delay != 0 || t.Retry != 0 {
			d.Set("delay", t.Delay)
		}
		if t.HasItems {
			d.Set("items_count", int64(t.Items))
			d.Set("concurrency", nil)
			if t.Concurrency != 0 {
				d.Set("concurrency", t.Concurrency)
			}
		}
		out.Items = append(out.Items, d)
	}
	return out
}

// graphShape is the graph as networkx writes it.
func graphShape(g *Graph) expr.Value {
	nodes, adjacency := expr.NewList(), expr.NewList()
	for _, n := range g.Nodes {
		d := expr.DictOf("id", n.ID)
		if n.task.join.all {
			d.Set("barrier", "*")
		} else if n.joins() {
			d.Set("barrier", int64(n.task.join.count))
		}
		if n.Split != nil {
			d.Set("splits", mustValue(n.Split))
		}
		if r := n.retry; r != nil {
			shape := expr.DictOf("when", r.when.value, "count", r.count.value)
			if !r.command {
				shape.Set("delay", r.delay.value)
			}
			d.Set("retry", shape)
		}
		nodes.Items = append(nodes.Items, d)
		adjacency.Items = append(adjacency.Items, edgesShape(n))
	}
	return expr.DictOf("directed", true, "multigraph", true, "graph", expr.NewList(), "nodes", nodes, "adjacency", adjacency)
}

func edgesShape(n *Node) expr.Value {
	out := expr.NewList()
	for _, e := range n.Edges {
		criteria := expr.NewList()
		if strings.TrimSpace(e.When) != "" {
			criteria.Items = append(criteria.Items, e.When)
		}
		out.Items = append(out.Items, expr.DictOf("criteria", criteria, "ref", int64(e.Item), "id", e.To.ID, "key", int64(e.Key)))
	}
	return out
}
