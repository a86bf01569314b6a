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
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh)
	kept, err := s.First(ctx, name, []byte(hex.EncodeToString(fresh)))
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(string(kept))
}

// First keeps a value under a name unless there is one already, and returns the one that
// is kept: of several servers that start at once, all get that of the first.
func (s *Store) First(ctx context.Context, name string, value []byte) ([]byte, error) {
	key := "secret/" + name
	for {
		es, err := s.b.Get(ctx, key)
		if err != nil {
			return nil, translate(err)
		}
		if es[0].Version != 0 {
			return es[0].Value, nil
		}
		_, err = s.b.Apply(ctx, Wait, backend.Put(key, value).If(0))
		if err != nil && !errors.Is(err, backend.ErrConflict) {
			return nil, translate(err)
		}
	}
}
