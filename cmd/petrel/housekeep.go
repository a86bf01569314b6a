package main

import (
	"context"
	"time"

	"github.com/petrelhq/petrel/core/store"
)

// housekeep trims the change log and removes what has expired: tokens, webhook
// receipts, keys.
func (s *Server) housekeep(ctx context.Context) error {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	var mark store.TrimMark
	for {
		var err error
		if mark, err = s.store.TrimChanges(ctx, mark); err == nil {
			err = s.auth.Sweep(ctx)
		}
		if err == nil {
			err = s.router.ForgetDeliveries(ctx)
		}
		if err == nil {
			err = s.kv.Sweep(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("housekeeping", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
