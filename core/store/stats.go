package store

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/petrelhq/petrel/core/backend"
)

// Stats counts what the store asked of its backend since it was opened.
type Stats struct {
	Applies   int64 // commits
	Waits     int64 // of them, those that waited for the disk
	Conflicts int64 // commits that were refused because somebody else was faster; not among Applies
	Ops       int64
	Bytes     int64 // of keys and values written
	Reads     int64 // documents asked for and entries scanned
}

type counters struct{ applies, waits, conflicts, ops, bytes, reads atomic.Int64 }

// counted is a backend that counts what is read from it, and what it refuses.
type counted struct {
	backend.Backend
	*counters
}

func (c counted) Apply(ctx context.Context, m backend.Mode, ops ...backend.Op) (backend.Version, error) {
	v, err := c.Backend.Apply(ctx, m, ops...)
	if errors.Is(err, backend.ErrConflict) {
		c.conflicts.Add(1)
	}
	return v, err
}

func (c counted) Get(ctx context.Context, keys ...string) ([]backend.Entry, error) {
	c.reads.Add(int64(len(keys)))
	return c.Backend.Get(ctx, keys...)
}

func (c counted) Scan(ctx context.Context, r backend.Range) ([]backend.Entry, error) {
	es, err := c.Backend.Scan(ctx, r)
	c.reads.Add(int64(len(es)))
	return es, err
}

func (c *counters) applied(m backend.Mode, ops []backend.Op) {
	c.applies.Add(1)
	if m == backend.Wait {
		c.waits.Add(1)
	}
	c.ops.Add(int64(len(ops)))
	n := 0
	for i := range ops {
		n += len(ops[i].Key) + len(ops[i].Value) + len(ops[i].Item.Body)
	}
	c.bytes.Add(int64(n))
}

// Stats returns the counts so far.
func (s *Store) Stats() Stats {
	c := &s.stats
	return Stats{
		Applies: c.applies.Load(), Waits: c.waits.Load(), Conflicts: c.conflicts.Load(),
		Ops: c.ops.Load(), Bytes: c.bytes.Load(), Reads: c.reads.Load(),
	}
}
