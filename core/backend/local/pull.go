package local

import (
	"context"

	"github.com/petrelhq/petrel/core/backend"
)

// Pull leases ready items, waiting for some. Beyond the errors of the interface it
// returns ErrFull when the disk is: a lease is written, and work taken on a full disk
// could not be finished.
func (s *Store) Pull(ctx context.Context, name string, limit int) ([]backend.Delivery, error) {
	if err := backend.CheckPull(name, limit); err != nil {
		return nil, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out, woken, err := s.tryPull(name, limit)
		if err != nil || len(out) > 0 {
			return out, err
		}
		select {
		case <-woken:
			if ctx.Err() != nil {
				wake(woken) // the token is someone else's
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.done:
			return nil, backend.ErrClosed
		}
	}
}

func (s *Store) tryPull(name string, limit int) ([]backend.Delivery, chan struct{}, error) {
	if err := s.enter(); err != nil {
		return nil, nil, err
	}
	defer s.leave()
	q, taken, err := s.lease(name, limit)
	if err != nil || len(taken) == 0 {
		return nil, q.woken, err
	}
	out := make([]backend.Delivery, len(taken))
	for i, e := range taken {
		if err := s.deliver(name, e, &out[i]); err != nil {
			s.unlease(q, taken)
			return nil, nil, err
		}
	}
	return out, nil, nil
}

// lease takes ready entries and counts the attempt on disk, Relaxed.
func (s *Store) lease(name string, limit int) (*queue, []*entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue(name)
	now := s.o.Now().UnixNano()
	q.armed = never // the timer may have rung, and too early for this clock
	defer q.arm(now)
	if e := q.heads.first(); e != nil && e.ready <= now && !s.room() {
		return q, nil, backend.ErrFull
	}
	taken := q.take(limit, now)
	if len(taken) == 0 {
		return q, nil, nil
	}
	b := s.db.NewBatch()
	for _, e := range taken {
		s.leases++
		e.lease = s.leases
		e.attempt++
		if err := putState(b, q, e); err != nil {
			return q, nil, err
		}
	}
	return q, taken, s.writeRelaxed(b, s.last.Load()+1)
}

// unlease gives back entries that could not be read.
func (s *Store) unlease(q *queue, taken []*entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range taken {
		q.giveBack(e, e.ready)
	}
}

// deliver reads the body of a leased entry, which nobody else can change or remove.
func (s *Store) deliver(name string, e *entry, d *backend.Delivery) error {
	stored, c, err := s.db.Get(queueKey(itemPrefix, name, e.id))
	if err != nil {
		return readError(name+" "+e.id, err)
	}
	defer c.Close()
	i, ok := decodeItem(stored)
	if !ok {
		return damaged("item", e.id)
	}
	d.Queue, d.ID, d.Group = name, e.id, i.group
	d.Body = append([]byte{}, i.body...)
	d.Attempt, d.Lease = int(e.attempt), leaseText(e.lease)
	return nil
}

// Holds reports which ids wait in a queue or are leased. Only this process has leases.
func (s *Store) Holds(_ context.Context, queue string, ids ...string) ([]bool, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue(queue)
	held := make([]bool, len(ids))
	for i, id := range ids {
		_, held[i] = q.items[id]
	}
	return held, nil
}
