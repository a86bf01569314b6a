package local

import (
	"errors"
	"strconv"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// maxCounters bounds the counters kept in memory; beyond it they are read again.
const maxCounters = 4096

// admitDoc checks a guard, and that the document is not a log's entry. An unguarded op
// reads nothing.
func (s *Store) admitDoc(op *backend.Op) error {
	if op.Kind != backend.OpCheck {
		if err := s.refuseLog(op.Key); err != nil {
			return err
		}
	}
	if !op.Guarded {
		return nil
	}
	d, err := s.document(op.Key)
	if err != nil {
		return err
	}
	if d.version != uint64(op.Version) {
		return backend.ErrConflict
	}
	return nil
}

// loadCounter brings a counter into memory, where add needs it.
func (s *Store) loadCounter(key string) error {
	if _, ok := s.counters[key]; ok {
		return nil
	}
	if err := s.refuseLog(key); err != nil {
		return err
	}
	n, err := s.readCounter(key)
	if err == nil {
		s.counters[key] = n
	}
	return err
}

func (s *Store) readCounter(key string) (int64, error) {
	stored, c, err := s.db.Get(docKey(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, readError(key, err)
	}
	defer c.Close()
	_, value, err := splitDoc(key, stored)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return 0, core.FieldErrorf("key", "store: Add needs a counter, and document %q is none; Put or Delete it first", key)
	}
	return n, nil
}

// put writes a document at the Apply's version.
func (w *writer) put(key string, value []byte) error {
	w.note(key, w.version, value)
	return setDoc(w.b, key, w.version, value)
}

// note hides a document until the batch is in Pebble.
func (w *writer) note(key string, version uint64, value []byte) {
	w.cache.hide(key)
	w.notes = append(w.notes, note{key, version, value})
}

// show lets readers see the batch through the cache.
func (w *writer) show() {
	for _, n := range w.notes {
		w.cache.show(n.key, n.version, n.value)
	}
}

func (w *writer) delete(key string) error {
	w.note(key, 0, nil)
	return deleteDoc(w.b, key)
}

// add writes the sum as a plain document; admit has loaded the counter.
func (w *writer) add(key string, n int64) error {
	n += w.counters[key]
	w.counters[key] = n
	return w.put(key, strconv.AppendInt(nil, n, 10))
}

// trimCounters forgets counters when there are too many; between commits nobody needs them.
func (s *Store) trimCounters() {
	if len(s.counters) > maxCounters {
		clear(s.counters)
	}
}
