package execution

import (
	"context"
	"errors"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/proc"
	"github.com/petrelhq/petrel/core/store"
)

// lost takes up an execution whose worker is gone: it was running when its lease ended.
// The delivery is held while the processes left over are ended.
func (e *Engine) lost(ctx, work context.Context, tx *store.Tx, d store.Delivery, x *core.Execution) {
	tx.Hold(d)
	tx.After(func(store.Version) {
		r := &run{e: e, delivery: d, stored: *x, stop: func(error) {}}
		e.mu.Lock()
		e.active[r] = true
		e.mu.Unlock()
		go r.bury(ctx, work)
	})
}

// bury ends what is left of a lost execution and says what became of it. As long as this
// process lives nobody else can: it does not let go before that is written, the lease is
// lost, or the server stops (ctx).
func (r *run) bury(ctx, work context.Context) {
	e, d, id := r.e, r.delivery, r.stored.ID
	defer r.gone()
	if err := e.endSurvivors(work, id, r.stored.RunnerInfo); err != nil {
		e.Log.Error("could not end the processes of a lost execution", "execution", id, "error", err)
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := e.Store.Update(work, store.Wait, func(tx *store.Tx) error {
			x, err := tx.Executions().Get(work, id)
			if core.KindOf(err) == core.NotFound {
				tx.Ack(d)
				return nil
			}
			if err != nil {
				return err
			}
			return e.settleLost(work, tx, d, x)
		})
		if err == nil || errors.Is(err, store.ErrLeaseLost) {
			return
		}
		e.Log.Error("could not settle a lost execution; trying again", "execution", id, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// endSurvivors ends processes on this machine that belong to an execution.
func (e *Engine) endSurvivors(ctx context.Context, id string, info *core.RunnerInfo) error {
	if info == nil || info.Hostname != e.host {
		return nil
	}
	return proc.Ender{}.End(ctx, proc.Target{
		Identity: proc.Identity{PID: info.Group, StartTick: info.StartTick, Boot: info.Boot},
		Mark:     MarkVariable + "=" + id,
	})
}

// MarkVariable is the environment variable that every process of an execution carries,
// by which a later server finds what outlived an earlier one.
const MarkVariable = "ST2_ACTION_EXECUTION_ID"

// settleLost decides what becomes of an execution whose worker is gone: cancelled if it
// was being cancelled, run again if its action says that is harmless, else abandoned.
func (e *Engine) settleLost(ctx context.Context, tx *store.Tx, d store.Delivery, x *core.Execution) error {
	tx.Ack(d)
	if x.Status.Final() {
		return nil
	}
	def, err := e.ranWith(ctx, x)
	if err != nil {
		return err
	}
	now := tx.Time()
	switch {
	case x.Status == core.Canceling:
		x.Result = canceledValue(nil, x.Context.CancelledBy)
		x.Move(core.Canceled, now)
	case (def.action.Idempotent || x.Runner == Inquirer) && lives(x) <= maxLives: // asking again harms nobody
		x.Move(core.Scheduled, now)
		x.Hand, x.RunnerInfo = core.InQueue, nil
		x.Reason = "runs again: the server that ran it went away, and the action may be repeated"
		tx.Push(store.Executions, x.ID, "", 0)
		return tx.Executions().Put(ctx, x)
	default:
		x.Reason = "the server that ran it went away before it finished"
		x.Result = jsonOf(map[string]string{"error": "Abandoned: " + x.Reason + ".", "traceback": ""})
		x.Move(core.Abandoned, now)
	}
	if err := tx.DropResult(ctx, x.ID); err != nil {
		return err
	}
	return e.putFinal(ctx, tx, x)
}

// maxLives is how often an idempotent action is run again after losing its worker.
const maxLives = 5

// lives is how often an execution was begun. Its queue entry cannot tell: it is a new one
// each time.
func lives(x *core.Execution) int {
	n := 0
	for _, l := range x.Log {
		if l.Status == core.Running {
			n++
		}
	}
	return n
}

// sweepEvery is how often the sweeper looks, and how old an execution must be for it.
const sweepEvery = time.Minute

// sweep is the last hand: it queues every live execution that no run of this process
// carries. Where a queue entry or a lease exists already that changes nothing; where one
// was lost, the execution is taken up again.
func (e *Engine) sweep(ctx context.Context) error {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		for _, s := range []core.Status{core.Requested, core.Delayed, core.Scheduled, core.Running, core.Canceling, core.Pending} {
			if err := e.requeue(ctx, s); err != nil && ctx.Err() == nil {
				e.Log.Error("sweeper", "status", s, "error", err)
			}
		}
	}
}

func (e *Engine) requeue(ctx context.Context, s core.Status) error {
	stale := e.Store.Time() - core.Time(sweepEvery.Microseconds())
	xs, _, err := e.Store.Executions().List(ctx, store.Query{
		Where: []store.Is{{Index: store.ByStatus, Value: string(s)}}, To: stale, Oldest: true, Limit: 1000,
	})
	if err != nil || len(xs) == 0 {
		return err
	}
	return e.Store.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
		for _, x := range xs {
			if after, needs := due(x, tx.Time()); needs {
				tx.Push(store.Executions, x.ID, "", after)
			}
		}
		return nil
	})
}

// due says when an execution is to be taken up again; needs is false if its queue entry is
// not what moves it on.
func due(x *core.Execution, now core.Time) (after time.Duration, needs bool) {
	switch {
	case x.Hand == core.InChildren:
		return 0, false // the steps of a workflow are atomic: it always waits for something
	case x.Status == core.Pending:
		return answerTime(x, now)
	case x.Waits != "":
		return recheck, true
	case x.Status == core.Delayed:
		return max(0, time.Duration(x.Delay)*time.Millisecond-now.Sub(x.Start)), true
	}
	return 0, true
}
