package redis

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// lease is this process's one lease.
type lease struct {
	renewing sync.Mutex // one renewal at a time

	mu   sync.Mutex
	id   int64
	lost bool // a new lease has begun, and Beat has not said so
}

func (l *lease) current() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id
}

// begin notes the lease that holds now.
func (l *lease) begin(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = l.lost || (l.id != 0 && l.id != id)
	l.id = id
}

// tellLost reports once that a lease was lost.
func (l *lease) tellLost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	lost := l.lost
	l.lost = false
	return lost
}

// Beat renews the lease. It also finds what dead processes left behind.
func (s *Store) Beat(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if err := s.renew(ctx, s.lease.current()); err != nil {
		return err
	}
	if s.lease.tellLost() {
		return backend.ErrLeaseLost
	}
	return nil
}

// renew renews a lease or begins a new one, unless somebody has done so meanwhile.
func (s *Store) renew(ctx context.Context, old int64) error {
	s.lease.renewing.Lock()
	defer s.lease.renewing.Unlock()
	if s.lease.current() != old {
		return nil
	}
	answer, err := s.run(ctx, beat, old, s.o.LeaseTTL.Microseconds(), slotCount)
	if err != nil {
		return err
	}
	id, ok := answer.(int64)
	if !ok {
		return core.Errorf(core.Internal, "store: Redis gave no lease but %v", answer)
	}
	s.lease.begin(id)
	return nil
}

// endLease gives back all deliveries, some at a time.
func (s *Store) endLease(ctx context.Context) {
	for {
		all, err := s.evaluate(ctx, s.client, leave, s.lease.current())
		if err != nil {
			s.o.Log.Warn("store: could not give the lease back; it ends by itself", "after", s.o.LeaseTTL, "error", err)
		}
		if all != int64(0) {
			return
		}
	}
}

// A ticket is what a Delivery's Lease says: under which lease which delivery it is. A
// place names an item for good, even if its ID is pushed again.
type ticket struct {
	lease   int64
	place   uint64
	attempt int
}

func (t ticket) String() string { return fmt.Sprintf("%x.%x.%x", t.lease, t.place, t.attempt) }

func parseTicket(text string) (t ticket, ok bool) {
	_, err := fmt.Sscanf(strings.ReplaceAll(text, ".", " "), "%x %x %x", &t.lease, &t.place, &t.attempt)
	return t, err == nil
}
