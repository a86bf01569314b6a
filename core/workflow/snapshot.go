package workflow

import (
	"github.com/petrelhq/petrel/core/expr"
)

// Snapshot is a Step from nothing to here.
func (c *Conductor) Snapshot() Step {
	var s Step
	add := func(ch change) { s.changes = append(s.changes, ch) }
	for _, vars := range c.contexts {
		add(&contextAdded{data{vars}})
	}
	for _, sc := range c.scopes[min(1, len(c.scopes)):] {
		add(sc.change())
	}
	for i := range c.routes {
		add(c.routeChange(i))
	}
	for _, e := range c.entries {
		add(e.change())
	}
	for _, t := range c.staged.all() {
		add(t.change())
	}
	add(&stagedCount{c.staged.last})
	for _, e := range c.errors {
		add(&errorAdded{e})
	}
	if c.results != nil {
		for name, r := range c.results.All() {
			add(&resultKept{name.(string), data{r}})
		}
	}
	for _, r := range c.reruns {
		add(&rerunAdded{r})
	}
	if c.output != nil {
		add(&outputSet{data{c.output}})
	}
	add(&statusChanged{c.status})
	return s
}

func (sc *scope) change() change {
	if sc.with != nil {
		return &scopeAdded{From: sc.from.id, With: sc.with.id}
	}
	return &scopeAdded{From: sc.from.id, Context: sc.context}
}

// routeChange writes a route as one that goes on from the first one that it goes on from.
func (c *Conductor) routeChange(i int) change {
	route := c.routes[i]
	if len(route) == 0 {
		return &routeAdded{}
	}
	for from := range c.routes[:i] {
		if len(c.routes[from]) == len(route)-1 && equalTexts(c.routes[from], route[:len(route)-1]) {
			return &routeAdded{from, route[len(route)-1]}
		}
	}
	return &routeAdded{}
}

func equalTexts(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (e *entry) change() change {
	c := &entryAdded{
		Task: e.node.ID, Route: e.route, Scope: e.in.id, Prev: e.prev, Status: e.status, Term: e.term,
	}
	if e.retry != nil {
		again := *e.retry
		c.Retry = &again
	}
	if e.results != nil {
		c.Results = data{expr.NewList(e.results...)}
	}
	for i, v := range e.taken {
		if v != undecided {
			c.Taken = append(c.Taken, decision{i, v == taken})
		}
	}
	if e.out.edge != nil {
		c.Publish, c.Context = e.out.edge.id, e.out.context
	}
	return c
}

func (t *staged) change() change {
	c := &stagedAdded{
		ID: t.id, Task: t.node.ID, Route: t.route, Scope: t.in.id, Prev: t.prev, Ready: t.ready, Retry: t.retry,
		Completed: t.completed, OnFail: t.onFail,
	}
	if t.items != nil {
		c.HasItems, c.AtOnce, c.Items = true, t.items.atOnce, append(c.Items, t.items.status...)
	}
	if t.list != nil {
		c.List = data{t.list}
	}
	return c
}
