// Package redis remembers in Redis, for any number of processes.
//
// Every Apply is one Lua script, which checks everything before its first write. All keys
// of an installation share one hash tag. The layout is told where it is made: names.lua,
// documents.lua, queues.lua and leases.lua in the folder lua.
//
// With `appendfsync always` Redis answers nobody, readers included, before everything it
// has done so far is on disk: whatever an answer shows is durable, and Wait and Relaxed
// are the same. Settings that promise less are refused, unless [Options.AcceptLoss].
//
// Every call is repeated a bounded number of times when its answer is lost. An Apply and
// a Pull carry a number by which the script knows a repeat: it answers as the first did.
package redis

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/petrelhq/petrel/core/backend"
)

// Store is a [backend.Backend] in Redis.
type Store struct {
	o      Options
	addr   string // for messages; without credentials
	client *goredis.Client

	calls  *batcher
	slots  chan *slot
	lease  lease
	logs   logNames
	wakes  *wakes
	health health

	mu      sync.Mutex
	pullers map[string]*puller

	ctx    context.Context // ends with Close
	stop   context.CancelFunc
	opened atomic.Bool
	closed atomic.Bool
	loops  sync.WaitGroup
	life   sync.RWMutex // read-locked by every call; Close locks it for good
}

var _ backend.Backend = (*Store)(nil)

// Open connects to the Redis that url names and begins a lease. See [Options.URL] for its
// forms. Error kinds: Invalid for a bad url, for settings of Redis that lose acknowledged
// data, and for data of a newer format; Unavailable when Redis does not answer.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	logging.Disable() // go-redis has one logger for all; what it would say, our errors say
	s := &Store{o: o.withDefaults(), pullers: map[string]*puller{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if err := s.dial(url); err != nil {
		s.stop()
		return nil, err
	}
	s.slots = newSlots()
	s.calls = newBatcher(s)
	s.wakes = newWakes(s)
	if err := s.renew(ctx, 0); err != nil {
		s.stop()
		_ = s.client.Close()
		return nil, err
	}
	s.opened.Store(true)
	s.loops.Go(s.watch)
	s.loops.Go(s.wakes.run)
	return s, nil
}

// enter admits a call; leave ends it.
func (s *Store) enter() error {
	s.life.RLock()
	if s.closed.Load() {
		s.life.RUnlock()
		return backend.ErrClosed
	}
	return nil
}

func (s *Store) leave() { s.life.RUnlock() }

// farewell is how long Close may take to give the lease back.
const farewell = 2 * time.Second

// Close waits for the calls under way and gives the lease back at once, so that others
// need not wait for its end. Closing twice is no error.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.stop() // ends pulls, subscriptions and the patience of calls
	s.life.Lock()
	defer s.life.Unlock()
	s.loops.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	s.endLease(ctx)
	return s.client.Close()
}
