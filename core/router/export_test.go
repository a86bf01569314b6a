package router

import (
	"context"
	"time"

	"github.com/petrelhq/petrel/core/store"
)

// Rob takes a running sensor's delivery away behind its feed's back, as a backend does when
// a lease has run out. Nobody gets it before it is pushed again.
func (s *Sources) Rob(ctx context.Context, ref string) error {
	s.mu.Lock()
	f := s.running[ref]
	s.mu.Unlock()
	return s.router.Store.Update(ctx, store.Wait, func(tx *store.Tx) error {
		tx.Retry(f.delivery, time.Hour)
		return nil
	})
}
