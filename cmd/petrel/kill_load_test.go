package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// ledger is what the clients know: which events were acknowledged. Events have numbers.
// An even number that got no answer is sent again, with the same Idempotency-Key, until
// it gets one; an odd one is left, and may have arrived or not.
type ledger struct {
	mu       sync.Mutex
	next     int
	again    []int
	acked    map[int]bool
	dropped  map[int]bool
	tried    map[int]bool // sent once without an answer
	repeated int          // acknowledged, but not at once
}

func newLedger() *ledger {
	return &ledger{acked: map[int]bool{}, dropped: map[int]bool{}, tried: map[int]bool{}}
}

// take returns the number of the next event to send.
func (l *ledger) take() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.again); n > 0 {
		number := l.again[n-1]
		l.again = l.again[:n-1]
		return number
	}
	l.next++
	return l.next
}

func (l *ledger) acknowledge(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[n] = true
	if l.tried[n] {
		l.repeated++
	}
}

func (l *ledger) unanswered(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tried[n] = true
	if n%2 == 0 {
		l.again = append(l.again, n)
	} else {
		l.dropped[n] = true
	}
}

// sleeping reports whether an event goes to the webhook whose action sleeps.
func sleeping(n int) bool { return n%40 == 0 }

const killClients = 6

// clients send events to one server until it is gone or they are stopped.
type clients struct {
	ledger *ledger
	server *serverProcess
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu    sync.Mutex
	count int
	grown chan struct{} // receives when count has grown
	dead  chan struct{} // closed when all clients have ended
}

func (l *ledger) clients(s *serverProcess) *clients {
	ctx, cancel := context.WithCancel(s.t.Context())
	c := &clients{ledger: l, server: s, cancel: cancel, grown: make(chan struct{}, 1), dead: make(chan struct{})}
	for range killClients {
		c.wg.Go(func() { c.run(ctx) })
	}
	go func() {
		c.wg.Wait()
		close(c.dead)
	}()
	return c
}

// run sends one event after the other.
func (c *clients) run(ctx context.Context) {
	for ctx.Err() == nil {
		n := c.ledger.take()
		if err := c.server.post(n); err != nil {
			c.ledger.unanswered(n)
			return
		}
		c.ledger.acknowledge(n)
		c.mu.Lock()
		c.count++
		c.mu.Unlock()
		select {
		case c.grown <- struct{}{}:
		default:
		}
	}
}

// post sends event number n; nil says that it was acknowledged. Any answer but that is wrong.
func (p *serverProcess) post(n int) error {
	status, err := p.offer(n)
	if err == nil && status != http.StatusAccepted {
		p.t.Errorf("event %d: status %d", n, status)
		return fmt.Errorf("status %d", status)
	}
	return err
}

// offer sends event number n and returns the status it was answered with.
func (p *serverProcess) offer(n int) (int, error) {
	hook := "event"
	if sleeping(n) {
		hook = "sleep"
	}
	status, _, err := p.send(http.MethodPost, "/api/v1/webhooks/"+hook, map[string]int{"number": n},
		map[string]string{"Idempotency-Key": "event-" + strconv.Itoa(n)})
	return status, err
}

func (c *clients) acked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// await returns when so many events were acknowledged.
func (c *clients) await(t *testing.T, n int) {
	deadline := time.After(time.Minute)
	for c.acked() < n {
		select {
		case <-c.grown:
		case <-c.dead:
			if c.acked() < n {
				c.server.fatal("all clients ended after %d events", c.acked())
			}
		case <-deadline:
			t.Fatalf("only %d events acknowledged within a minute, not %d", c.acked(), n)
		}
	}
}

// stop ends the clients; each finishes what it has begun.
func (c *clients) stop() {
	c.cancel()
	<-c.dead
}
