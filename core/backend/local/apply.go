package local

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core/backend"
)

// Apply does all ops or none.
func (s *Store) Apply(ctx context.Context, m backend.Mode, ops ...backend.Op) (backend.Version, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	writes, err := backend.CheckOps(ops)
	if err != nil {
		return 0, err
	}
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	if writes && !s.room() {
		return 0, backend.ErrFull
	}
	if err := s.readGuards(ops); err != nil {
		return 0, err
	}
	c, verdict := s.commit(m, ops)
	if m == backend.Wait && (verdict == nil || errors.Is(verdict, backend.ErrConflict)) {
		if err := s.await(c); err != nil {
			return 0, err
		}
	}
	if verdict != nil {
		return 0, verdict
	}
	return backend.Version(c.version), nil
}

// A commit is what the locked part of an Apply leaves to the unlocked one.
type commit struct {
	version uint64        // the Apply's; all it read or wrote is of this version or older
	batch   *pebble.Batch // on its way to disk; nil if nothing was written, or Relaxed
}

// commit checks and writes under the lock. The queues in memory change here too, before
// the write is on disk: whoever takes an item early can only commit later in the same
// log, so no one's waited Apply survives a power cut that the item did not.
func (s *Store) commit(m backend.Mode, ops []backend.Op) (commit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := commit{version: s.last.Load()}
	s.trimCounters()
	s.cache.age()
	if err := s.admit(ops); err != nil {
		return c, err
	}
	w := s.newWriter(ops)
	if err := w.all(ops); err != nil {
		s.fail(err) // memory may have changed already; Pebble's batches do not fail
		return c, err
	}
	if w.b.Count() == 0 {
		return c, w.b.Close()
	}
	c.version = w.version
	defer w.show()
	if m == backend.Relaxed {
		return c, s.writeRelaxed(w.b, c.version)
	}
	c.batch = w.b
	return c, s.write(w.b, c.version)
}

// await returns when all that c read and wrote is on disk.
func (s *Store) await(c commit) error {
	if c.batch == nil {
		return s.syncTo(c.version)
	}
	if err := c.batch.SyncWait(); err != nil {
		s.fail(err)
		return err
	}
	s.markSynced(c.version)
	return c.batch.Close()
}

// write puts the batch in the log and in sight; it is durable after its SyncWait.
func (s *Store) write(b *pebble.Batch, version uint64) error {
	return s.written(s.db.ApplyNoSyncWait(b, pebble.Sync), version)
}

// writeRelaxed is write for a batch nobody waits for.
func (s *Store) writeRelaxed(b *pebble.Batch, version uint64) error {
	if err := s.written(s.db.Apply(b, pebble.NoSync), version); err != nil {
		return err
	}
	s.flushSoon()
	return b.Close()
}

func (s *Store) written(err error, version uint64) error {
	if err == nil && s.broken.Load() { // Pebble reports the failure through its logger
		err = errBroken()
	}
	if err != nil {
		s.fail(err)
		return err
	}
	s.last.Store(version)
	return nil
}

// admit checks everything that can fail, so that what follows cannot.
func (s *Store) admit(ops []backend.Op) error {
	for i := range ops {
		if err := s.admitOne(&ops[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) admitOne(op *backend.Op) error {
	switch op.Kind {
	case backend.OpPut, backend.OpDelete, backend.OpCheck:
		return s.admitDoc(op)
	case backend.OpAdd:
		return s.loadCounter(op.Key)
	case backend.OpAppend:
		return s.admitAppend(op.Key)
	case backend.OpAck, backend.OpRetry, backend.OpHold:
		if s.leased(op.Delivery) == nil {
			return backend.ErrLeaseLost
		}
	}
	return nil
}

// A writer turns admitted ops into one batch and into changes in memory; the caller
// holds mu.
type writer struct {
	*Store
	b       *pebble.Batch
	version uint64 // of the Apply: the newest it gives out
	next    uint64 // the newest given out so far, to Appends and Pushes
	now     int64  // Unix nanoseconds
	notes   []note // the documents written
}

// note is a document as a batch leaves it; version 0 if it is gone.
type note struct {
	key     string
	version uint64
	value   []byte
}

// newWriter counts the versions the ops need: one for each Append and Push, at least
// one in all. Puts get the newest, so an Apply's version is above all older entries of
// logs and below none of its own.
func (s *Store) newWriter(ops []backend.Op) *writer {
	w := &writer{Store: s, b: s.db.NewBatch(), next: s.last.Load(), now: s.o.Now().UnixNano()}
	w.version = w.next
	for i := range ops {
		if k := ops[i].Kind; k == backend.OpAppend || k == backend.OpPush {
			w.version++
		}
	}
	w.version = max(w.version, w.next+1)
	return w
}

// all writes the ends of deliveries first, so that a Push of an acked ID starts anew
// wherever it stands among the ops.
func (w *writer) all(ops []backend.Op) error {
	for i := range ops {
		if err := w.endDelivery(&ops[i]); err != nil {
			return err
		}
	}
	for i := range ops {
		if err := w.one(&ops[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) endDelivery(op *backend.Op) error {
	switch op.Kind {
	case backend.OpAck:
		return w.ack(op.Delivery)
	case backend.OpRetry:
		return w.retry(op.Delivery, op.After)
	}
	return nil
}

func (w *writer) one(op *backend.Op) error {
	switch op.Kind {
	case backend.OpPut:
		delete(w.counters, op.Key)
		return w.put(op.Key, op.Value)
	case backend.OpDelete:
		delete(w.counters, op.Key)
		return w.delete(op.Key)
	case backend.OpAdd:
		return w.add(op.Key, op.N)
	case backend.OpAppend:
		return w.append(op.Key, op.Value)
	case backend.OpTrim:
		return w.trim(op.Key, uint64(op.Version))
	case backend.OpPush:
		return w.push(&op.Item)
	}
	return nil
}
