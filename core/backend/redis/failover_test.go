package redis_test

import (
	"context"
	"testing"

	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

// TestAFailoverThatForgotALease: a replica takes over that had not heard of the newest
// lease. The number is not given out again, or two processes would share it, and with it
// the places by which a script knows a repeat.
func TestAFailoverThatForgotALease(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	c, ctx := raw(t, server.Addr), context.Background()
	first := open(t, server.URL(), redis.Options{})
	must(t, first, backend.Put("c/before", []byte("1")))
	meta := c.HGetAll(ctx, "{petrel}:meta").Val() // what the replica has heard
	a := open(t, server.URL(), redis.Options{})
	// The replica takes over: as it was then, with a run_id of its own.
	c.Del(ctx, "{petrel}:meta")
	c.HSet(ctx, "{petrel}:meta", meta)
	c.HSet(ctx, "{petrel}:meta", "run", "the old primary's")
	c.ZRemRangeByRank(ctx, "{petrel}:leases", 1, -1)
	c.Do(ctx, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	b := open(t, server.URL(), redis.Options{})
	must(t, b, backend.Put("c/of-b", []byte("1")))
	must(t, a, backend.Put("c/of-a", []byte("1")))
	if got := value(t, a, "c/of-a"); got != "1" {
		t.Errorf("a's acknowledged write reads %q: it was taken for a repeat of b's", got)
	}
	if err := a.Beat(ctx); err != backend.ErrLeaseLost {
		t.Errorf("a's Beat: %v, want ErrLeaseLost", err)
	}
}
