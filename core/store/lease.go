package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// beatEvery is how often a process says that it lives. A backend that serves several
// processes gives a lease at least three of these.
const beatEvery = 3 * time.Second

// KeepLease renews this process's one lease until ctx is done. It is the first task to
// start and the last to stop of those that take work. lost is called when the lease was
// lost: others may have taken over whatever this process had in hand.
func (s *Store) KeepLease(ctx context.Context, log *slog.Logger, lost func(error)) error {
	t := time.NewTicker(beatEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := s.b.Beat(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, ErrLeaseLost):
			log.Error("this process's lease is lost: ending what it had in hand", "error", err)
			lost(err)
		default:
			log.Warn("the lease could not be renewed; trying again", "error", err)
		}
	}
}

// Holds reports for each id whether it waits in a queue or is leased to a process that
// lives. The error is Invalid for a backend that cannot tell.
func (s *Store) Holds(ctx context.Context, queue string, ids ...string) ([]bool, error) {
	h, ok := s.b.(counted).Backend.(backend.Holder)
	if !ok {
		return nil, core.Errorf(core.Invalid, "this store cannot say what its queues hold")
	}
	held, err := h.Holds(ctx, queue, ids...)
	return held, translate(err)
}
