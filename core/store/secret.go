package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"

	"github.com/petrelhq/petrel/core/backend"
)

// Secret returns 32 random bytes kept under a name, made at the first call; every server
// on one store gets the same.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	key := "secret/" + name
	for {
		es, err := s.b.Get(ctx, key)
		if err != nil {
			return nil, translate(err)
		}
		if es[0].Version != 0 {
			return hex.DecodeString(string(es[0].Value))
		}
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh)
		_, err = s.b.Apply(ctx, Wait, backend.Put(key, []byte(hex.EncodeToString(fresh))).If(0))
		if err != nil && !errors.Is(err, backend.ErrConflict) {
			return nil, translate(err)
		}
	}
}
