package redis

import (
	"context"
	"fmt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// What apply.lua answers instead of a version.
const (
	sayConflict     = -1
	sayLeaseLost    = -2
	sayLate         = -3
	sayUnknownLease = -4
	sayLogsChanged  = -5
	sayRefused      = -100 // less the place of the op at fault
)

// slotCount is how many Applies of one process may be under way.
const slotCount = 64

// A slot numbers the Applies that follow each other in it, so that a script knows a repeat.
type slot struct {
	name   int
	number int64
}

func newSlots() chan *slot {
	slots := make(chan *slot, slotCount)
	for n := range slotCount {
		slots <- &slot{name: n + 1}
	}
	return slots
}

// Apply does all ops or none. Both modes return when Redis has answered, which it does
// after its fsync.
func (s *Store) Apply(ctx context.Context, _ backend.Mode, ops ...backend.Op) (backend.Version, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if _, err := backend.CheckOps(ops); err != nil {
		return 0, err
	}
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	select {
	case sl := <-s.slots:
		defer func() { s.slots <- sl }()
		sl.number++
		return s.applyIn(ctx, sl, ops)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// applyIn sends an Apply until its answer is about the ops.
func (s *Store) applyIn(ctx context.Context, sl *slot, ops []backend.Op) (backend.Version, error) {
	for {
		lease := s.lease.current()
		if leaseLost(ops, lease) {
			return 0, backend.ErrLeaseLost
		}
		e := encoder{logs: s.logs.known()}
		if err := e.all(ops); err != nil {
			return 0, err
		}
		answer, repeated, err := s.send(ctx, e.args(lease, sl))
		if err != nil {
			return 0, err
		}
		if repeated && (answer == sayConflict || answer == sayLeaseLost || answer <= sayRefused) {
			if err := s.forbid(ctx, lease, sl); err != nil {
				return 0, err
			}
		}
		if done, err := s.settle(ctx, answer, lease, repeated); done || err != nil {
			return backend.Version(max(answer, 0)), e.explain(answer, err)
		}
	}
}

// forbid sees to it that a copy of a refused Apply which is still on its way does nothing
// when it arrives: it lets the slot go on, so the copy is late.
func (s *Store) forbid(ctx context.Context, lease int64, sl *slot) error {
	for sl.number++; ; {
		answer, _, err := s.send(ctx, []any{lease, sl.name, sl.number, s.logs.known().generation, 1})
		if err != nil || answer != sayLogsChanged { // an unknown lease forbids everything
			return err
		}
		if err := s.learnLogs(ctx); err != nil {
			return err
		}
	}
}

// send sends one Apply, again if its answer is lost.
func (s *Store) send(ctx context.Context, args []any) (answer int64, repeated bool, err error) {
	got, err := s.try(ctx, func(before int) (any, error) {
		repeated = before > 0
		return s.calls.do(ctx, apply, args)
	})
	answer, _ = got.(int64)
	return answer, repeated, err
}

// settle reports whether an answer is about the ops. If not, it removes the reason.
func (s *Store) settle(ctx context.Context, answer, lease int64, repeated bool) (bool, error) {
	switch answer {
	case sayConflict:
		return true, backend.ErrConflict
	case sayLeaseLost:
		return true, backend.ErrLeaseLost
	case sayLogsChanged:
		return false, s.learnLogs(ctx)
	case sayUnknownLease:
		if repeated { // the first try may have been done
			return true, fmt.Errorf("%w: this process was away for too long to know whether its write was done", backend.ErrUnavailable)
		}
		return false, s.renew(ctx, lease)
	case sayLate:
		return true, core.Errorf(core.Internal, "store: a write was sent twice, and its place was taken meanwhile")
	}
	return true, nil
}

// leaseLost reports whether an op is about a delivery of another lease.
func leaseLost(ops []backend.Op, lease int64) bool {
	for i := range ops {
		switch ops[i].Kind {
		case backend.OpAck, backend.OpRetry, backend.OpHold:
			if t, ok := parseTicket(ops[i].Delivery.Lease); !ok || t.lease != lease {
				return true
			}
		}
	}
	return false
}
