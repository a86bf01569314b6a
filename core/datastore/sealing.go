package datastore

import (
	"context"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// sealing is a secret of nobody. It is sealed like any other, so that a server with
// other keys notices before it seals something that the others cannot open.
var sealing = core.KeyValue{Scope: "petrel", Name: "sealing", Secret: true}

// CheckKeys makes sure that this server can open what the others seal, and warns of keys
// that are missing for older secrets. The error is Invalid and says what to do.
func (d *Datastore) CheckKeys(ctx context.Context) error {
	err := d.Store.Update(ctx, store.Wait, func(tx *store.Tx) error { return d.checkSealing(ctx, tx) })
	if err != nil {
		return err
	}
	used, err := d.Store.KeyValues().Values(ctx, store.BySealer)
	if err != nil {
		return err
	}
	for _, id := range used {
		if d.Keys.Holds(id) {
			continue
		}
		n, err := d.Store.KeyValues().Count(ctx, store.Is{Index: store.BySealer, Value: id})
		if err != nil {
			return err
		}
		d.Log.Warn("the datastore has secrets that this server has no key for; they can be listed and deleted, not decrypted", "key", id, "secrets", n)
	}
	return nil
}

func (d *Datastore) checkSealing(ctx context.Context, tx *store.Tx) error {
	probe := sealing
	old, err := tx.KeyValues().Get(ctx, store.KeyName(probe.Scope, "", probe.Name))
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	if old != nil && old.Sealer == d.Keys.Sealer() {
		return nil
	}
	if old != nil && !d.AcceptLost {
		if _, err := d.Keys.Open(old.Value); err != nil {
			return core.Errorf(core.Invalid, "this server cannot open the secrets in the datastore: %w; if that key is lost for good, set secrets.accept_lost: true for one start; the old secrets stay closed, new ones can be set", err)
		}
	}
	probe.ID, probe.Sealer = core.NewID(tx.Time().Std()), d.Keys.Sealer()
	if probe.Value, err = d.Keys.Seal(probe.Name); err != nil {
		return err
	}
	return tx.KeyValues().Put(ctx, &probe)
}
