package workflow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// Rerun runs a workflow that has ended again from some of its tasks, or, without any, from those that
// it ended with badly. Conflict when it has not ended, Invalid for tasks that have not run, and for an
// input with which the vars cannot be evaluated.
type Rerun struct {
	Tasks []RerunTask
	// Input has new parameters, nil for those it began with. What tasks have published meanwhile stays.
	Input Input
}

// RerunTask is a task to run again. Of a task with items those that failed run again, with Reset all.
type RerunTask struct {
	Task  string
	Route int
	Reset bool
}

func (r Rerun) apply(c *Conductor) error {
	if !c.status.Final() {
		return core.Errorf(core.Conflict, "WorkflowIsActiveAndNotRerunableError: Unable to rerun workflow because it is not in a completed state.")
	}
	chosen, err := c.candidates(r.Tasks)
	if err != nil {
		return err
	}
	chosen = c.withTakenBack(chosen)
	indexes := make([]int, len(chosen))
	for i, again := range chosen {
		indexes[i] = again.entry.index
	}
	if err := c.renew(r.Input); err != nil {
		return err
	}
	c.do(&rerunAdded{indexes})
	slices.SortStableFunc(chosen, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.node.ID, b.node.ID), cmp.Compare(a.route, b.route))
	})
	for _, again := range chosen {
		if err := c.again(again, r.Input.Parameters != nil); err != nil {
			return err
		}
	}
	for _, e := range c.entries {
		if e.term && slices.Contains(e.taken, taken) {
			c.do(&entryTerm{Entry: e.index})
		}
	}
	c.do(&outputSet{})
	c.setWorkflow(core.Resuming)
	return nil
}

// renew lets what runs again see a new input. Vars are evaluated anew with new parameters only.
func (c *Conductor) renew(in Input) error {
	switch {
	case in.Parameters == nil && in.Context == nil:
		return nil
	case in.Parameters == nil:
		c.do(&contextRenewed{0, data{c.contexts[0].With(in.Context)}})
		return nil
	case c.spec.chain != nil:
		return c.renewChain(in)
	}
	vars, failed := c.firstVars(in)
	if failed {
		return core.Errorf(core.Invalid, "Unable to rerun workflow with this input: %s", c.errors[len(c.errors)-1].String())
	}
	c.do(&contextRenewed{0, data{vars}})
	return nil
}

// candidate is a task run that is done again.
type candidate struct {
	*entry
	reset bool
}

func (c *Conductor) candidates(asked []RerunTask) ([]candidate, error) {
	if len(asked) == 0 {
		return c.endedBadly()
	}
	var chosen []candidate
	var unknown []string
	for _, r := range asked {
		n := c.spec.graph.byID[r.Task]
		e := c.latest[place{n, r.Route}]
		if n == nil || e == nil {
			unknown = append(unknown, fmt.Sprintf("%s|%d", r.Task, r.Route))
			continue
		}
		chosen = c.choose(chosen, e, r.Reset)
	}
	if unknown != nil {
		return nil, core.Errorf(core.Invalid, "InvalidTaskRerunRequest: Unable to rerun task|route(s) because it doesn't exist or isn't rerunnable: %s", strings.Join(unknown, ", "))
	}
	return c.withoutFollowers(chosen), nil
}

// endedBadly are the task runs that the workflow ended with and that broke, each task once.
// st2 differs: it is an error when there are none; there the workflow waits for ever.
func (c *Conductor) endedBadly() ([]candidate, error) {
	var chosen []candidate
	for _, e := range c.entries {
		if e.term && broken(e.status) {
			chosen = c.choose(chosen, e, false)
		}
	}
	if len(chosen) == 0 {
		return nil, core.Errorf(core.Invalid, "no task of the workflow has failed; name the tasks to run again")
	}
	return chosen, nil
}

// choose adds a task run, in the place of an earlier one of the same task. For a command it adds the
// runs that led to it. st2 differs: there a rerun from a fail raises an error.
func (c *Conductor) choose(chosen []candidate, e *entry, reset bool) []candidate {
	if isCommand(e.node.ID) {
		for _, o := range e.prev {
			chosen = c.choose(chosen, c.latest[c.entries[o.Entry].place], reset)
		}
		return chosen
	}
	again := candidate{e, reset}
	if i := slices.IndexFunc(chosen, func(o candidate) bool { return o.place == e.place }); i >= 0 {
		chosen[i] = again
		return chosen
	}
	return append(chosen, again)
}

