// Package local remembers in one directory on disk, for one process.
//
// Pebble keeps the bytes; this package adds the read-check-write step. An Apply locks,
// checks every guard, writes one batch to Pebble's log and memory, unlocks, and only
// then waits for the disk, so waiting Applies share their fsyncs.
//
// Pebble's log is one sequence. Whatever is durable, everything committed before it is
// durable too; every promise about durability in this package rests on that.
package local

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// epochBits is how many versions one open of the store can give out: 2^40.
const epochBits = 40

// maxReplay is how much log, in bytes, a clean stop may leave for the next open to read.
const maxReplay = 1 << 20

// Store is a [backend.Backend] and a [backend.Archiver] in one directory.
type Store struct {
	dir     string
	o       Options
	fs      vfs.FS
	db      *pebble.DB
	closers []io.Closer // the disk watch and the directory's lock, after db

	// life is read-locked by every call that touches db, since Pebble panics on use
	// after Close; Close locks it for good.
	life   sync.RWMutex
	closed bool
	done   chan struct{}

	broken atomic.Bool // the log on disk has failed: nothing may be promised any more
	space  space
	cache  *cache
	topics topics

	// last is the newest version committed, synced the newest known to be on disk.
	// Both only grow; last is written under mu.
	last, synced atomic.Uint64
	syncSoon     *time.Timer // brings Relaxed commits to disk when nobody waits
	syncPending  atomic.Bool

	mu       sync.Mutex // one commit at a time; guards what follows
	leases   uint64     // the newest lease number given out
	counters map[string]int64
	queues   map[string]*queue
	logs     atomic.Pointer[map[string]*eventLog] // replaced, never changed, under mu
}

var (
	_ backend.Backend  = (*Store)(nil)
	_ backend.Archiver = (*Store)(nil)
)

// Open opens the store in dir, making the directory (0700) if there is none. Leases of
// an earlier process are void: their items are ready again. Error kinds: Unavailable
// when another process has the directory, Invalid when its format is not ours.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{
		dir:      dir,
		done:     make(chan struct{}),
		counters: map[string]int64{},
		cache:    newCache(),
		queues:   map[string]*queue{},
	}
	s.logs.Store(&map[string]*eventLog{})
	if err := s.open(o); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

func (s *Store) open(o Options) error {
	if err := s.prepare(o); err != nil {
		return err
	}
	if err := s.openFormat(); err != nil {
		return err
	}
	if err := s.beginEpoch(); err != nil {
		return err
	}
	if err := s.loadLogs(); err != nil {
		return err
	}
	return s.loadQueues()
}

// beginEpoch lifts the version counter above everything any earlier open gave out,
// durably, so a version lost in a power cut never names something else.
func (s *Store) beginEpoch() error {
	epoch, err := s.getNumber(metaEpoch)
	if err != nil {
		return err
	}
	epoch++
	if err := s.db.Set([]byte(metaEpoch), encodeNumber(epoch), pebble.Sync); err != nil {
		return core.Errorf(core.Unavailable, "data directory %s: begin epoch: %w", s.dir, err)
	}
	s.last.Store(epoch << epochBits)
	s.synced.Store(epoch << epochBits)
	s.leases = epoch << epochBits
	s.syncSoon = time.AfterFunc(time.Hour, s.flush)
	s.syncSoon.Stop()
	return nil
}

// enter admits a call to db; leave ends it.
func (s *Store) enter() error {
	s.life.RLock()
	switch {
	case s.closed:
		s.life.RUnlock()
		return backend.ErrClosed
	case s.broken.Load():
		s.life.RUnlock()
		return errBroken()
	}
	return nil
}

func (s *Store) leave() { s.life.RUnlock() }

// Beat does nothing: the directory's lock is the lease, and only our end ends it.
func (s *Store) Beat(ctx context.Context) error { return ctx.Err() }

// Close waits until everything is durable and lets the directory go. Closing twice is
// no error.
func (s *Store) Close() error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.done)
	s.topics.close()
	s.syncSoon.Stop()
	s.mu.Lock()
	for _, q := range s.queues {
		q.timer.Stop()
	}
	s.mu.Unlock()
	err := s.syncTo(s.last.Load())
	if err == nil && s.db.Metrics().WAL.Size > maxReplay {
		err = s.db.Flush()
	}
	if cerr := s.release(); err == nil {
		err = cerr
	}
	return err
}

// release closes what open opened, in reverse.
func (s *Store) release() error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	for _, c := range slices.Backward(s.closers) {
		if cerr := c.Close(); err == nil {
			err = cerr
		}
	}
	return err
}

// fail ends the process, by Options.Fatal, because the disk did not keep a promise:
// after a failed fsync nobody can know what is on it.
func (s *Store) fail(err error) {
	if !s.broken.Swap(true) {
		s.o.Fatal(core.Errorf(core.Unavailable, "data directory %s: the disk failed to keep a write: %w", s.dir, err))
	}
}

func errBroken() error {
	return core.Errorf(core.Unavailable, "the data directory's disk has failed; the server must be started again")
}
