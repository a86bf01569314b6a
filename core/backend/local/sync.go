package local

import (
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// syncDelay is how long Relaxed commits may stay in memory when nobody waits. Without
// it a killed process would lose what it did last, such as the count of an item's
// attempts that keeps a poisonous one from coming back for ever.
const syncDelay = 100 * time.Millisecond

// syncTo returns once version v, and so everything before it, is on disk.
func (s *Store) syncTo(v uint64) error {
	if s.synced.Load() >= v {
		return nil
	}
	if s.broken.Load() {
		return errBroken()
	}
	at := s.last.Load() // committed, so ahead of the barrier in the log
	err := s.db.LogData(nil, pebble.Sync)
	if err == nil && s.broken.Load() { // Pebble reports the failure through its logger
		err = errBroken()
	}
	if err != nil {
		s.fail(err)
		return err
	}
	s.markSynced(at)
	return nil
}

// markSynced records that everything up to v is on disk.
func (s *Store) markSynced(v uint64) {
	for {
		old := s.synced.Load()
		if old >= v || s.synced.CompareAndSwap(old, v) {
			return
		}
	}
}

// flushSoon sees to it that what was just committed is on disk after syncDelay.
func (s *Store) flushSoon() {
	if !s.syncPending.Swap(true) {
		s.syncSoon.Reset(syncDelay)
	}
}

func (s *Store) flush() {
	s.syncPending.Store(false)
	if s.enter() != nil {
		return
	}
	defer s.leave()
	_ = s.syncTo(s.last.Load()) // a failure has ended the process through fail
}
