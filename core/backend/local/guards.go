package local

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core/backend"
)

// maxRecent bounds the versions kept in memory.
const maxRecent = 8192

// recent knows the version of every document written since a moment, 0 if it was
// deleted. It lets an Apply read its guards before it takes the lock, when reading may
// touch the disk, and find out under the lock whether what it read still holds.
type recent struct {
	since    uint64 // all documents written after this version are in versions
	versions map[string]uint64
}

// trim forgets everything when there is too much.
func (r *recent) trim(last uint64) {
	if len(r.versions) > maxRecent {
		clear(r.versions)
		r.since = last
	}
}

// guards are the versions of guarded documents as they were read without the lock.
type guards struct {
	at       uint64   // everything up to this version was visible
	versions []uint64 // by index of the op
}

// readGuards reads the documents that ops guard.
func (s *Store) readGuards(ops []backend.Op) (g guards, err error) {
	g.at = s.last.Load()
	for i := range ops {
		if !ops[i].Guarded {
			continue
		}
		if g.versions == nil {
			g.versions = make([]uint64, len(ops))
		}
		if g.versions[i], err = s.readVersion(ops[i].Key); err != nil {
			return g, err
		}
	}
	return g, nil
}

// version returns the version of the document guarded by op i; the caller holds mu.
func (s *Store) version(g guards, i int, key string) (uint64, error) {
	if v, ok := s.recent.versions[key]; ok {
		return v, nil
	}
	if g.at >= s.recent.since {
		return g.versions[i], nil // not written since it was read
	}
	return s.readVersion(key)
}

func (s *Store) readVersion(key string) (uint64, error) {
	stored, c, err := s.db.Get(docKey(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, readError(key, err)
	}
	defer c.Close()
	v, _, err := splitDoc(key, stored)
	return v, err
}
