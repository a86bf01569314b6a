package workflow

import (
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// TaskFailed is the message of the error that stands for a failed task.
const TaskFailed = "Execution failed. See result for details."

// TaskUpdate says that the action of a task has taken on a status. Result counts with a final one.
type TaskUpdate struct {
	Task   string
	Route  int
	Status core.Status
	Result expr.Value
}

// ItemUpdate says the same of one item of a task.
type ItemUpdate struct {
	Task   string
	Route  int
	Item   int
	Status core.Status
	Result expr.Value
}

func (u TaskUpdate) apply(c *Conductor) error {
	n := c.spec.graph.byID[u.Task]
	if n == nil {
		return unknownTask(u.Task)
	}
	result, err := plain(u.Result)
	if err != nil {
		return err
	}
	ev := occurrence{status: u.Status, result: result, item: noItem}
	return c.occur(place{n, u.Route}, ev)
}

func (u ItemUpdate) apply(c *Conductor) error {
	n := c.spec.graph.byID[u.Task]
	if n == nil {
		return unknownTask(u.Task)
	}
	p := place{n, u.Route}
	t := c.staged.find(p)
	if e := c.latest[p]; e != nil && (t == nil || t.items == nil) {
		return nil // the task has ended without this item, as when another failed while this one was paused
	}
	if t == nil || t.items == nil || u.Item < 0 || u.Item >= len(t.items.status) {
		return core.Errorf(core.Conflict, "item %d of the task %s has not been given out", u.Item, p)
	}
	result, err := plain(u.Result)
	if err != nil {
		return err
	}
	return c.occur(p, occurrence{status: u.Status, result: result, item: u.Item})
}

// occurrence is something that happened to a task: to its action, to an item, or by the engine.
type occurrence struct {
	status  core.Status
	result  expr.Value
	item    int  // noItem unless it is about one
	command bool // the engine's own: noop, fail, continue, retry
}

const noItem = -1

// occur takes in what happened to a task. st2: orquesta, update_task_state.
func (c *Conductor) occur(p place, ev occurrence) error {
	t := c.staged.find(p)
	e, err := c.entryFor(p, t, ev)
	if err != nil {
		return err
	}
	if t != nil && t.items == nil {
		c.unstage(t)
	}
	if t != nil && ev.item != noItem {
		c.do(&itemChanged{t.id, ev.item, ev.status})
		c.keepResult(e, t, ev)
	}
	if ev.status == core.Failed {
		c.noteAt(Error{Message: TaskFailed, Task: p.node.ID, Result: data{ev.result}})
	}
	was := e.status
	now := c.statusAfter(e, t, ev)
	if now != was {
		c.do(&entryStatus{e.index, now})
	}
	if now == Retrying && was != now {
		c.stageRetry(e)
	}
	var led []*staged
	if now.Final() {
		var again bool
		if led, again, err = c.end(e, ev, was); again || err != nil {
			return err
		}
	}
	err = c.workflowAfter(e, led)
	if c.spec.chain != nil {
		c.chainStatus(ev)
	}
	return err
}

// workflowAfter gives the workflow the status that follows from a task's, and runs the commands that
// the task has led to.
func (c *Conductor) workflowAfter(e *entry, led []*staged) error {
	c.react(e)
	for _, t := range led {
		if err := c.occur(t.place, commands[t.node.ID]); err != nil {
			return err
		}
	}
	c.stopIdle()
	if c.status.Final() && !e.term {
		c.do(&entryTerm{e.index, true})
	}
	return nil
}

// stopIdle pauses or cancels, with the workflow, tasks that have items to begin and none that runs.
// st2 differs: they hear of a request only, not of a task that pauses or cancels the workflow, which then
// waits for ever.
func (c *Conductor) stopIdle() {
	if c.status != core.Pausing && c.status != core.Canceling {
		return
	}
	for _, e := range c.activeWithItems() {
		o := c.staged.find(e.place).items.siblings(-1)
		if now := afterRequest(e.status, c.status, o.busy); o.open && !o.busy && now != e.status {
			c.do(&entryStatus{e.index, now})
		}
	}
	if !c.anyActive() {
		c.setWorkflow(requested(c.status, c.status, false, false))
	}
}

// commands are what the engine's own tasks do.
var commands = map[string]occurrence{
	commandNoop:     {status: core.Succeeded, item: noItem, command: true},
	commandContinue: {status: core.Succeeded, item: noItem, command: true},
	commandFail:     {status: core.Failed, item: noItem, command: true},
}

// entryFor is the run of a task that an occurrence is about: the last one, or a new one when there is
// none or the last has ended and the task begins again.
func (c *Conductor) entryFor(p place, t *staged, ev occurrence) (*entry, error) {
	e := c.latest[p]
	if e != nil && (t == nil || !ev.begins(e, p)) {
		return e, nil
	}
	if t == nil {
		return nil, notBegun(p)
	}
	return c.run(t)
}

func (ev occurrence) begins(e *entry, p place) bool {
	return isCommand(p.node.ID) || e.status.Final() && starting(ev.status)
}

// run makes a new run of a staged task.
func (c *Conductor) run(t *staged) (*entry, error) {
	again, err := c.retries(t)
	if err != nil {
		return nil, err
	}
	results := data{}
	if before := c.latest[t.place]; before != nil && t.items != nil && c.isRerun(t) {
		results = data{kept(before, t)}
	}
	c.do(&entryAdded{Task: t.node.ID, Route: t.route, Scope: t.in.id, Prev: distinct(t.prev), Retry: again, Results: results})
	return c.entries[len(c.entries)-1], nil
}

// isRerun reports whether some items of t are not run again.
func (c *Conductor) isRerun(t *staged) bool { return t.items.counts[unset] < len(t.items.status) }

// kept are the results of the items that are not run again.
// st2 differs: there a rerun forgets them, and result() has null in their places.
func kept(before *entry, t *staged) expr.Value {
	l := expr.NewList()
	for i, r := range before.results {
		if i >= len(t.items.status) || t.items.status[i] == unset {
			r = nil
		}
		l.Items = append(l.Items, r)
	}
	if len(l.Items) == 0 {
		return nil
	}
	return l
}

// retries counts the retries of a task that has some.
func (c *Conductor) retries(t *staged) (*retryState, error) {
	spec := t.node.retry
	if spec == nil {
		return nil, nil
	}
	w := c.reaching(c.varsOf(t.in), t.node.ID, t.route)
	delay, err := c.wholeNumber(spec.delay, w, "retry delay", t)
	if err != nil {
		return nil, err
	}
	count, err := c.wholeNumber(spec.count, w, "retry count", t)
	if err != nil {
		return nil, err
	}
	r := &retryState{Delay: delay}
	if count != nil {
		r.Count = *count
	}
	return r, nil
}

func (c *Conductor) wholeNumber(from template, w *functions.Workflow, what string, t *staged) (*int64, error) {
	v, err := c.evaluate(from, w)
	if err != nil || v == nil && !from.given() {
		return nil, err
	}
	if b, ok := v.(bool); ok {
		v = int64(count(b))
	}
	n, ok := v.(int64)
	if !ok {
		return nil, failureIn(from, expr.Errorf("ValueError", "The %s for task \"%s\" is not an integer.", what, t.node.ID))
	}
	return &n, nil
}

// unstage takes a task out of staging unless items of it are still active.
func (c *Conductor) unstage(t *staged) {
	if t != nil && (t.items == nil || t.items.running() == 0) {
		c.do(&stagedRemoved{t.id})
	}
}

// keepResult keeps the result of an item that has ended.
func (c *Conductor) keepResult(e *entry, t *staged, ev occurrence) {
	if !ev.status.Final() || ev.result == nil && e.results != nil && e.results[ev.item] == nil {
		return
	}
	r := &itemResult{Entry: e.index, Item: ev.item, Result: data{ev.result}}
	if e.results == nil {
		r.Of = len(t.items.status)
	}
	c.do(r)
}

func (c *Conductor) statusAfter(e *entry, t *staged, ev occurrence) core.Status {
	switch {
	case ev.command && ev.status == Retrying:
		return Retrying
	case ev.item != noItem && t != nil:
		return afterItem(e.status, ev.status, t.items.siblings(ev.item))
	}
	return afterAction(e.status, ev.status)
}

// stageRetry stages a task anew.
func (c *Conductor) stageRetry(e *entry) {
	c.do(&entryTally{e.index})
	c.unstage(c.staged.find(e.place))
	again := *e.retry
	c.do(&stagedAdded{Task: e.node.ID, Route: e.route, Scope: e.in.id, Prev: e.prev, Ready: true, Retry: &again})
}
