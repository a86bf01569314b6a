package execution

import (
	"context"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// TakeOne handles one delivery of the queue of executions, as the engine's own loop does,
// for tests that go step by step.
func (e *Engine) TakeOne(ctx context.Context, tx *store.Tx, d store.Delivery) error {
	return e.takeOne(ctx, ctx, tx, d)
}

// GatesBefore returns the gates that an execution has to pass, with their slots.
func (e *Engine) GatesBefore(ctx context.Context, x *core.Execution) (map[string]int, error) {
	ds, err := e.defs.Now(ctx, e.Store)
	if err != nil || ds.policies[x.Action] == nil {
		return nil, err
	}
	slots := map[string]int{}
	for _, l := range ds.policies[x.Action].limits {
		key, err := l.gate(x.Parameters)
		if err != nil {
			return nil, err
		}
		slots[key] = l.slots
	}
	return slots, nil
}
