package local

import (
	"sync"
	"time"
)

// spaceAge is how long an answer about free space is believed.
const spaceAge = 250 * time.Millisecond

// space remembers the last answer about free space.
type space struct {
	mu    sync.Mutex
	until time.Time
	ok    bool
}

// room reports whether the disk has more than the reserve free. Every write needs it,
// Acks and Deletes too: they free nothing until a compaction has had space to run. An
// unknown amount counts as enough.
func (s *Store) room() bool {
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	now := s.o.Now()
	if now.Before(s.space.until) {
		return s.space.ok
	}
	free, err := s.o.Free()
	ok := err != nil || free >= s.o.Reserve
	if was := s.space.ok || s.space.until.IsZero(); was != ok {
		s.o.Log.Warn("store: room on disk", "enough", ok, "free", free, "reserve", s.o.Reserve)
	}
	s.space.ok, s.space.until = ok, now.Add(spaceAge)
	return ok
}
