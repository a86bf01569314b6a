package local

import (
	"context"
	"sync"

	"github.com/petrelhq/petrel/core/backend"
)

// topics are the subscribers' channels by topic. A channel holds one wake-up: more
// before it is read are the same one.
type topics struct {
	mu     sync.Mutex
	subs   map[string]map[*subscriber]struct{}
	closed bool
}

type subscriber struct {
	ch   chan struct{}
	stop func() bool // forgets the context
}

// Publish wakes the subscribers of topic in this process, which is all there are.
func (s *Store) Publish(ctx context.Context, topic string) error {
	t := &s.topics
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return backend.ErrClosed
	}
	for sub := range t.subs[topic] {
		wake(sub.ch)
	}
	return ctx.Err()
}

// Subscribe returns a channel that is closed when ctx is done or the store closes.
func (s *Store) Subscribe(ctx context.Context, topic string) (<-chan struct{}, error) {
	t := &s.topics
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, backend.ErrClosed
	}
	if t.subs == nil {
		t.subs = map[string]map[*subscriber]struct{}{}
	}
	if t.subs[topic] == nil {
		t.subs[topic] = map[*subscriber]struct{}{}
	}
	sub := &subscriber{ch: make(chan struct{}, 1)}
	wake(sub.ch)
	t.subs[topic][sub] = struct{}{}
	sub.stop = context.AfterFunc(ctx, func() { t.remove(topic, sub) })
	return sub.ch, nil
}

func (t *topics) remove(topic string, sub *subscriber) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.subs[topic][sub]; !ok {
		return // the store's close was first
	}
	delete(t.subs[topic], sub)
	if len(t.subs[topic]) == 0 {
		delete(t.subs, topic)
	}
	close(sub.ch)
}

func (t *topics) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, subs := range t.subs {
		for sub := range subs {
			sub.stop()
			close(sub.ch)
		}
	}
	t.subs = nil
}

// wake leaves one token in ch unless there is one already.
func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
