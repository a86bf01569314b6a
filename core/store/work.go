package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/petrelhq/petrel/core/backend"
)

// Worker is a consumer of one queue.
type Worker struct {
	Queue string
	Mode  backend.Mode
	// Slots returns how many deliveries may be taken, blocking until at least one may.
	Slots func(ctx context.Context) (int, error)
	// About names the document that a delivery is about. Those of a batch are read in
	// one round trip before Do is called; nil reads none.
	About func(d Delivery) string
	// Do handles one delivery. It touches nothing but tx. The delivery is acked with
	// the commit unless Do held or retried it.
	Do func(ctx context.Context, tx *Tx, d Delivery) error
	// GiveUp records the failure of an item that failed maxAttempts times.
	GiveUp func(ctx context.Context, tx *Tx, d Delivery, cause error) error
	Log    *slog.Logger
}

const maxAttempts = 5

// Batch is a Slots for workers without a limit of their own.
func Batch(n int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { return n, nil }
}

// Work is the one consumer loop: it pulls, runs Do for each delivery on one Tx, commits
// the batch in one Apply, and after a conflict or an error goes through it one by one.
// It returns when ctx is done or the backend is closed, and not before: what it has pulled is
// leased to this process, and nobody else takes that up.
func (s *Store) Work(ctx context.Context, w Worker) error {
	for {
		n, err := w.Slots(ctx)
		switch {
		case over(ctx, err):
			return nil
		case err != nil:
			return err
		}
		ds, err := s.b.Pull(ctx, w.Queue, n)
		if err == nil {
			err = s.batch(ctx, w, ds)
		}
		switch {
		case over(ctx, err):
			return nil
		case err != nil:
			w.Log.Warn("work waits: the store cannot hand it out", "queue", w.Queue, "error", err)
			pause(ctx)
		}
	}
}

// over reports that it is time to end.
func over(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, backend.ErrClosed)
}

// batch commits to the end even if ctx ends: what is written and nobody hears of would be
// begun, and never go on.
func (s *Store) batch(ctx context.Context, w Worker, ds []Delivery) error {
	tx := s.Begin()
	if err := tx.readAhead(ctx, w, ds); err != nil {
		return s.oneByOne(ctx, w, ds)
	}
	for _, d := range ds {
		if err := tx.deliver(ctx, w, d); err != nil {
			return s.oneByOne(ctx, w, ds)
		}
	}
	if err := tx.flushSafely(ctx); err != nil {
		return s.oneByOne(ctx, w, ds)
	}
	if err := tx.Commit(context.WithoutCancel(ctx), w.Mode); err != nil {
		return s.oneByOne(ctx, w, ds)
	}
	return nil
}

// refused reports an error that time heals: the disk is full or the store is away.
func refused(err error) bool {
	return errors.Is(err, backend.ErrFull) || errors.Is(err, backend.ErrUnavailable)
}

// pause waits a second for a full disk or a distant store to recover, or for ctx.
func pause(ctx context.Context) {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (s *Store) oneByOne(ctx context.Context, w Worker, ds []Delivery) error {
	for _, d := range ds {
		if err := s.one(ctx, w, d); err != nil {
			return err
		}
	}
	return nil
}

// one handles a delivery on a Tx of its own, and does not let go of it before it is settled
// or given back.
func (s *Store) one(ctx context.Context, w Worker, d Delivery) error {
	for {
		err := s.try(ctx, w, d)
		if err == nil || over(ctx, err) {
			return err
		}
		w.Log.Warn("work waits: the store does not take it", "queue", w.Queue, "id", d.ID, "error", err)
		pause(ctx)
	}
}

// try commits to the end as batch does.
func (s *Store) try(ctx context.Context, w Worker, d Delivery) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err := s.Update(context.WithoutCancel(ctx), w.Mode, func(tx *Tx) error {
		if err := tx.deliver(ctx, w, d); err != nil {
			return err
		}
		return tx.flushSafely(ctx)
	})
	if err != nil && !refused(err) && !errors.Is(err, ErrLeaseLost) && !over(ctx, err) {
		err = s.retryOrGiveUp(ctx, w, d, err)
	}
	if errors.Is(err, ErrLeaseLost) {
		return nil
	}
	return err
}

// readAhead reads what the deliveries of a batch are about.
func (t *Tx) readAhead(ctx context.Context, w Worker, ds []Delivery) error {
	if w.About == nil || len(ds) < 2 {
		return nil
	}
	var keys []string
	seen := map[string]bool{}
	for _, d := range ds {
		if key := w.About(d); !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	es, err := t.s.b.Get(ctx, keys...)
	if err != nil {
		return err
	}
	for i, e := range es {
		e.Key = keys[i]
		t.docs[keys[i]] = &doc{entry: e, guarded: true}
	}
	return nil
}

// AboutExecution and AboutInstance are for queues whose ids are those of executions and
// trigger instances.
func AboutExecution(d Delivery) string { return executions.doc(d.ID) }
func AboutInstance(d Delivery) string  { return instances.doc(d.ID) }

// notPanic turns a panic into an error, so that one item cannot end the loop.
func notPanic(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// flushSafely does what deliveries left for the end of the Tx; its failure is theirs.
func (t *Tx) flushSafely(ctx context.Context) (err error) {
	defer notPanic(&err)
	return t.flush(ctx)
}

// deliver runs Do.
func (t *Tx) deliver(ctx context.Context, w Worker, d Delivery) (err error) {
	defer notPanic(&err)
	t.settled = false
	if err := w.Do(ctx, t, d); err != nil {
		return err
	}
	if !t.settled {
		t.Ack(d)
	}
	return nil
}

// retryOrGiveUp has failed work come again, at last as GiveUp leaves it. Where that fails too,
// the item comes again all the same.
func (s *Store) retryOrGiveUp(ctx context.Context, w Worker, d Delivery, cause error) error {
	w.Log.Error("work failed", "queue", w.Queue, "id", d.ID, "attempt", d.Attempt, "error", cause)
	if d.Attempt < maxAttempts {
		return s.giveBack(ctx, w, d, time.Duration(d.Attempt)*time.Second)
	}
	err := s.Update(ctx, w.Mode, func(tx *Tx) (err error) {
		defer notPanic(&err)
		tx.Ack(d)
		return w.GiveUp(ctx, tx, d, cause)
	})
	if err == nil || refused(err) || errors.Is(err, ErrLeaseLost) || over(ctx, err) {
		return err
	}
	w.Log.Error("work could not be given up; it comes again", "queue", w.Queue, "id", d.ID, "error", err)
	return s.giveBack(ctx, w, d, time.Minute)
}

func (s *Store) giveBack(ctx context.Context, w Worker, d Delivery, after time.Duration) error {
	return s.Update(ctx, w.Mode, func(tx *Tx) error {
		tx.Retry(d, after)
		return nil
	})
}
