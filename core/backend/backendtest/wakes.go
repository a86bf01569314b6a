package backendtest

import (
	"context"
	"time"
)

var wakes = []promise{
	{"a subscription receives at the start", wakeAtStart},
	{"publish wakes every subscriber of its topic", wakeAll},
	{"wake-ups coalesce", wakeCoalesces},
	{"a subscription is closed with its context", wakeCloses},
}

func (s *subject) subscribe(ctx context.Context, topic string) <-chan struct{} {
	s.Helper()
	ch, err := s.Subscribe(ctx, topic)
	if err != nil {
		s.Fatalf("Subscribe(%s): %v", topic, err)
	}
	return ch
}

func (s *subject) publish(topic string) {
	s.Helper()
	if err := s.Publish(s.ctx, topic); err != nil {
		s.Fatalf("Publish(%s): %v", topic, err)
	}
}

// woken wants a wake-up.
func (s *subject) woken(ch <-chan struct{}) {
	s.Helper()
	select {
	case _, open := <-ch:
		same(s, "subscription open", open, true)
	case <-time.After(patience):
		s.Fatal("no wake-up came")
	}
}

// quiet wants none, but for what a few reconnects bring.
func (s *subject) quiet(ch <-chan struct{}) {
	s.Helper()
	allowed := 0
	if s.reconnects {
		allowed = 3
	}
	for {
		select {
		case _, open := <-ch:
			if allowed--; allowed < 0 || !open {
				s.Fatalf("received (open: %v), want nothing", open)
			}
		case <-time.After(brief):
			return
		}
	}
}

func wakeAtStart(s *subject) {
	ch := s.subscribe(s.ctx, "t")
	s.woken(ch)
	s.quiet(ch)
}

func wakeAll(s *subject) {
	a, b, other := s.subscribe(s.ctx, "t"), s.subscribe(s.ctx, "t"), s.subscribe(s.ctx, "u")
	for _, ch := range []<-chan struct{}{a, b, other} {
		s.woken(ch)
	}
	s.publish("t")
	s.woken(a)
	s.woken(b)
	s.quiet(other)
	s.publish("nobody listens")
}

func wakeCoalesces(s *subject) {
	ch := s.subscribe(s.ctx, "t")
	s.woken(ch)
	for range 100 {
		s.publish("t")
	}
	s.woken(ch)
	s.publish("t")
	s.woken(ch)
}

func wakeCloses(s *subject) {
	ctx, cancel := context.WithCancel(s.ctx)
	ch := s.subscribe(ctx, "t")
	s.woken(ch)
	cancel()
	s.ended(ch)
	s.publish("t")
}
