package datastore

import (
	"context"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Query asks for keys of one scope, in the order of their names.
type Query struct {
	Scope   core.Scope
	User    string                    // whose keys; only in UserScope
	Prefix  string                    // of their names
	Keep    func(*core.KeyValue) bool // nil: all
	Reverse bool
	Offset  int
	Limit   int // 0: all
}

const listPage = 32 // keys read at once: each may hold a MiB

// List returns the keys a query asks for.
func (d *Datastore) List(ctx context.Context, q Query) ([]*core.KeyValue, error) {
	var found []*core.KeyValue
	part := store.Part{Prefix: store.KeyName(q.Scope, q.User, q.Prefix), Reverse: q.Reverse, Limit: listPage}
	now, skip := d.Store.Time(), q.Offset
	for {
		ks, err := d.Store.KeyValues().Under(ctx, part)
		if err != nil || len(ks) == 0 {
			return found, err
		}
		for _, k := range ks {
			part.After = store.KeyName(k.Scope, k.User, k.Name)
			switch {
			case k.Over(now) || q.Keep != nil && !q.Keep(k):
			case skip > 0:
				skip--
			default:
				found = append(found, k)
			}
			if q.Limit > 0 && len(found) == q.Limit {
				return found, nil
			}
		}
	}
}

// sweepBatch is how many keys go in one Apply.
const sweepBatch = 100

// Sweep removes the records of keys whose time is over, in small batches. It raises
// nothing. st2: triggers-rules reference, internal trigger types.
func (d *Datastore) Sweep(ctx context.Context) error {
	for {
		now := d.Store.Time()
		over, err := d.Store.KeyValues().Page(ctx, store.Query{From: 1, To: now + 1, Oldest: true, Limit: sweepBatch})
		if err != nil || len(over) == 0 {
			return err
		}
		err = d.Store.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
			for _, k := range over {
				if err := forget(ctx, tx, store.KeyName(k.Scope, k.User, k.Name), now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// forget removes a key's record unless it was set again meanwhile.
func forget(ctx context.Context, tx *store.Tx, key string, now core.Time) error {
	k, err := tx.KeyValues().Get(ctx, key)
	if core.KindOf(err) == core.NotFound || err == nil && !k.Over(now) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.KeyValues().Delete(ctx, key)
}
