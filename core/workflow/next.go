package workflow

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// Task is a task to begin. Until an update says that it has begun, Next gives it again.
type Task struct {
	ID      string
	Route   int
	Vars    *expr.Dict // what it sees
	Actions []Action   // one, or one for each item to begin now; none for no items
	Delay   int64      // seconds to wait before it begins
	Retry   int64      // how many times it has been retried

	HasItems    bool
	Items       int        // how many there are in all
	Concurrency int64      // how many of them may be active at once; 0 for all
	Line        int        // of the task in the workflow's file
	Notify      expr.Value // of a task of an ActionChain, nil when there is none
}

// Action is what a task, or one of its items, does.
type Action struct {
	Ref   string     // "" for a task without an action: it has succeeded when begun
	Input expr.Value // nil when there is none
	Item  int        // the item's number
}

// work is a staged task, rendered. st2 differs: it is rendered once; there all items are rendered anew
// each time one of them ends.
type work struct {
	task    Task
	actions []Action
	list    *expr.List // of items, when it is to be stored
}

// Next gives the tasks that may begin now, by name and route. When one of them cannot be rendered, the
// workflow fails, and there are none; the Step says so. It also counts the items of tasks.
func (c *Conductor) Next() ([]Task, Step) {
	var out []Task
	failed := false
	for _, t := range c.due() {
		task, err := c.prepare(t)
		if err != nil {
			failed = true
			route := t.route
			c.note(err, Error{Task: t.node.ID, Route: &route})
		} else if len(task.Actions) > 0 || task.HasItems && task.Items == 0 {
			out = append(out, task)
		}
	}
	if failed {
		c.fail()
		return nil, c.take()
	}
	slices.SortStableFunc(out, func(a, b Task) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Route, b.Route))
	})
	return out, c.take()
}

// due are the staged tasks that may begin: all while the workflow goes on, and those beside a fail
// once it has failed.
func (c *Conductor) due() []*staged {
	failed := c.status == core.Failed
	if !failed && !goesOn(c.status) || c.staged.ready == 0 {
		return nil
	}
	var out []*staged
	for _, t := range c.staged.all() {
		if t.runnable() && (!failed || t.onFail) && c.staged.find(t.place) == t {
			out = append(out, t)
		}
	}
	return out
}

func (c *Conductor) prepare(t *staged) (Task, error) {
	w := t.work
	if w == nil {
		var err error
		if w, err = c.render(t); err != nil {
			return Task{}, err
		}
		t.work = w // it may be given out more than once
	}
	task := w.task
	if t.retry != nil {
		task.Delay, task.Retry = 0, t.retry.Tally
		if t.retry.Delay != nil {
			task.Delay = *t.retry.Delay
		}
	}
	if !task.HasItems {
		task.Actions = w.actions
		return task, nil
	}
	if t.items == nil || len(t.items.status) == 0 && task.Items > 0 {
		c.do(&stagedItems{t.id, task.Items, task.Concurrency == 0})
		if w.list != nil {
			c.do(&stagedList{t.id, data{w.list}})
			t.work = w
		}
	}
	for _, i := range t.items.unbegun(c.limit(&task, t.items)) {
		if i >= len(w.actions) { // rendered again elsewhere, from a list that has become shorter
			return Task{}, failureIn(t.node.task.with.list, expr.Errorf("ValueError",
				"The list has %d items now, and had %d when the task began.", len(w.actions), len(t.items.status)))
		}
		task.Actions = append(task.Actions, w.actions[i])
	}
	return task, nil
}

// limit is how many items of a task Next gives; -1 for all.
func (c *Conductor) limit(task *Task, items *itemStates) int {
	limit := -1
	if task.Concurrency > 0 {
		limit = max(0, int(task.Concurrency)-items.running())
	}
	if c.Portion > 0 && (limit < 0 || limit > c.Portion) {
		limit = c.Portion
	}
	return limit
}

// render evaluates what a task is to do.
func (c *Conductor) render(t *staged) (*work, error) {
	spec := t.node.task
	see := c.sight(t.place, t.in)
	w := &work{task: Task{ID: t.node.ID, Route: t.route, Vars: see.Vars, Line: spec.line, Notify: spec.notify}}
	var err error
	if c.spec.chain != nil {
		var a Action
		a, err = c.renderChainAction(t)
		w.actions = []Action{a}
	} else if spec.with != nil {
		err = c.renderItems(w, t, see)
	} else {
		var a Action
		a, err = c.renderAction(spec, see)
		w.actions = []Action{a}
	}
	if err != nil {
		return nil, err
	}
	if empty(spec.delay.doc) {
		return w, nil
	}
	delay, err := c.evaluate(spec.delay, see)
	if err != nil {
		return nil, err
	}
	seconds, ok := delay.(int64)
	if !ok {
		return nil, failureIn(spec.delay, expr.Errorf("TypeError", "The value of task delay is not type of integer."))
	}
	w.task.Delay = seconds
	return w, nil
}

func (c *Conductor) renderAction(spec *task, see *functions.Workflow) (Action, error) {
	ref, err := c.evaluate(spec.action, see)
	if err != nil {
		return Action{}, err
	}
	input, err := c.evaluate(spec.input, see)
	if err != nil {
		return Action{}, err
	}
	name, ok := ref.(string)
	if !ok && ref != nil {
		return Action{}, failureIn(spec.action, expr.Errorf("TypeError", "The action is %s, not the name of one.", repr(ref)))
	}
	return Action{Ref: name, Input: input}, nil
}

func (c *Conductor) renderItems(w *work, t *staged, see *functions.Workflow) error {
	spec, list := t.node.task, t.list
	var err error
	if list == nil {
		if list, err = c.itemsOf(spec.with, see); err != nil {
			return err
		}
		if !spec.with.variable {
			w.list = list
		}
	}
	w.task.HasItems, w.task.Items = true, len(list.Items)
	w.actions = make([]Action, len(list.Items))
	here := *see
	for i, item := range list.Items {
		here.Item = spec.with.named(item)
		if w.actions[i], err = c.renderAction(spec, &here); err != nil {
			return err
		}
		w.actions[i].Item = i
	}
	w.task.Concurrency, err = c.concurrency(spec.with.concurrency, see)
	return err
}

func (c *Conductor) itemsOf(with *items, see *functions.Workflow) (*expr.List, error) {
	v, err := c.evaluate(with.list, see)
	if err != nil {
		return nil, err
	}
	l, ok := v.(*expr.List)
	if !ok {
		return nil, failureIn(with.list, expr.Errorf("TypeError", "The value of \"%v\" is not type of list.", with.list.value))
	}
	return l, nil
}

// named gives the parts of an item their names.
func (w *items) named(item expr.Value) expr.Value {
	l, isList := item.(*expr.List)
	d := expr.NewDict()
	switch {
	case w.names != nil && isList:
		for i, name := range w.names[:min(len(w.names), len(l.Items))] {
			d.Set(name, l.Items[i])
		}
	case len(w.names) == 1:
		d.Set(w.names[0], item)
	default:
		return item
	}
	return expr.Freeze(d)
}

func (c *Conductor) concurrency(from template, see *functions.Workflow) (int64, error) {
	v, err := c.evaluate(from, see)
	if err != nil || v == nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok {
		msg := fmt.Sprintf("'<=' not supported between instances of '%s' and 'int'", expr.TypeName(v))
		return 0, failureIn(from, expr.Errorf("TypeError", "%s", msg))
	}
	return max(1, n), nil
}
