package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

// TestKillsLoseNothing kills Redis under load, again and again: what was acknowledged is
// there, and what was repeated was done once.
func TestKillsLoseNothing(t *testing.T) {
	t.Parallel()
	const writers, kills, each = 6, 4, 60
	server := redistest.Start(t)
	s := open(t, server.URL(), redis.Options{Patience: patience})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range kills * each {
				key := fmt.Sprintf("c/%d.%d", w, i)
				_, err := s.Apply(t.Context(), backend.Wait, backend.Put(key, []byte(key)).If(0), backend.Add("n/all", 1),
					backend.Append("log", []byte(key)), backend.Push(backend.Item{Queue: "q", ID: key}))
				if err != nil {
					t.Errorf("%s: %v", key, err)
				}
			}
		})
	}
	for k := range kills {
		eventually(t, "progress", func() bool { n, _ := strconv.Atoi(value(t, s, "n/all")); return n > k*each })
		server.Kill()
		server.Restart()
	}
	wg.Wait()
	const all = writers * kills * each
	if n := value(t, s, "n/all"); n != strconv.Itoa(all) {
		t.Errorf("counted %s, want %d", n, all)
	}
	for _, collection := range []string{"c", "log"} {
		es, err := s.Scan(t.Context(), backend.Range{Collection: collection, KeysOnly: true})
		if err != nil || len(es) != all {
			t.Errorf("%d entries of %s, want %d: %v", len(es), collection, all, err)
		}
	}
	for n := 0; n < all; {
		ds, err := s.Pull(t.Context(), "q", all)
		if err != nil {
			t.Fatal(err)
		}
		n += len(ds)
	}
	idle(t, s, "q")
}

// TestRestartBeginsAnEpoch: no version of before comes again, scripts are loaded again and
// subscribers are woken.
func TestRestartBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL(), redis.Options{})
	woken, err := s.Subscribe(t.Context(), "topic")
	if err != nil {
		t.Fatal(err)
	}
	<-woken
	before := must(t, s, backend.Put("c/a", nil))
	server.Kill()
	server.Restart()
	if v := must(t, s, backend.Put("c/a", nil)); v < before+1<<32 {
		t.Errorf("version %d after %d: no epoch has begun", v, before)
	}
	select {
	case <-woken:
	case <-time.After(patience):
		t.Error("the subscription did not fire after the reconnect")
	}
	if err := s.Publish(t.Context(), "topic"); err != nil {
		t.Fatal(err)
	}
	<-woken
}

func TestFlushedScriptsAreLoadedAgain(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL(), redis.Options{})
	must(t, s, backend.Put("c/a", []byte("1")))
	if err := raw(t, server.Addr).ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	must(t, s, backend.Put("c/a", []byte("2")))
	if got := value(t, s, "c/a"); got != "2" {
		t.Errorf("read %q", got)
	}
}

// TestAway: calls end with ErrUnavailable after their patience, Health says why, and both
// heal by themselves.
func TestAway(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL(), redis.Options{Patience: 300 * time.Millisecond})
	patient := open(t, server.URL(), redis.Options{Patience: patience})
	must(t, s, push("1"))
	if err := s.Health(); err != nil {
		t.Errorf("Health: %v", err)
	}
	server.Kill()
	for what, call := range map[string]func(context.Context) error{
		"Apply":   func(ctx context.Context) error { _, err := s.Apply(ctx, backend.Wait, push("2")); return err },
		"Get":     func(ctx context.Context) error { _, err := s.Get(ctx, "c/a"); return err },
		"Scan":    func(ctx context.Context) error { _, err := s.Scan(ctx, backend.Range{Collection: "c"}); return err },
		"Pull":    func(ctx context.Context) error { _, err := s.Pull(ctx, "q", 1); return err },
		"Beat":    s.Beat,
		"Publish": func(ctx context.Context) error { return s.Publish(ctx, "topic") },
	} {
		if err := call(t.Context()); !errors.Is(err, backend.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", what, err)
		}
	}
	if err := s.Health(); core.KindOf(err) != core.Unavailable || !strings.Contains(err.Error(), server.Addr) {
		t.Errorf("Health: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := patient.Get(ctx, "c/a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get with a short deadline: %v", err)
	}
	server.Restart()
	eventually(t, "health", func() bool { return s.Health() == nil })
	pull(t, s, "q", "1")
}

// TestHalfOpenConnection: a Redis that keeps its connections and says nothing is noticed
// within 15 s.
func TestHalfOpenConnection(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL(), redis.Options{})
	must(t, s, backend.Put("c/a", nil))
	server.Pause()
	start := time.Now()
	eventually(t, "noticed", func() bool { return s.Health() != nil })
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("noticed after %v", took)
	}
	server.Resume()
	must(t, s, backend.Put("c/a", nil))
	eventually(t, "health", func() bool { return s.Health() == nil })
}

// TestFull: a Redis at its maxmemory refuses writes, stays readable and heals.
func TestFull(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--maxmemory", "6mb")
	s := open(t, server.URL(), redis.Options{})
	must(t, s, push("1"), push("2"), backend.Put("c/a", []byte("1")))
	d := pull(t, s, "q", "1", "2")[0]
	must(t, s, push("3"))
	var stored []string
	for _, size := range []int{256 << 10, 4 << 10, 1} { // each needs more than its size
		for {
			key := fmt.Sprintf("chunk/%d", len(stored))
			_, err := s.Apply(t.Context(), backend.Wait, backend.Put(key, make([]byte, size)))
			if errors.Is(err, backend.ErrFull) {
				break
			}
			if err != nil {
				t.Fatalf("Apply to a full Redis: %v, want ErrFull", err)
			}
			stored = append(stored, key)
		}
	}
	// What Redis needs for itself comes and goes, and there may be room again.
	if err := raw(t, server.Addr).ConfigSet(t.Context(), "maxmemory", "4mb").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pull(t.Context(), "q", 1); !errors.Is(err, backend.ErrFull) {
		t.Errorf("Pull from a full Redis: %v, want ErrFull", err)
	}
	if got := value(t, s, "c/a"); got != "1" {
		t.Errorf("read %q from a full Redis", got)
	}
	must(t, s, backend.Check("chunk/none", 0), backend.Hold(d))
	for _, key := range stored {
		must(t, s, backend.Delete(key))
	}
	must(t, s, backend.Put("c/a", []byte("2")), backend.Ack(d))
	pull(t, s, "q", "3")
}
