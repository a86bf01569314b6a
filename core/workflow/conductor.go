package workflow

import (
	"context"
	"fmt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/expr/orquesta"
)

// Env is what expressions reach outside the workflow. The zero value reaches nothing.
type Env struct {
	Context   context.Context     // ends lookups; nil means never
	Evaluator *orquesta.Evaluator // keeps compiled expressions; nil means one with orquesta's and StackStorm's functions
	Limits    expr.Limits         // of each evaluation
	Templates *jinja.Environment  // renders ActionChains; nil means StackStorm's, without lookups
	// Variables are further ones for ActionChains, which are not stored: st2kv, system, action_context, config_context.
	Variables *expr.Dict
	// Functions are further ones for an expression of a task on a route ("" outside of tasks): st2kv, task.
	Functions func(task string, route int) map[string]functions.Function
}

// Input is what a workflow starts with. Both may be nil.
type Input struct {
	Parameters *expr.Dict // for its inputs; other names are left out
	Context    *expr.Dict // variables beside its inputs: st2, parent
}

// Conductor runs one workflow: it knows what has happened and says what to do next. It is not for
// concurrent use. After an error, and when a Step cannot be stored, it stands as before or is to be
// thrown away, and restored.
type Conductor struct {
	Env // may be replaced between calls
	// Portion is how many items of a task Next gives at the most, so that giving them out in
	// parts stays cheap; 0: all.
	Portion int

	*state
	made []change // since the last Step
	undo []func()
}

// New begins a workflow: inputs and vars are evaluated, the first tasks are ready once the status is
// asked to be running. Expressions that fail make a failed workflow. The error, of kind Invalid, says
// that the spec cannot run (see Inspect). Store Snapshot before all else.
func New(spec *Spec, in Input, env Env) (*Conductor, error) {
	if err := spec.runnable(); err != nil {
		return nil, err
	}
	c := &Conductor{Env: env, state: newState(spec)}
	c.begin(in)
	c.take()
	return c, nil
}

// Restore makes the conductor that wrote snapshot and, since then, steps.
func Restore(spec *Spec, env Env, snapshot Step, steps ...Step) (c *Conductor, err error) {
	if err := spec.runnable(); err != nil {
		return nil, err
	}
	defer func() { // changes point to each other by number: what was not written for this spec points nowhere
		if p := recover(); p != nil {
			c, err = nil, core.Errorf(core.Internal, "the stored steps do not fit the workflow %s: %v", spec.File, p)
		}
	}()
	c = &Conductor{Env: env, state: newState(spec)}
	for _, s := range append([]Step{snapshot}, steps...) {
		for _, ch := range s.changes {
			ch.apply(c.state)
		}
	}
	return c, nil
}

// begin evaluates inputs and vars and stages the first tasks.
func (c *Conductor) begin(in Input) {
	if c.spec.chain != nil {
		c.beginChain(in)
		return
	}
	vars, failed := c.firstVars(in)
	if failed {
		c.do(&statusChanged{core.Failed})
		return
	}
	c.do(&contextAdded{data{vars}})
	c.do(&routeAdded{})
	for _, n := range c.spec.graph.roots {
		c.do(&stagedAdded{Task: n.ID, Ready: true})
	}
}

// firstVars are the first context. st2 differs: parameters are data, they are not evaluated again.
func (c *Conductor) firstVars(in Input) (vars *expr.Dict, failed bool) {
	parent := emptyIfNil(in.Context)
	given := emptyIfNil(in.Parameters)
	rolling := parent
	for _, v := range c.spec.input {
		value, ok := given.Get(v.name)
		if !ok {
			var err error
			if value, err = c.evaluate(v.value, c.reaching(rolling, "", 0)); err != nil {
				c.note(err, Error{})
				failed = true
				continue
			}
		}
		rolling = rolling.With(expr.DictOf(v.name, value))
	}
	first := merged(parent, rolling)
	set, ok := c.evaluateAll(c.spec.vars, c.reaching(first, "", 0), Error{})
	return merged(first, set), failed || !ok
}

// reaching is what expressions see that need no more than variables and what lies outside of the workflow.
func (c *Conductor) reaching(vars *expr.Dict, task string, route int) *functions.Workflow {
	return &functions.Workflow{Vars: vars, Extra: c.outside(task, route)}
}

