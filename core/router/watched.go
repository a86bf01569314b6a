package router

import (
	"context"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// EmitWatched raises an event if an enabled rule names its trigger, else nothing. It is
// for events that the system tells of itself.
func (r *Router) EmitWatched(ctx context.Context, tx *store.Tx, e core.Event) error {
	ix, err := r.index.In(ctx, tx)
	if err != nil || !ix.watched[e.Trigger] {
		return err
	}
	_, err = r.Emit(ctx, tx, e)
	return err
}
