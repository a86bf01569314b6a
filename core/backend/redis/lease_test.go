package redis_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

// TestSilentProcessLosesItsLease: its work goes to another, once, and it learns so.
func TestSilentProcessLosesItsLease(t *testing.T) {
	t.Parallel()
	server, o := redistest.Start(t), redis.Options{LeaseTTL: time.Second}
	silent, alive := open(t, server.URL(), o), open(t, server.URL(), o)
	must(t, alive, push("1"), push("2"), push("delayed"))
	held := pull(t, silent, "q", "1", "2", "delayed")
	must(t, silent, backend.Ack(held[0]), backend.Retry(held[2], time.Hour))
	stop := beating(t, alive)
	defer stop()
	taken := pull(t, alive, "q", "2")
	if taken[0].Attempt != 2 {
		t.Errorf("attempt %d, want 2", taken[0].Attempt)
	}
	if _, err := silent.Apply(t.Context(), backend.Wait, backend.Ack(held[1]), backend.Put("c/stale", nil)); err != backend.ErrLeaseLost {
		t.Errorf("Ack under a lost lease: %v", err)
	}
	if err := silent.Beat(t.Context()); err != backend.ErrLeaseLost {
		t.Errorf("first Beat: %v, want ErrLeaseLost", err)
	}
	if err := silent.Beat(t.Context()); err != nil {
		t.Errorf("second Beat: %v", err)
	}
	must(t, alive, backend.Hold(taken[0]), backend.Check("c/stale", 0))
	must(t, silent, push("3"))
	stopSilent := beating(t, silent)
	defer stopSilent()
	must(t, silent, backend.Ack(pull(t, silent, "q", "3")[0])) // it works on, under a new lease
}

// TestPullLearnsOfALostLease: the next Beat says so all the same.
func TestPullLearnsOfALostLease(t *testing.T) {
	t.Parallel()
	server, o := redistest.Start(t), redis.Options{LeaseTTL: time.Second}
	silent, alive := open(t, server.URL(), o), open(t, server.URL(), o)
	must(t, alive, push("1"))
	pull(t, silent, "q", "1")
	stop := beating(t, alive)
	pull(t, alive, "q", "1")
	stop()
	must(t, alive, push("2"))
	d := pull(t, silent, "q", "2")[0]
	if err := silent.Beat(t.Context()); err != backend.ErrLeaseLost {
		t.Errorf("Beat: %v, want ErrLeaseLost", err)
	}
	must(t, silent, backend.Hold(d)) // of the new lease
	if err := silent.Beat(t.Context()); err != nil {
		t.Errorf("second Beat: %v", err)
	}
}

// beating renews a lease until it is told to stop.
func beating(t *testing.T, s *redis.Store) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if err := s.Beat(t.Context()); err != nil && !errors.Is(err, backend.ErrLeaseLost) && t.Context().Err() == nil {
				t.Errorf("Beat: %v", err)
			}
		}
	}()
	return func() { close(done); <-ended }
}

// TestCloseGivesTheLeaseBack at once.
func TestCloseGivesTheLeaseBack(t *testing.T) {
	t.Parallel()
	server, o := redistest.Start(t), redis.Options{LeaseTTL: time.Hour}
	a, b := open(t, server.URL(), o), open(t, server.URL(), o)
	must(t, a, push("1"), backend.Push(backend.Item{Queue: "q", ID: "2", Group: "g"}))
	pull(t, a, "q", "1", "2")
	must(t, a, backend.Push(backend.Item{Queue: "q", ID: "3", Group: "g"}))
	idle(t, b, "q")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	pull(t, b, "q", "1", "2", "3")
}

// TestNobodyLosesALeaseWhileRedisIsAway: nobody could have renewed it.
func TestNobodyLosesALeaseWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	const ttl = time.Second
	server := redistest.Start(t)
	a, b := open(t, server.URL(), redis.Options{LeaseTTL: ttl}), open(t, server.URL(), redis.Options{LeaseTTL: ttl})
	must(t, a, push("1"), push("2"))
	for what, away := range map[string]func(){
		"paused":    func() { server.Pause(); <-time.After(2 * ttl); server.Resume() }, // longer than a lease: that is the fault
		"restarted": func() { server.Kill(); <-time.After(2 * ttl); server.Restart() },
	} {
		if err := a.Beat(t.Context()); err != nil {
			t.Fatalf("Beat before Redis is %s: %v", what, err)
		}
		must(t, b, push(what))
		held := pull(t, a, "q", map[string][]string{"paused": {"1", "2", "paused"}, "restarted": {"1", "2", "restarted"}}[what]...)
		away()
		if err := b.Beat(t.Context()); err != nil {
			t.Fatalf("Beat of another after Redis was %s: %v", what, err)
		}
		idle(t, b, "q")
		must(t, a, backend.Ack(held[2]), backend.Retry(held[0], 0), backend.Retry(held[1], 0))
	}
}

// TestAHalfReclaimedLeaseIsLost: of a process that holds more than one script gives back.
func TestAHalfReclaimedLeaseIsLost(t *testing.T) {
	t.Parallel()
	const n = 1500
	server, o := redistest.Start(t), redis.Options{LeaseTTL: time.Second}
	silent, alive := open(t, server.URL(), o), open(t, server.URL(), o)
	var ops []backend.Op
	for i := range n {
		ops = append(ops, push(fmt.Sprint(i)))
	}
	must(t, alive, ops...)
	ds, err := silent.Pull(t.Context(), "q", n)
	if err != nil || len(ds) != n {
		t.Fatalf("pulled %d, %v", len(ds), err)
	}
	c := raw(t, server.Addr)
	leases := c.ZRange(t.Context(), "{petrel}:leases", 0, -1).Val()
	c.ZAdd(t.Context(), "{petrel}:leases", goredis.Z{Score: 1, Member: leases[0]}) // its time is over
	err = silent.Beat(t.Context())
	lost := 0
	for _, d := range ds {
		if _, err := silent.Apply(t.Context(), backend.Wait, backend.Hold(d)); err == backend.ErrLeaseLost {
			lost++
		}
	}
	if lost > 0 && err != backend.ErrLeaseLost {
		t.Errorf("Beat: %v, and %d of %d deliveries are gone", err, lost, n)
	}
}