// outside is the functions that reach out of the workflow, nil for none.
func (c *Conductor) outside(task string, route int) map[string]functions.Function {
	if c.Functions == nil {
		return nil
	}
	return c.Functions(task, route)
}

func emptyIfNil(d *expr.Dict) *expr.Dict {
	if d == nil {
		d = expr.NewDict()
	}
	expr.Freeze(d)
	return d
}

// do makes a change and keeps it for the next Step.
func (c *Conductor) do(ch change) {
	c.undo = append(c.undo, ch.apply(c.state))
	c.made = append(c.made, ch)
}

// take gives the changes since the last Step.
func (c *Conductor) take() Step {
	s := Step{c.made}
	c.made, c.undo = nil, c.undo[:0]
	return s
}

// rollback takes back the changes since the last Step.
func (c *Conductor) rollback() {
	for i := len(c.undo) - 1; i >= 0; i-- {
		c.undo[i]()
	}
	c.made, c.undo = nil, c.undo[:0]
}

// Event is something that happened, or is asked for: StatusRequest, TaskUpdate, ItemUpdate, Rerun, Failure.
type Event interface {
	apply(c *Conductor) error
}

// Update takes in events, in order. With an error none of them has happened: Invalid and Conflict are the
// caller's, any other is of a task's retry count or delay, and the workflow is to be told of it (Failure).
func (c *Conductor) Update(events ...Event) (Step, error) {
	for _, ev := range events {
		if err := ev.apply(c); err != nil {
			c.rollback()
			return Step{}, err
		}
	}
	return c.take(), nil
}

// StatusRequest asks for a status of the workflow: running, pausing, resuming, canceling … The workflow
// takes on the nearest it can: pausing until no task is active. Conflict when it cannot at all.
type StatusRequest struct{ Status core.Status }

// Failure fails the workflow with a message, for what went wrong around it.
type Failure struct{ Message string }

func (r Failure) apply(c *Conductor) error {
	if err := c.request(core.Failed); err != nil {
		return err
	}
	c.do(&errorAdded{Error{Type: errorType, Message: r.Message}})
	return nil
}

func (r StatusRequest) apply(c *Conductor) error { return c.request(r.Status) }

func (c *Conductor) request(asked core.Status) error {
	was := c.status
	for _, e := range c.activeWithItems() {
		o := c.staged.find(e.place).items.siblings(-1)
		if now := afterRequest(e.status, asked, o.busy); o.open && now != e.status {
			c.do(&entryStatus{e.index, now})
		}
	}
	busy := c.anyActive()
	done := !busy && c.staged.ready == 0 && c.counts[core.Paused]+c.counts[core.Pending] == 0
	c.setWorkflow(requested(was, asked, busy, done))
	onTheWay := asked == core.Paused && was == core.Pausing || asked == core.Canceled && was == core.Canceling
	if c.status == was && asked != was && !onTheWay {
		return core.Errorf(core.Conflict, "InvalidWorkflowStatusTransition: Unable to process event \"workflow_%s\" for workflow in \"%s\" status.", asked, shown(was))
	}
	return nil
}

// activeWithItems are the active runs of tasks whose items are known.
func (c *Conductor) activeWithItems() []*entry {
	var out []*entry
	for _, t := range c.staged.all() {
		if e := c.latest[t.place]; t.items != nil && e != nil && active(e.status) {
			out = append(out, e)
		}
	}
	return out
}

func (c *Conductor) setWorkflow(s core.Status) {
	if s != c.status {
		c.do(&statusChanged{s})
	}
}

func shown(s core.Status) string {
	if s == unset {
		return "null"
	}
	return string(s)
}

// unknownTask is the error for a task that the workflow does not have.
func unknownTask(id string) error {
	return core.Errorf(core.Invalid, "InvalidTask: Task \"%s\" does not exist.", id)
}

// notBegun is the error for a task of which nothing is known yet.
func notBegun(p place) error {
	return core.Errorf(core.Conflict, "InvalidTaskStateEntry: Task \"%s\" is not staged or has not started yet.", p.node.ID)
}

func (p place) String() string { return fmt.Sprintf("%s|%d", p.node.ID, p.route) }
