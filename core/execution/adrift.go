package execution

import (
	"context"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// live are the statuses in which somebody has to have an execution in hand.
var live = [...]core.Status{
	core.Requested, core.Delayed, core.Scheduled, core.Running, core.Canceling, core.Pausing, core.Resuming,
}

// settled is how old an execution must be to be looked at: what moves right now is
// between two hands for a moment, as seen from outside.
const settled = 5 * time.Second

// Adrift returns the live executions that nobody has in hand: no queue entry, no lease,
// no child that could move them on. There should be none; the sweeper takes up what it
// finds within two minutes.
func Adrift(ctx context.Context, s *store.Store) ([]*core.Execution, error) {
	var found []*core.Execution
	for _, status := range live {
		q := store.Query{
			Where: []store.Is{{Index: store.ByStatus, Value: string(status)}},
			To:    core.At(s.Now().Add(-settled)), Oldest: true, Limit: 500,
		}
		for {
			xs, _, err := s.Executions().List(ctx, q)
			if err != nil || len(xs) == 0 {
				if err != nil {
					return nil, err
				}
				break
			}
			lost, err := notHeld(ctx, s, xs)
			if err != nil {
				return nil, err
			}
			found = append(found, lost...)
			q.After = s.Executions().Mark(xs[len(xs)-1])
		}
	}
	return found, nil
}

func notHeld(ctx context.Context, s *store.Store, xs []*core.Execution) ([]*core.Execution, error) {
	ids := make([]string, len(xs))
	for i, x := range xs {
		ids[i] = x.ID
	}
	held, err := s.Holds(ctx, store.Executions, ids...)
	if err != nil {
		return nil, err
	}
	var lost []*core.Execution
	for i, x := range xs {
		if held[i] {
			continue
		}
		now, err := s.Executions().Get(ctx, x.ID)
		if core.KindOf(err) == core.NotFound || err == nil && now.Status != x.Status {
			continue // it moved meanwhile
		}
		carried := false
		if err == nil && x.Hand == core.InChildren {
			carried, err = byChildren(ctx, s, x)
		}
		if err != nil {
			return nil, err
		}
		if !carried {
			lost = append(lost, x)
		}
	}
	return lost, nil
}

// byChildren reports whether a workflow waits for a child, or for word of one.
func byChildren(ctx context.Context, s *store.Store, x *core.Execution) (bool, error) {
	children, _, err := s.Executions().List(ctx, store.Query{Where: []store.Is{{Index: store.ByParent, Value: x.ID}}})
	if err != nil {
		return false, err
	}
	ids := []string{x.ID + lookAt}
	for _, c := range children {
		if !c.Status.Final() {
			return true, nil
		}
		ids = append(ids, c.ID)
	}
	held, err := s.Holds(ctx, store.Finished, ids...)
	for _, h := range held {
		if h {
			return true, err
		}
	}
	return false, err
}
