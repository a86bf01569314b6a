package redis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// The first repeat comes at once, since most often only a connection was lost. Then
// pauses double from the first to the longest, less up to a half by chance.
const (
	firstPause   = 10 * time.Millisecond
	longestPause = time.Second
)

// try calls f until it answers, Redis refuses for good, ctx ends or Options.Patience is
// over; then the error is backend.ErrUnavailable. f learns how often it was called before.
func (s *Store) try(ctx context.Context, f func(before int) (any, error)) (any, error) {
	end := time.Now().Add(s.o.Patience)
	for n := 0; ; n++ {
		answer, err := f(n)
		if err == nil || errors.Is(err, goredis.Nil) {
			s.health.up()
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := s.final(err); err != nil {
			return nil, err
		}
		s.health.down(err)
		pause := pauseAfter(n)
		if time.Now().Add(pause).After(end) {
			return nil, s.unavailable(err)
		}
		if err := s.sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

func pauseAfter(n int) time.Duration {
	if n == 0 {
		return 0
	}
	d := min(firstPause<<min(n, 10), longestPause)
	return d - rand.N(d/2)
}

func (s *Store) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ctx.Done():
		return backend.ErrClosed
	}
}

// unavailable is what a caller learns when patience is over: whether an Apply was done is
// not known.
func (s *Store) unavailable(cause error) error {
	return fmt.Errorf("%w: Redis at %s: %w", backend.ErrUnavailable, s.addr, cause)
}

// passing are the replies of a Redis that will answer later, or elsewhere.
var passing = []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "NOREPLICAS", "UNBLOCKED", "max number of clients"}

// final translates what no repeat can change; nil says that a repeat may help.
func (s *Store) final(err error) error {
	var reply goredis.Error
	var settings settingsError
	switch {
	case errors.Is(err, goredis.ErrClosed):
		return backend.ErrClosed
	case errors.As(err, &settings) && !s.opened.Load():
		return core.Errorf(core.Invalid, "%s", settings)
	case !errors.As(err, &reply):
		return nil
	}
	text := strings.TrimPrefix(reply.Error(), "ERR ")
	for _, p := range passing {
		if strings.HasPrefix(text, p) {
			return nil
		}
	}
	switch {
	case strings.Contains(text, "OOM command not allowed"):
		return fmt.Errorf("%w: Redis has reached its maxmemory", backend.ErrFull)
	case strings.HasPrefix(text, "MISCONF"):
		return fmt.Errorf("%w: %s", backend.ErrFull, text)
	case strings.HasPrefix(text, "NOAUTH"), strings.HasPrefix(text, "WRONGPASS"), strings.HasPrefix(text, "NOPERM"):
		return core.Errorf(core.Unavailable, "Redis at %s does not let us in; check user and password of the store's url: %w", s.addr, err)
	}
	return core.Errorf(core.Internal, "store: Redis at %s: %w", s.addr, err)
}

// run runs a script through a lane.
func (s *Store) run(ctx context.Context, sc script, args ...any) (any, error) {
	return s.try(ctx, func(int) (any, error) { return s.calls.do(ctx, sc, args) })
}

// runAlone runs a script whose answer may be long, on a connection of its own.
func (s *Store) runAlone(ctx context.Context, sc script, args ...any) (any, error) {
	return s.try(ctx, func(int) (any, error) { return s.evaluate(ctx, s.client, sc, args...) })
}

func (s *Store) evaluate(ctx context.Context, c goredis.Scripter, sc script, args ...any) (any, error) {
	answer, err := c.EvalSha(ctx, sc.sha, []string{s.tag()}, args...).Result()
	if goredis.HasErrorPrefix(err, "NOSCRIPT") {
		return c.Eval(ctx, sc.source, []string{s.tag()}, args...).Result()
	}
	return answer, err
}
