package execution

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

var pid = os.Getpid()

// run is an execution that this process carries out.
type run struct {
	e        *Engine
	def      *definition
	delivery store.Delivery
	stop     context.CancelCauseFunc

	mu      sync.Mutex
	stored  core.Execution // as the last commit wrote it
	version store.Version
}

// start carries out an execution in a goroutine of its own, which ends with the run.
func (e *Engine) start(ctx context.Context, def *definition, d store.Delivery, x *core.Execution, v store.Version) {
	ctx, stop := context.WithCancelCause(ctx)
	r := &run{e: e, def: def, delivery: d, stop: stop, stored: *x, version: v}
	e.mu.Lock()
	e.active[r] = true
	e.mu.Unlock()
	go r.carryOut(ctx)
}

func (r *run) end(cause error) { r.stop(cause) }

// carryOut runs the action and hands its ending to the batch writer.
func (r *run) carryOut(ctx context.Context) {
	out := newOutput(r)
	res := r.call(ctx, out)
	d := &ending{run: r, result: res, cause: context.Cause(ctx)}
	d.output, d.chunks, d.cut = out.close()
	r.stop(nil)
	r.e.done <- d
}

// gone frees the worker's place.
func (r *run) gone() {
	e := r.e
	e.mu.Lock()
	delete(e.active, r)
	e.mu.Unlock()
	select {
	case e.freed <- struct{}{}:
	default:
	}
}

// call prepares the parameters and runs the runner; whatever goes wrong is a result.
func (r *run) call(ctx context.Context, out *output) (res core.Result) {
	defer func() {
		if p := recover(); p != nil {
			r.e.Log.Error("runner panicked", "execution", r.stored.ID, "runner", r.def.runner.Name, "panic", p, "stack", string(debug.Stack()))
			res = failure(fmt.Errorf("the runner %s broke: %v", r.def.runner.Name, p))
		}
	}()
	runner, ok := r.e.Runners[r.def.runner.Name]
	if !ok {
		return failure(fmt.Errorf("this server has no runner %q", r.def.runner.Name))
	}
	x := r.stored
	runnerParams, params, err := r.e.Templates.final(ctx, r.def, &x)
	if err != nil {
		return failure(err)
	}
	res, err = runner.Run(ctx, core.Call{
		ID: x.ID, Action: r.def.action, Dir: r.e.PackDir(r.def.action.Pack),
		RunnerParams: runnerParams, Params: params,
		Env: r.e.Env(&x), User: x.Context.User, Output: out,
	})
	if err != nil {
		return failure(err)
	}
	return res
}

// failure is the result of an action that could not be carried out.
// st2: runners reference, common contract, exceptions.
func failure(err error) core.Result {
	return core.Result{Status: core.Failed, Value: jsonOf(map[string]string{"error": err.Error(), "traceback": ""})}
}

// outcome decides how an execution ended, from what its runner said and why it stopped.
func outcome(x *core.Execution, res core.Result, cause error) core.Result {
	switch {
	case x.Status == core.Canceling || errors.Is(cause, core.ErrCanceled):
		return core.Result{Status: core.Canceled, Value: canceledValue(res.Value, x.Context.CancelledBy)}
	case errors.Is(cause, core.ErrDrained) && res.Status != core.Succeeded:
		return core.Result{Status: core.Abandoned, Value: res.Value}
	case len(res.Value) == 0:
		return failure(errors.New("Failed to execute action.")) // st2's text
	}
	return res
}

// canceledValue is what a cancelled execution shows: StackStorm's message beside
// whatever the action left behind.
func canceledValue(partial json.RawMessage, user string) json.RawMessage {
	m := map[string]json.RawMessage{}
	if json.Unmarshal(partial, &m) != nil || m == nil {
		m = map[string]json.RawMessage{}
	}
	m["message"] = jsonOf("Action canceled by user.")
	m["user"] = jsonOf(user)
	return jsonOf(m)
}

// settleAfter is how long a process must have run before its group is written down. A
// crash before that is covered by the marker in the process's environment.
const settleAfter = 200 * time.Millisecond

// settle stores where the action runs, for a later server to find it.
func (r *run) settle(ctx context.Context, info core.RunnerInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.stored
	now := *x.RunnerInfo
	now.Group, now.StartTick, now.Boot = info.Group, info.StartTick, info.Boot
	x.RunnerInfo = &now
	tx := r.e.Store.Begin()
	tx.Executions().Known(&r.stored, r.version)
	err := tx.Executions().Put(ctx, &x)
	tx.After(func(v store.Version) { r.stored, r.version = x, v })
	if err == nil {
		err = tx.Commit(ctx, store.Relaxed)
	}
	if err != nil && !errors.Is(err, store.ErrConflict) {
		r.e.Log.Warn("could not store where an action runs", "execution", x.ID, "error", err)
	}
}
