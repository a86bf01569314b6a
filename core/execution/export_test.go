package execution

import (
	"context"

	"github.com/petrelhq/petrel/core/store"
)

// TakeOne handles one delivery of the queue of executions, as the engine's own loop does,
// for tests that go step by step.
func (e *Engine) TakeOne(ctx context.Context, tx *store.Tx, d store.Delivery) error {
	return e.takeOne(ctx, ctx, tx, d)
}