// withoutFollowers leaves out tasks that run again anyhow after another one. st2: rerun requests are collapsed.
func (c *Conductor) withoutFollowers(chosen []candidate) []candidate {
	if len(chosen) < 2 {
		return chosen
	}
	runs := make([][]int, len(chosen))
	for i, again := range chosen {
		runs[i] = c.withNext(again.entry)
	}
	var out []candidate
	for i, again := range chosen {
		if slices.ContainsFunc(runs, func(other []int) bool { return !subset(runs[i], other) }) {
			out = append(out, again)
		}
	}
	return out
}

// withTakenBack adds what a workflow that failed has canceled itself, as questions that were of no use
// any more: left as it is it would cancel the workflow. What comes after a chosen task runs again anyhow.
func (c *Conductor) withTakenBack(chosen []candidate) []candidate {
	if c.status == core.Canceled {
		return chosen
	}
	follows := make([]bool, len(c.entries))
	for _, again := range chosen {
		follows[again.index] = true
	}
	for i, e := range c.entries {
		follows[i] = follows[i] || slices.ContainsFunc(e.prev, func(o origin) bool { return follows[o.Entry] })
		if !follows[i] && c.isLatest(e) && e.status == core.Canceled && !c.state.goesOn(e.place, false) {
			chosen = append(chosen, candidate{e, false})
		}
	}
	return chosen
}

func subset(some, all []int) bool {
	return !slices.ContainsFunc(some, func(i int) bool { return !slices.Contains(all, i) })
}

// withNext are the indexes of a task run and of those that its task led to.
func (c *Conductor) withNext(e *entry) []int {
	out := []int{e.index}
	for _, next := range c.entries {
		for _, o := range next.prev {
			if c.entries[o.Entry].place == e.place {
				out = append(out, next.index)
			}
		}
	}
	return out
}

// again prepares one task to run again. With another input it may have another number of items: then all
// of them run.
func (c *Conductor) again(r candidate, changed bool) error {
	latest := c.latest[r.place]
	c.endNoMore(latest)
	c.do(&errorsRemoved{r.node.ID})
	t := c.staged.find(r.place)
	if t != nil && t.completed {
		flags := flagsOf(t)
		flags.Completed = false
		c.do(flags)
	}
	if r.node.task.with != nil && t != nil && t.items != nil {
		if changed || r.reset {
			c.recount(t)
		}
		c.resetItems(t, r.reset)
	} else if err := c.stageAgain(latest); err != nil {
		return err
	}
	for _, i := range c.withNext(latest) {
		c.endNoMore(c.entries[i])
	}
	c.endNoMore(c.latest[r.place])
	return nil
}

func (c *Conductor) endNoMore(e *entry) {
	if e.term {
		c.do(&entryTerm{Entry: e.index})
	}
}

// recount looks at the list of a task's items again, and resets one that has another number of them now.
func (c *Conductor) recount(t *staged) {
	list, err := c.itemsOf(t.node.task.with, c.sight(t.place, t.in))
	if err != nil {
		c.do(&stagedList{ID: t.id}) // it shows when the task begins
		return
	}
	if len(list.Items) != len(t.items.status) {
		c.do(&stagedItems{t.id, len(list.Items), t.items.atOnce})
	}
	if !t.node.task.with.variable {
		c.do(&stagedList{t.id, data{list}})
	}
}

// resetItems makes items of a task run again. st2 differs: canceled ones too; there the workflow waits for ever.
func (c *Conductor) resetItems(t *staged, all bool) {
	for i, status := range t.items.status {
		if all || broken(status) || status == core.Canceled {
			c.do(&itemChanged{t.id, i, unset})
		}
	}
}

// stageAgain stages a task as it was, with a run of its own. st2 differs: of a task with items whose
// items all succeeded too; there this is an error.
func (c *Conductor) stageAgain(e *entry) error {
	c.do(&stagedAdded{Task: e.node.ID, Route: e.route, Scope: e.in.id, Prev: e.prev, Ready: true})
	t := c.staged.byID[c.staged.last]
	_, err := c.run(t)
	return err
}
