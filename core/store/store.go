// Package store keeps Petrel's nouns as typed collections over a backend.
//
// [Tx] is the one unit of work: it reads, collects writes and queue steps, and commits
// them in one Apply. A collection is described once (kinds.go): its key, its secondary
// indexes and which of their values are counted. Lists are ordered by (start, id) and
// found by index; see [Query].
package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// Queues and wake-up topics.
const (
	Triggers   = "triggers"   // trigger instances to match with rules
	Executions = "executions" // executions to carry out
	Finished   = "finished"   // finished executions somebody waits for, grouped by root
	Sources    = "sources"    // enabled sensors; whoever holds one runs it

	TopicChanges   = "changes"   // the change log has grown
	TopicCanceling = "canceling" // a running execution was asked to stop
	TopicCatalogue = "catalogue" // rules, triggers, actions or runners changed
)

// Store gives access to everything Petrel remembers.
type Store struct {
	Now func() time.Time

	b     backend.Backend
	stats counters

	decoded decoded

	mu        sync.Mutex
	catalogue backend.Version // 0: not known
	forgotten int             // how often catalogue was
	defs      map[string][]byte
}

// New returns a store over b. now is the clock for what the store stamps itself.
func New(b backend.Backend, now func() time.Time) *Store {
	s := &Store{Now: now, defs: map[string][]byte{}}
	s.b = counted{b, &s.stats}
	return s
}

// Time returns the present moment by the store's clock.
func (s *Store) Time() core.Time { return core.At(s.Now()) }

// attempts is how often Update and Work begin again after a conflict.
const attempts = 100

// Update runs fn on a fresh Tx and commits it; after a conflict with another writer it
// begins again, so fn must touch nothing but tx. Errors: fn's own, Conflict when the
// same documents keep changing, Unavailable when the backend refuses writes.
func (s *Store) Update(ctx context.Context, m backend.Mode, fn func(tx *Tx) error) error {
	for range attempts {
		tx := s.Begin()
		if err := fn(tx); err != nil {
			stale, lost := s.stale(ctx, tx, err)
			if lost != nil {
				return lost
			}
			if !stale {
				return err
			}
			continue
		}
		err := tx.Commit(ctx, m)
		if !errors.Is(err, backend.ErrConflict) {
			return err
		}
	}
	return core.Errorf(core.Conflict, "the same records keep changing underneath; try again")
}

// Wake publishes a lossy wake-up.
func (s *Store) Wake(ctx context.Context, topic string) { _ = s.b.Publish(ctx, topic) }

// Wakes returns a channel that receives once at the start and after each Wake of topic,
// and is closed with ctx. Whoever is woken by a change of the catalogue sees that change.
func (s *Store) Wakes(ctx context.Context, topic string) (<-chan struct{}, error) {
	wakes, err := s.b.Subscribe(ctx, topic)
	if err != nil || topic != TopicCatalogue {
		return wakes, err
	}
	fresh := make(chan struct{}, 1)
	go func() {
		defer close(fresh)
		for range wakes {
			s.forgetCatalogue()
			select {
			case fresh <- struct{}{}:
			default: // one is waiting
			}
		}
	}()
	return fresh, nil
}

// translate gives backend errors the kinds callers know. ErrConflict and ErrLeaseLost
// stay as they are: loops decide by them.
func translate(err error) error {
	switch {
	case err == backend.ErrFull:
		return &core.Error{Kind: core.Unavailable, Err: err,
			Msg: "the disk is full: nothing new is accepted until space is freed in the data directory; reading still works"}
	case errors.Is(err, backend.ErrFull):
		return &core.Error{Kind: core.Unavailable, Err: err, Msg: "nothing new is accepted: " + err.Error()}
	case errors.Is(err, backend.ErrUnavailable):
		return &core.Error{Kind: core.Unavailable, Err: err, Msg: "the store cannot be reached at the moment; try again: " + err.Error()}
	case errors.Is(err, backend.ErrClosed):
		return &core.Error{Kind: core.Unavailable, Err: err, Msg: "the server is shutting down"}
	}
	return err
}
