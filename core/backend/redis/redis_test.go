package redis_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/backendtest"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

// TestMain finds goroutines that outlive their store. go-redis's search for a server that
// went away looks once a second whether it is still wanted.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// prefixes tell instances on one server apart.
var prefixes atomic.Int64

func newPrefix() string { return fmt.Sprintf("test%d", prefixes.Add(1)) }

func open(t testing.TB, url string, o redis.Options) *redis.Store {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := redis.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// raw is a plain client of a server, for what only a test may do.
func raw(t testing.TB, addr string) *goredis.Client {
	c := goredis.NewClient(&goredis.Options{Addr: addr, Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { c.Close() })
	return c
}

// TestSuite runs the suite on a real Redis.
func TestSuite(t *testing.T) {
	server := redistest.Start(t)
	backendtest.Run(t, instances(server, 0))
}

// TestSuiteWithLostReplies runs it through a proxy that eats replies.
func TestSuiteWithLostReplies(t *testing.T) {
	server := redistest.Start(t)
	backendtest.Run(t, instances(server, 23))
}

// instances opens stores through proxies of their own, so that a crash can cut them off.
func instances(server *redistest.Server, every int) backendtest.Opener {
	return func(t testing.TB) backendtest.Instance {
		prefix := newPrefix()
		client := raw(t, server.Addr)
		proxy := redistest.Between(t, server, every)
		s := open(t, proxy.URL(), redis.Options{Prefix: prefix})
		return backendtest.Instance{Backend: s, Reconnects: true, Reopen: func(t testing.TB) backend.Backend {
			proxy.Cut()
			endLeases(t, client, prefix)
			proxy = redistest.Between(t, server, every)
			return open(t, proxy.URL(), redis.Options{Prefix: prefix})
		}}
	}
}

// endLeases lets time pass for all leases there are.
func endLeases(t testing.TB, c *goredis.Client, prefix string) {
	t.Helper()
	key := "{" + prefix + "}:leases"
	for _, lease := range c.ZRange(context.Background(), key, 0, -1).Val() {
		if err := c.ZAdd(context.Background(), key, goredis.Z{Score: 1, Member: lease}).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func must(t testing.TB, s *redis.Store, ops ...backend.Op) backend.Version {
	t.Helper()
	v, err := s.Apply(t.Context(), backend.Wait, ops...)
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	return v
}

func value(t testing.TB, s *redis.Store, key string) string {
	t.Helper()
	es, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return string(es[0].Value)
}

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

func pull(t testing.TB, s *redis.Store, queue string, ids ...string) []backend.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ds, err := s.Pull(ctx, queue, 100)
	if err != nil {
		t.Fatalf("Pull: %v", err)
	}
	var got []string
	for _, d := range ds {
		got = append(got, d.ID)
	}
	if !slices.Equal(got, ids) {
		t.Fatalf("pulled %v, want %v", got, ids)
	}
	return ds
}

// idle wants nothing to be ready in the queue.
func idle(t testing.TB, s *redis.Store, queue string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if ds, err := s.Pull(ctx, queue, 100); err != context.DeadlineExceeded {
		t.Fatalf("Pull = %v, %v; want nothing to be ready", ds, err)
	}
}

func push(id string) backend.Op { return backend.Push(backend.Item{Queue: "q", ID: id}) }

// eventually asks again and again until f holds.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
