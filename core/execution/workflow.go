package execution

import (
	"context"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Conductor carries on workflows: executions that are made of others. What concerns one
// family of executions reaches it one after the other.
type Conductor interface {
	// Conducts reports whether executions of a runner type are workflows.
	Conducts(runner string) bool
	// Advance is told that a child has finished, or with a nil child that the workflow
	// has begun or that its status says what a user wants of it. It touches nothing but tx.
	Advance(ctx context.Context, tx *store.Tx, workflow string, child *core.Execution) error
	// Break ends a workflow that cannot be carried on, with the reason.
	Break(ctx context.Context, tx *store.Tx, workflow string, cause error) error
}

// lookAt ends the id of a queue entry that asks to look at a workflow itself.
const lookAt = "!"

// Look asks the conductor to look at a workflow, in a commit of its own.
func (e *Engine) Look(tx *store.Tx, x *core.Execution) { e.LookLater(tx, x, 0) }

// LookLater asks for the same once some time has gone by. Of several such requests the
// earliest counts.
func (e *Engine) LookLater(tx *store.Tx, x *core.Execution, after time.Duration) {
	tx.Push(store.Finished, x.ID+lookAt, x.RootID(), after)
}

func (e *Engine) conducted(x *core.Execution) bool {
	return e.Conductor != nil && e.Conductor.Conducts(x.Runner)
}

// beginWorkflow hands a workflow to the conductor. It holds no worker.
func (e *Engine) beginWorkflow(ctx context.Context, tx *store.Tx, x *core.Execution) error {
	now := tx.Time()
	if x.Status != core.Scheduled {
		x.Move(core.Scheduled, now)
	}
	x.Move(core.Running, now)
	x.Hand, x.Reason = core.InChildren, ""
	x.RunnerInfo = &core.RunnerInfo{Hostname: e.host, PID: pid}
	e.Look(tx, x)
	return tx.Executions().Put(ctx, x)
}

// finished tells those who wait for a finished execution, or asks the conductor to look
// at a workflow.
func (e *Engine) finished(ctx context.Context, tx *store.Tx, d store.Delivery) error {
	if id, ok := strings.CutSuffix(d.ID, lookAt); ok {
		return e.Conductor.Advance(ctx, tx, id, nil)
	}
	x, err := tx.Executions().Get(ctx, d.ID)
	if core.KindOf(err) == core.NotFound {
		return nil
	}
	if err == nil && !x.Status.Final() {
		err = tx.Executions().Confirm(x.ID) // a word of its next status, pushed while this one is in hand, is none
	}
	if err == nil && x.Parent != "" && e.Conductor != nil {
		err = e.Conductor.Advance(ctx, tx, x.Parent, x)
	}
	for i := 0; err == nil && x.Status.Final() && i < len(e.OnFinished); i++ {
		err = e.OnFinished[i](ctx, tx, x)
	}
	return err
}

// giveUpFinished breaks the workflow that could not be told, so that it is not stuck.
func (e *Engine) giveUpFinished(ctx context.Context, tx *store.Tx, d store.Delivery, cause error) error {
	e.Log.Error("nobody could be told of a finished execution", "execution", d.ID, "error", cause)
	id, own := strings.CutSuffix(d.ID, lookAt)
	if !own {
		x, err := tx.Executions().Get(ctx, d.ID)
		if core.KindOf(err) == core.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		id = x.Parent
	}
	if id == "" || e.Conductor == nil {
		return nil
	}
	return e.Conductor.Break(ctx, tx, id, cause)
}

// Tell lets the parent of an execution know that it has taken on another status.
func (e *Engine) Tell(tx *store.Tx, x *core.Execution) {
	if x.Parent != "" && e.Conductor != nil {
		tx.Push(store.Finished, x.ID, x.RootID(), 0)
	}
}

// Inputs returns the entry point of the action an execution runs with, and the final
// parameters: those of the runner type and those of the action. The error is Invalid when
// they cannot be rendered.
func (e *Engine) Inputs(ctx context.Context, x *core.Execution) (entryPoint string, runner, action map[string]any, err error) {
	def, err := e.ranWith(ctx, x)
	if err != nil {
		return "", nil, nil, err
	}
	runner, action, err = e.Templates.final(ctx, def, x)
	return def.action.EntryPoint, runner, action, err
}

// End brings an execution that no worker carries to its end. One that has ended already
// stays as it is.
func (e *Engine) End(ctx context.Context, tx *store.Tx, x *core.Execution, r core.Result) error {
	if x.Status.Final() {
		return nil
	}
	if err := e.Store.SetResult(ctx, x, r.Value); err != nil {
		return err
	}
	x.Reason = ""
	x.Move(r.Status, tx.Time())
	return e.putFinal(ctx, tx, x)
}

// Pause asks a running workflow to begin nothing new; what runs already goes on to its
// end. One that stands still because of a question goes on with the answer no longer.
// Errors: NotFound; Invalid for what is no workflow; Conflict when it does not run.
// st2: execution reference, statuses.
func (e *Engine) Pause(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error) {
	x, err := e.workflow(ctx, tx, id, "pause")
	still := err == nil && (x.Status == core.Pausing || x.Status == core.Paused)
	if err != nil || still && x.Context.PausedBy != "" {
		return x, err
	}
	if !still && x.Status != core.Running {
		return x, core.Errorf(core.Conflict, "Unable to pause execution \"%s\" because it is not in a running state: it is %s.", id, x.Status)
	}
	x.Context.PausedBy, x.Context.ResumedBy = user, ""
	if !still {
		x.Move(core.Pausing, tx.Time())
	}
	e.Look(tx, x)
	return x, tx.Executions().Put(ctx, x)
}

// Resume lets a paused workflow go on. Errors as for Pause.
func (e *Engine) Resume(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error) {
	x, err := e.workflow(ctx, tx, id, "resume")
	if err != nil || x.Status == core.Resuming || x.Status == core.Running {
		return x, err
	}
	if x.Status != core.Paused && x.Status != core.Pausing {
		return x, core.Errorf(core.Conflict, "Unable to resume execution \"%s\" because it is not in a paused state: it is %s.", id, x.Status)
	}
	x.Context.PausedBy, x.Context.ResumedBy = "", user
	x.Move(core.Resuming, tx.Time())
	e.Look(tx, x)
	return x, tx.Executions().Put(ctx, x)
}

func (e *Engine) workflow(ctx context.Context, tx *store.Tx, id, verb string) (*core.Execution, error) {
	x, err := tx.Executions().Get(ctx, id)
	if err != nil {
		return nil, core.Errorf(core.NotFound, "Unable to identify resource with id \"%s\".", id)
	}
	if !e.conducted(x) {
		return x, core.Errorf(core.Invalid, "Unable to %s execution \"%s\": it runs the action %s, which is no workflow.", verb, id, x.Action)
	}
	return x, nil
}
