package workflow

import (
	"slices"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// end takes in that a task run has ended, and gives the commands that it led to; again says that the
// task is done once more instead.
func (c *Conductor) end(e *entry, ev occurrence, was core.Status) (led []*staged, again bool, err error) {
	t := c.staged.find(e.place)
	if e.node.task.with == nil || !broken(e.status) || t != c.staged.latest(e.place) {
		c.unstage(t)
	} else if t != nil && !t.completed {
		flags := flagsOf(t)
		flags.Completed = true
		c.do(flags)
	}
	w := c.sightAfter(e, resultOf(e, ev))
	if goesOn(c.status) || active(c.status) {
		due, err := c.retryDue(e, w)
		if err != nil { // st2 differs: there the end of the task is lost
			route := e.route
			c.note(err, Error{Task: e.node.ID, Route: &route})
			c.fail()
		}
		if due {
			return nil, true, c.occur(e.place, occurrence{status: Retrying, item: noItem, command: true})
		}
	}
	if e.status == was || c.spec.chain != nil && !c.keepForChain(e, ev) {
		return nil, false, nil
	}
	return c.follow(e, w), false, nil
}

// resultOf is what result() gives: of a task with items the list of theirs.
func resultOf(e *entry, ev occurrence) expr.Value {
	if e.node.task.with == nil {
		return ev.result
	}
	if ev.item != noItem {
		return expr.NewList(slices.Clone(e.results)...)
	}
	if yes, err := expr.Truthy(ev.result); err == nil && !yes {
		return expr.NewList()
	}
	return ev.result
}

func (c *Conductor) retryDue(e *entry, w *functions.Workflow) (bool, error) {
	if e.retry == nil || e.retry.Tally >= e.retry.Count {
		return false, nil
	}
	when := e.node.retry.when
	if !when.given() {
		return broken(e.status), nil
	}
	v, err := c.compute(when, w)
	if err != nil {
		return false, err
	}
	return expr.Truthy(v)
}

// follow takes the transitions of a task run whose conditions hold, and gives the commands among what
// they lead to.
func (c *Conductor) follow(e *entry, w *functions.Workflow) (led []*staged) {
	if len(e.node.Edges) == 0 && !e.term {
		c.do(&entryTerm{e.index, true})
	}
	fails := false
	var next []*staged
	for i, edge := range e.node.Edges {
		t := c.tryEdge(e, i, w)
		switch {
		case t == nil:
		case isCommand(edge.To.ID):
			if !slices.Contains(led, t) {
				led = append(led, t)
			}
			fails = fails || edge.To.ID == commandFail
		case t.ready:
			next = append(next, t)
		}
	}
	if fails {
		c.runOnFail(next)
	}
	return led
}

// tryEdge takes a transition if its condition holds, and gives the task staged by it. An expression
// that fails fails the workflow.
func (c *Conductor) tryEdge(e *entry, i int, w *functions.Workflow) *staged {
	route := e.route
	at := Error{Task: e.node.ID, Route: &route, Transition: e.node.Edges[i].id}
	holds, err := c.holds(e, e.node.Edges[i], w)
	if err != nil {
		c.note(err, at)
		c.fail()
		return nil
	}
	c.do(&entryNext{e.index, i, holds})
	if !holds {
		return nil
	}
	return c.lead(e, i, w, at)
}

// fail fails the workflow, unless it has been canceled.
func (c *Conductor) fail() { c.setWorkflow(requested(c.status, core.Failed, false, false)) }

// runOnFail lets tasks run that stand beside a fail: they clean up.
func (c *Conductor) runOnFail(next []*staged) {
	for _, t := range next {
		flags := flagsOf(t)
		flags.OnFail = true
		c.do(flags)
	}
}

func (c *Conductor) holds(e *entry, edge *Edge, w *functions.Workflow) (bool, error) {
	if edge.item.on != "" {
		return edge.item.on.holds(e.status), nil
	}
	if !edge.item.when.given() {
		return true, nil
	}
	v, err := c.compute(edge.item.when, w)
	if err != nil {
		return false, err
	}
	return expr.Truthy(v)
}

// lead takes a transition: it publishes, and stages the task it leads to. When publishing fails the
// workflow fails and nothing is staged.
func (c *Conductor) lead(e *entry, i int, w *functions.Workflow, at Error) *staged {
	edge := e.node.Edges[i]
	added, ok := c.evaluateAll(edge.item.publish, w, at)
	if !ok {
		c.fail()
		return nil
	}
	out := e.in
	if e.node.task.publish.given() { // of a chain: it has been published already
		out = c.scopes[len(c.scopes)-1]
	}
	if added.Len() > 0 {
		c.do(&contextAdded{data{added}})
		context := len(c.contexts) - 1
		c.do(&scopeAdded{From: e.in.id, Context: context})
		c.do(&entryPublished{e.index, i, context})
		out = c.scopes[len(c.scopes)-1]
	}
	p := place{edge.To, c.routeThrough(edge, e.route)}
	t := c.stageNext(p, out, origin{edge.back, e.index})
	flags := flagsOf(t)
	flags.Ready = c.inboundCriteria(place{edge.To, e.route}) == satisfied // st2: on the route it comes from
	if flags.Ready != t.ready {
		c.do(flags)
	}
	return t
}

// stageNext stages a task, or adds another way to one that is staged already and has not begun.
// st2 differs: there items that run already are forgotten when another way leads to their task.
func (c *Conductor) stageNext(p place, out *scope, from origin) *staged {
	t := c.staged.latest(p)
	if t == nil || t.begun() {
		c.do(&stagedAdded{Task: p.node.ID, Route: p.route, Scope: out.id, Prev: []origin{from}})
		return c.staged.latest(p)
	}
	in := t.in
	if out.from != nil {
		c.do(&scopeAdded{From: t.in.id, With: out.id})
		in = c.scopes[len(c.scopes)-1]
	}
	c.do(&stagedJoined{t.id, in.id, from})
	return t
}

// routeThrough is the route of a task that a transition leads to: a split outside of a cycle begins a new one.
func (c *Conductor) routeThrough(edge *Edge, route int) int {
	if !edge.To.split || edge.To.cycle || slices.Contains(c.routes[route], edge.back) {
		return route
	}
	c.do(&routeAdded{route, edge.back})
	return len(c.routes) - 1
}

// react gives the workflow the status that follows from a task's.
func (c *Conductor) react(e *entry) {
	more := c.goesOn(e.place, true)
	o := outlook{
		busy: c.anyActive(), canceled: c.anyCanceled(), paused: c.anyPaused(),
		more: c.staged.ready > 0 || more, handled: more || c.state.goesOn(e.place, false),
	}
	was := c.status
	if was == core.Paused && e.node.ID == commandFail { // st2 differs: there it is forgotten beside a question
		c.setWorkflow(core.Failed)
	}
	c.setWorkflow(afterTask(c.status, e.status, o))
	if c.status.Final() && !was.Final() {
		c.failUnreachable()
	}
}

// failUnreachable fails the workflow when it ends while a join still waits for tasks that never come.
func (c *Conductor) failUnreachable() {
	for _, t := range c.staged.all() {
		if !t.node.joins() || t.ready || c.inboundCriteria(t.place) != unsatisfied {
			continue
		}
		c.setWorkflow(core.Failed)
		route := t.route
		c.noteAt(Error{
			Message: "UnreachableJoinError: The join task|route \"" + t.place.String() + "\" is partially satisfied but unreachable.",
			Task:    t.node.ID, Route: &route,
		})
	}
}
