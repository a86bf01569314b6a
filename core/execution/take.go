package execution

import (
	"context"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// take pulls executions as workers come free. Marking them running waits for the disk,
// and with them everything that led to them.
func (e *Engine) take(ctx, work context.Context) error {
	return e.Store.Work(ctx, store.Worker{
		Queue: store.Executions, Mode: store.Wait, Log: e.Log, Slots: e.slots, About: store.AboutExecution,
		Do: func(ctx context.Context, tx *store.Tx, d store.Delivery) error {
			return e.takeOne(ctx, work, tx, d)
		},
		GiveUp: e.giveUp,
	})
}

// slots waits for a free worker and returns how many there are.
func (e *Engine) slots(ctx context.Context) (int, error) {
	for {
		if n := e.Workers - e.Active(); n > 0 {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-e.freed:
		}
	}
}

func (e *Engine) takeOne(ctx, work context.Context, tx *store.Tx, d store.Delivery) error {
	x, err := tx.Executions().Get(ctx, d.ID)
	if core.KindOf(err) == core.NotFound {
		return nil // deleted while it waited
	}
	if err != nil {
		return err
	}
	mine := e.unmark(d)
	if x.Status.Waiting() {
		if in, err := e.admit(ctx, tx, x); err != nil || !in {
			return err
		}
	}
	switch {
	case x.Status.Waiting() && e.conducted(x):
		return e.beginWorkflow(ctx, tx, x)
	case x.Status.Waiting():
		return e.begin(ctx, work, tx, d, x)
	case x.Status == core.Pending:
		return e.deadline(ctx, tx, x)
	case e.conducted(x): // it is in its children's hands
	case x.Status == core.Running && mine: // marked under this very lease, by a commit whose answer was lost
		def, err := e.ranWith(ctx, x)
		if err != nil {
			return err
		}
		e.hold(work, tx, def, d, x)
		return tx.Executions().Put(ctx, x)
	case x.Status == core.Running || x.Status == core.Canceling:
		e.lost(ctx, work, tx, d, x)
	}
	return nil
}

// begin marks an execution running; its runner starts when that is on disk.
func (e *Engine) begin(ctx, work context.Context, tx *store.Tx, d store.Delivery, x *core.Execution) error {
	def, err := e.ranWith(ctx, x)
	if err != nil {
		return err
	}
	now := tx.Time()
	if x.Status != core.Scheduled {
		x.Move(core.Scheduled, now)
	}
	x.Move(core.Running, now)
	x.Hand, x.Reason = core.InLease, ""
	x.RunnerInfo = &core.RunnerInfo{Hostname: e.host, PID: pid}
	if err := tx.Executions().Put(ctx, x); err != nil {
		return err
	}
	e.hold(work, tx, def, d, x)
	return nil
}

// hold keeps the delivery of an execution, which starts when the commit is known to be done.
func (e *Engine) hold(work context.Context, tx *store.Tx, def *definition, d store.Delivery, x *core.Execution) {
	e.mu.Lock()
	e.marked[d.Lease] = true
	e.mu.Unlock()
	tx.Hold(d)
	tx.After(func(v store.Version) {
		e.unmark(d)
		e.start(work, def, d, x, v)
	})
}

// unmark forgets that a commit was to mark an execution running, and reports whether one was.
func (e *Engine) unmark(d store.Delivery) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	marked := e.marked[d.Lease]
	delete(e.marked, d.Lease)
	return marked
}

// giveUp fails an execution that could not even be started, time and again.
func (e *Engine) giveUp(ctx context.Context, tx *store.Tx, d store.Delivery, cause error) error {
	x, err := tx.Executions().Get(ctx, d.ID)
	if err != nil || x.Status.Final() {
		return err
	}
	x.Result = jsonOf(map[string]string{"error": "The execution could not be started: " + cause.Error(), "traceback": ""})
	x.Move(core.Failed, tx.Time())
	return e.putFinal(ctx, tx, x)
}
