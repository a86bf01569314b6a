package execution

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Request checks a request and stores the execution it asks for with its queue entry.
//
// Errors are Invalid and name the field, with nothing stored; except that a template
// that cannot be rendered leaves a failed execution behind, which is returned with the
// error for the caller to commit. st2: rest-api reference, executions.
func (e *Engine) Request(ctx context.Context, tx *store.Tx, r core.Request) (*core.Execution, error) {
	if most := core.MaxDelay.Milliseconds(); r.Delay > most {
		return nil, core.FieldErrorf("delay", "delay is %d ms, the most is %d", r.Delay, most)
	}
	ds, err := e.defs.In(ctx, tx)
	if err != nil {
		return nil, err
	}
	d, err := ds.find(r.Action)
	if err != nil {
		return nil, err
	}
	x := e.newExecution(tx, d, r)
	params, err := e.Templates.live(ctx, d, x, r)
	if passing := core.Passing(ctx, err); passing != nil {
		return nil, passing
	}
	var failed *RenderError
	if errors.As(err, &failed) {
		if err := e.storeFailed(tx, x, r, failed); err != nil {
			return nil, err
		}
		return x, &core.Error{Kind: core.Invalid, Msg: failed.Error(), Err: failed}
	}
	if err != nil {
		return nil, err
	}
	x.Parameters = params
	return x, e.enqueue(tx, x)
}

func (e *Engine) newExecution(tx *store.Tx, d *definition, r core.Request) *core.Execution {
	now := tx.Time()
	x := &core.Execution{
		ID: r.ID, Action: r.Action, ActionDigest: d.actionDigest,
		Runner: d.runner.Name, RunnerDigest: d.runnerDigest,
		Start: now, Delay: r.Delay, Context: r.Context, Origin: r.Origin, Callback: r.Callback,
		Notify: r.Notify, Root: r.Root,
	}
	if x.ID == "" {
		x.ID = core.NewID(now.Std())
	}
	if len(d.action.Notify) > 0 {
		x.Notify = d.action.Notify // st2: the action's own wins
	}
	x.Context.User, x.Context.Pack = r.User, d.action.Pack
	if p := r.Context.Parent; p != nil {
		x.Parent = p.Execution
	}
	x.Move(core.Requested, now)
	return x
}

// storeFailed records a request whose parameters could not be rendered.
func (e *Engine) storeFailed(tx *store.Tx, x *core.Execution, r core.Request, cause *RenderError) error {
	x.Parameters = r.Parameters
	x.Result = jsonOf(map[string]string{"error": cause.Error(), "traceback": ""})
	x.Move(core.Failed, x.Start)
	return tx.Executions().Create(x)
}

// enqueue moves a requested execution to where a worker will find it.
func (e *Engine) enqueue(tx *store.Tx, x *core.Execution) error {
	delay := time.Duration(x.Delay) * time.Millisecond
	x.Hand = core.InQueue
	if delay > 0 {
		x.Move(core.Delayed, x.Start)
		x.Reason = fmt.Sprintf("waits until %s, as asked", core.At(x.Start.Std().Add(delay)))
	} else {
		x.Move(core.Scheduled, x.Start)
	}
	tx.Push(store.Executions, x.ID, "", delay)
	return tx.Executions().Create(x)
}

// ReRun asks for an execution again: the same action as it is now, the old parameters
// with the given ones over them. Of a workflow tasks may be named, and it goes on from
// there; those also in reset begin with all their items. Errors are NotFound and Invalid.
// st2: execution reference, re-run.
func (e *Engine) ReRun(ctx context.Context, tx *store.Tx, id string, r core.Request) (*core.Execution, error) {
	var tasks, reset []string
	if again := r.Context.ReRun; again != nil {
		tasks, reset = again.Tasks, again.Reset
	}
	old, err := tx.Executions().Get(ctx, id)
	if err != nil {
		return nil, core.Errorf(core.NotFound, "Unable to identify resource with id \"%s\".", id)
	}
	merged, err := overlay(old.Parameters, r.Parameters)
	if err != nil {
		return nil, err
	}
	r.Action, r.Parameters = old.Action, merged
	r.Context = old.FullContext()
	r.Context.Parent, r.Context.Task, r.Context.CancelledBy, r.Context.PausedBy, r.Context.ResumedBy = nil, nil, "", "", ""
	r.Context.ReRun = &core.ReRun{Ref: old.ID, Tasks: tasks, Reset: reset}
	r.Origin = nil
	return e.Request(ctx, tx, r)
}

// overlay puts the members of one JSON object over those of another.
func overlay(base, over json.RawMessage) (json.RawMessage, error) {
	if len(bytes.TrimSpace(over)) == 0 {
		return base, nil
	}
	m := map[string]json.RawMessage{}
	for _, raw := range []json.RawMessage{base, over} {
		if len(raw) == 0 {
			continue
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, core.FieldErrorf("parameters", "parameters need to be an object: %v", err)
		}
	}
	return json.Marshal(m)
}
