package redis

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

const (
	pullEvery = time.Second // how long a Pull relies on wake-ups
	pullBytes = 1 << 20     // how many bytes of bodies a Pull takes, unless a group has more
)

// A puller asks for the work of one queue: one request at a time for the whole process.
type puller struct {
	queue string
	turn  chan struct{} // full while somebody asks or waits
	woken chan struct{}

	// Of whoever has the turn:
	number int64 // of the request, so that a repeat gets what the first one took
	again  bool  // the last request's answer was lost
}

// Pull leases ready items, waiting for some. Beyond the errors of the interface it returns
// ErrFull when Redis is: a lease is written.
func (s *Store) Pull(ctx context.Context, queue string, limit int) ([]backend.Delivery, error) {
	if err := backend.CheckPull(queue, limit); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, backend.ErrClosed
	}
	p := s.puller(queue)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		select {
		case p.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.ctx.Done():
			return nil, backend.ErrClosed
		}
		ds, idle, err := s.ask(ctx, p, limit)
		if err != nil || len(ds) > 0 {
			return ds, err
		}
		err = s.idle(ctx, p, idle)
		<-p.turn
		if err != nil {
			return nil, err
		}
	}
}

func (s *Store) puller(queue string) *puller {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pullers[queue]
	if p == nil {
		p = &puller{queue: queue, turn: make(chan struct{}, 1), woken: make(chan struct{}, 1)}
		s.pullers[queue] = p
		s.wakes.add(s.ctx, s.queueChannel(queue), p.woken)
	}
	return p
}

// idle waits until there may be work; the caller keeps the turn.
func (s *Store) idle(ctx context.Context, p *puller, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.woken:
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ctx.Done():
		return backend.ErrClosed
	}
	return nil
}

// An answer is what a request for work brought.
type answer struct {
	ds   []backend.Delivery
	idle time.Duration // there is nothing to do for so long
	err  error
}

// ask makes a request that outlives ctx: what comes too late goes back. It gives the turn
// away unless there is nothing to do.
func (s *Store) ask(ctx context.Context, p *puller, limit int) ([]backend.Delivery, time.Duration, error) {
	got := make(chan answer)
	go func() {
		a := s.request(p, limit)
		select {
		case got <- a:
		case <-ctx.Done():
			s.takeBack(p, a.ds)
			<-p.turn
		}
	}()
	select {
	case a := <-got:
		if a.err != nil || len(a.ds) > 0 {
			<-p.turn
		}
		return a.ds, a.idle, a.err
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
}

func (s *Store) request(p *puller, limit int) answer {
	if err := s.enter(); err != nil {
		return answer{err: err}
	}
	defer s.leave()
	if !p.again {
		p.number++
	}
	for {
		lease := s.lease.current()
		got, err := s.try(s.ctx, func(before int) (any, error) {
			again := 0
			if p.again || before > 0 {
				again = 1
			}
			p.again = true
			return s.evaluate(s.ctx, s.client, pull, p.queue, limit, lease, p.number, again, s.o.LeaseTTL.Microseconds(), pullBytes)
		})
		if s.ctx.Err() != nil {
			return answer{err: backend.ErrClosed} // and Close gives the lease back
		}
		if err != nil {
			return answer{err: err}
		}
		list, _ := got.([]any)
		if len(list) > 0 && list[0] == int64(pullLeaseLost) {
			if err := s.renew(s.ctx, lease); err != nil {
				return answer{err: err}
			}
			continue
		}
		p.again = false
		return p.read(list, lease)
	}
}

// What pull.lua says instead of a number of microseconds.
const (
	pullNothing   = -1
	pullLeaseLost = -2
)

// read takes the answer of pull.lua apart.
func (p *puller) read(list []any, lease int64) answer {
	if len(list) == 0 {
		return answer{err: core.Errorf(core.Internal, "store: Redis answered nothing to a Pull")}
	}
	a := answer{idle: pullEvery}
	if us, _ := list[0].(int64); us > pullNothing {
		a.idle = min(pullEvery, time.Duration(us)*time.Microsecond)
	}
	for i := 1; i+1 < len(list); i += 2 {
		d := backend.Delivery{Item: backend.Item{Queue: p.queue, ID: textOf(list[i])}}
		if !unpack(textOf(list[i+1]), lease, &d) {
			return answer{err: core.Errorf(core.Internal, "store: item %q of queue %q is damaged", d.ID, p.queue)}
		}
		a.ds = append(a.ds, d)
	}
	return a
}

// unpack reads an item as queues.lua packs it.
func unpack(packed string, lease int64, d *backend.Delivery) bool {
	const place, attempt, group, end = 0, 21, 34, 36
	if len(packed) < end {
		return false
	}
	n := int(binary.BigEndian.Uint16([]byte(packed[group:])))
	if len(packed) < end+n {
		return false
	}
	d.Group, d.Body = unescape(packed[end:end+n]), []byte(packed[end+n:])
	d.Attempt = int(bigEndian(packed[attempt : attempt+3]))
	d.Lease = ticket{lease, bigEndian(packed[place : place+versionBytes]), d.Attempt}.String()
	return true
}

func bigEndian(b string) (n uint64) {
	for i := range len(b) {
		n = n<<8 | uint64(b[i])
	}
	return n
}

// takeBack undoes a Pull that nobody waited for. If that fails the items come back when
// the process leaves: nobody else may have them before.
func (s *Store) takeBack(p *puller, ds []backend.Delivery) {
	if len(ds) == 0 || s.enter() != nil {
		return
	}
	defer s.leave()
	t, _ := parseTicket(ds[0].Lease)
	args := []any{p.queue, t.lease}
	for _, d := range ds {
		t, _ := parseTicket(d.Lease)
		args = append(args, d.ID, t.place, t.attempt)
	}
	if _, err := s.run(s.ctx, unpull, args...); err != nil && s.ctx.Err() == nil {
		s.o.Log.Warn("store: could not give work back that was pulled in vain", "queue", p.queue, "items", len(ds), "error", err)
	}
}
