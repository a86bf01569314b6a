package execution

import (
	"context"
	"slices"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Cancel asks for an execution's end. One that waits is cancelled on the spot; one that
// runs is marked, and the worker that carries it out ends its processes. The execution
// is returned as it stands then. Errors: NotFound, and Conflict when there is nothing to
// cancel. st2: execution reference, statuses.
func (e *Engine) Cancel(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error) {
	x, err := tx.Executions().Get(ctx, id)
	if err != nil {
		return nil, core.Errorf(core.NotFound, "Unable to identify resource with id \"%s\".", id)
	}
	switch {
	case x.Status == core.Canceled || x.Status == core.Canceling:
		return x, nil
	case x.Status == core.Pending && x.Parent != "": // its workflow could not end without it
	case !x.Status.Cancelable():
		return x, core.Errorf(core.Conflict, "Action cannot be canceled. State = %s.", x.Status)
	}
	x.Context.CancelledBy = user
	x.Reason = ""
	if x.Status.Waiting() || x.Status == core.Pending {
		x.Result = canceledValue(nil, user)
		x.Move(core.Canceled, tx.Time())
		return x, e.putFinal(ctx, tx, x)
	}
	x.Move(core.Canceling, tx.Time())
	if e.conducted(x) {
		e.Look(tx, x)
		return x, tx.Executions().Put(ctx, x)
	}
	tx.After(func(store.Version) { e.Store.Wake(ctx, store.TopicCanceling) })
	return x, tx.Executions().Put(ctx, x)
}

// lookEvery is how often this process looks for cancel marks whose wake-up was lost.
const lookEvery = 5 * time.Second

// watchCanceling ends the runs of this process that were asked to stop.
func (e *Engine) watchCanceling(ctx context.Context) error {
	wakes, err := e.Store.Wakes(ctx, store.TopicCanceling)
	if err != nil {
		return err
	}
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wakes:
		case <-t.C:
		}
		if err := e.endCanceling(ctx); err != nil && ctx.Err() == nil {
			e.Log.Error("could not look for executions to cancel", "error", err)
		}
	}
}

func (e *Engine) endCanceling(ctx context.Context) error {
	if e.Active() == 0 {
		return nil
	}
	marked, _, err := e.Store.Executions().List(ctx, store.Query{Where: []store.Is{{Index: store.ByStatus, Value: string(core.Canceling)}}})
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for r := range e.active {
		if slices.ContainsFunc(marked, func(x *core.Execution) bool { return x.ID == r.delivery.ID }) {
			r.end(core.ErrCanceled)
		}
	}
	return nil
}

// LeaseLost ends every run of this process: its executions may be in other hands.
func (e *Engine) LeaseLost(err error) { e.endAll(err) }
