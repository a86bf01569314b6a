package execution

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// finishBatch is how many endings go into one Apply.
const finishBatch = 64

// ending is a run that is over and not yet written down.
type ending struct {
	run    *run
	result core.Result
	cause  error // why the run's context ended, if it did
	output []store.Chunk
	chunks int   // of output, in all
	cut    int64 // bytes of output not kept
}

// writeEndings writes finished runs down, as many at once as there are, until the
// channel is closed.
func (e *Engine) writeEndings(ctx context.Context) {
	for first := range e.done {
		batch := []*ending{first}
	more:
		for len(batch) < finishBatch {
			select {
			case d, ok := <-e.done:
				if !ok {
					break more
				}
				batch = append(batch, d)
			default:
				break more
			}
		}
		e.writeBatch(ctx, batch)
		for _, d := range batch {
			d.run.gone()
		}
	}
}

// writeBatch commits endings together, relaxed; when one of them conflicts (a cancel
// came in between) each on its own.
func (e *Engine) writeBatch(ctx context.Context, batch []*ending) {
	tx := e.Store.Begin()
	var err error
	for _, d := range batch {
		d.run.mu.Lock()
		tx.Executions().Known(&d.run.stored, d.run.version)
		x := d.run.stored
		d.run.mu.Unlock()
		if err = e.finish(ctx, tx, d, &x); err != nil {
			break
		}
	}
	if err == nil {
		if err = tx.Commit(ctx, store.Relaxed); err == nil {
			return
		}
	}
	for _, d := range batch {
		e.writeAlone(ctx, d)
	}
}

// writeAlone writes one ending, reading the record anew, and does not let go before it
// is written or the lease is lost.
func (e *Engine) writeAlone(ctx context.Context, d *ending) {
	id := d.run.stored.ID
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := e.Store.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
			x, err := tx.Executions().Get(ctx, id)
			if err != nil {
				return err
			}
			return e.finish(ctx, tx, d, x)
		})
		switch {
		case err == nil:
			return
		case errors.Is(err, store.ErrLeaseLost), core.KindOf(err) == core.NotFound:
			e.Log.Warn("a late result was dropped", "execution", id, "status", d.result.Status, "error", err)
			return
		}
		e.Log.Error("could not store a result; trying again", "execution", id, "error", err)
		time.Sleep(wait) // writeEndings has nothing better to do; it is not a poll
	}
}

// finish brings an execution to its end inside tx.
func (e *Engine) finish(ctx context.Context, tx *store.Tx, d *ending, x *core.Execution) error {
	tx.Ack(d.run.delivery)
	if x.Status.Final() {
		return nil
	}
	res := asked(x, outcome(x, d.result, d.cause))
	if res.Status == core.Pending {
		return e.ask(ctx, tx, x, res.Value)
	}
	if err := e.Store.SetResult(ctx, x, res.Value); err != nil {
		return err
	}
	for _, c := range d.output {
		tx.PutOutput(x.ID, c)
	}
	x.OutputChunks, x.OutputCut = d.chunks, d.cut
	x.Move(res.Status, tx.Time())
	return e.putFinal(ctx, tx, x)
}

// putFinal writes an execution that has ended, and tells whoever waits for it.
func (e *Engine) putFinal(ctx context.Context, tx *store.Tx, x *core.Execution) error {
	if err := leaveGates(ctx, tx, x); err != nil {
		return err
	}
	if err := tx.Executions().Put(ctx, x); err != nil {
		return err
	}
	wanted := x.Parent != ""
	err := e.tryAgain(ctx, tx, x)
	if !wanted && err == nil {
		wanted, err = e.Wanted(ctx, tx, x)
	}
	if err == nil && wanted {
		tx.Push(store.Finished, x.ID, x.RootID(), 0)
	}
	return err
}

// RunFinished tells those who wait for finished executions, until ctx is done.
func (e *Engine) RunFinished(ctx context.Context) error {
	return e.Store.Work(ctx, store.Worker{
		Queue: store.Finished, Mode: store.Relaxed, Log: e.Log, Slots: store.Batch(finishBatch),
		Do: e.finished, GiveUp: e.giveUpFinished,
		About: func(d store.Delivery) string {
			d.ID = strings.TrimSuffix(d.ID, lookAt)
			return store.AboutExecution(d)
		},
	})
}
