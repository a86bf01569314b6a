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
// It returns when ctx is done or the backend is closed.
func (s *Store) Work(ctx context.Context, w Worker) error {
	for {
		n, err := w.Slots(ctx)
		if err != nil {
			return quiet(ctx, err)
		}
		ds, err := s.b.Pull(ctx, w.Queue, n)
		if refused(err) {
			w.Log.Warn("work waits: the store cannot hand it out", "queue", w.Queue, "error", err)
			pause(ctx)
			continue
		}
		if err != nil {
			return quiet(ctx, err)
		}
		if err := s.batch(ctx, w, ds); err != nil {
			return quiet(ctx, err)
		}
	}
}

// quiet makes an orderly end of errors that only say that it is time to end.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, backend.ErrClosed) {
		return nil
	}
	return err
}

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
	err := tx.Commit(ctx, w.Mode)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrLeaseLost) || refused(err) {
		return s.oneByOne(ctx, w, ds)
	}
	return err
}

// refused reports an error that time heals: the disk is full or the store is away.
func refused(err error) bool {
	return errors.Is(err, backend.ErrFull) || errors.Is(err, backend.ErrUnavailable)
}

// pause waits a second for a full disk or a distant store to recover; false when ctx
// ended first.
func pause(ctx context.Context) bool {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
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

// one handles a delivery on a Tx of its own, and does not let go of it while the backend
// refuses writes: what this process has leased, nobody else takes up.
func (s *Store) one(ctx context.Context, w Worker, d Delivery) error {
	for {
		err := s.try(ctx, w, d)
		if !refused(err) {
			return err
		}
		w.Log.Warn("work waits: the store refuses writes", "queue", w.Queue, "id", d.ID, "error", err)
		if !pause(ctx) {
			return nil
		}
	}
}

func (s *Store) try(ctx context.Context, w Worker, d Delivery) error {
	var failed error
	err := s.Update(ctx, w.Mode, func(tx *Tx) error {
		if failed = tx.deliver(ctx, w, d); failed == nil {
			failed = tx.flushSafely(ctx)
		}
		return failed
	})
	if failed != nil && err != nil && !refused(err) {
		err = s.retryOrGiveUp(ctx, w, d, failed)
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

func (s *Store) retryOrGiveUp(ctx context.Context, w Worker, d Delivery, cause error) error {
	w.Log.Error("work failed", "queue", w.Queue, "id", d.ID, "attempt", d.Attempt, "error", cause)
	return s.Update(ctx, w.Mode, func(tx *Tx) error {
		if d.Attempt < maxAttempts {
			tx.Retry(d, time.Duration(d.Attempt)*time.Second)
			return nil
		}
		tx.Ack(d)
		return w.GiveUp(ctx, tx, d, cause)
	})
}
