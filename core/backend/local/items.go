package local

import (
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core/backend"
)

// queue returns the queue of that name; the caller holds mu.
func (s *Store) queue(name string) *queue {
	q := s.queues[name]
	if q == nil {
		q = newQueue(name)
		s.queues[name] = q
	}
	return q
}

// leased returns the entry of a delivery that is still ours, else nil.
func (s *Store) leased(d backend.Delivery) *entry {
	q := s.queues[d.Queue]
	if q == nil {
		return nil
	}
	e := q.items[d.ID]
	if e == nil || e.lease == 0 || e.lease != leaseNumber(d.Lease) {
		return nil
	}
	return e
}

func putState(b *pebble.Batch, q *queue, e *entry) error {
	return b.Set(queueKey(statePrefix, q.name, e.id), state{e.ready, e.attempt}.encode(), nil)
}

// push queues a new item, or brings a waiting one forward.
func (w *writer) push(i *backend.Item) error {
	w.next++
	q := w.queue(i.Queue)
	ready := w.in(i.After)
	defer q.arm(w.now)
	if e := q.items[i.ID]; e != nil {
		if q.hasten(e, ready) {
			return putState(w.b, q, e)
		}
		return nil
	}
	q.add(i.ID, i.Group, ready, w.next)
	record := item{seq: w.next, ready: ready, group: i.Group, body: i.Body}
	return w.b.Set(queueKey(itemPrefix, i.Queue, i.ID), record.encode(), nil)
}

// in is the moment so long from now, or the last there is.
func (w *writer) in(d time.Duration) int64 {
	return w.now + min(int64(max(d, 0)), never-1-w.now)
}

func (w *writer) ack(d backend.Delivery) error {
	q, e := w.queues[d.Queue], w.leased(d)
	q.remove(e)
	q.arm(w.now)
	if err := w.b.Delete(queueKey(itemPrefix, d.Queue, d.ID), nil); err != nil {
		return err
	}
	return w.b.Delete(queueKey(statePrefix, d.Queue, d.ID), nil)
}

func (w *writer) retry(d backend.Delivery, after time.Duration) error {
	q, e := w.queues[d.Queue], w.leased(d)
	q.giveBack(e, w.in(after))
	q.arm(w.now)
	return putState(w.b, q, e)
}

// loadQueues rebuilds the queues from disk. Entries that were leased wait again.
func (s *Store) loadQueues() error {
	err := s.eachRecord(itemPrefix, func(q *queue, id string, stored []byte) bool {
		i, ok := decodeItem(stored)
		if ok {
			q.add(id, i.group, i.ready, i.seq)
		}
		return ok
	})
	if err != nil {
		return err
	}
	err = s.eachRecord(statePrefix, func(q *queue, id string, stored []byte) bool {
		st, ok := decodeState(stored)
		e := q.items[id]
		if ok && e != nil {
			e.attempt = st.attempt
			q.move(e, st.ready)
		}
		return ok && e != nil
	})
	for _, q := range s.queues {
		q.arm(s.o.Now().UnixNano())
	}
	return err
}

// eachRecord calls f with every record under prefix until one is damaged.
func (s *Store) eachRecord(prefix byte, f func(q *queue, id string, stored []byte) bool) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefix}, UpperBound: []byte{prefix + 1}})
	if err != nil {
		return readError("queues", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		stored, err := it.ValueAndErr()
		if err != nil {
			return readError("queues", err)
		}
		name, id, ok := splitQueueKey(it.Key())
		if !ok || !f(s.queue(name), id, stored) {
			return damaged("queue record", string(it.Key()))
		}
	}
	return it.Error()
}
