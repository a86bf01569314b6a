package local

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core/backend"
)

// readGuards brings the documents that ops guard into the cache before the lock is
// taken, when reading may touch the disk.
func (s *Store) readGuards(ops []backend.Op) error {
	for i := range ops {
		if !ops[i].Guarded {
			continue
		}
		if _, err := s.document(ops[i].Key); err != nil {
			return err
		}
	}
	return nil
}

// document returns a document's present state. Under mu it is exact.
func (s *Store) document(key string) (cached, error) {
	if d, ok := s.cache.get(key); ok {
		return d, nil
	}
	return s.bring(key)
}

// bring reads a document from Pebble and keeps it in the cache.
func (s *Store) bring(key string) (d cached, err error) {
	f := s.cache.begin(key)
	defer func() { s.cache.end(f, key, d.version, d.value, err == nil) }()
	stored, c, err := s.db.Get(docKey(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return cached{}, nil
	}
	if err != nil {
		return cached{}, readError(key, err)
	}
	defer c.Close()
	version, value, err := splitDoc(key, stored)
	return cached{version: version, value: append([]byte{}, value...)}, err
}
