package local

import (
	"maps"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// An eventLog is what memory knows of a log. Its entries are stored as documents of a
// collection; its name is stored too, so that a Scan knows a log from a collection.
type eventLog struct {
	last    atomic.Uint64 // the newest entry, or everything at the open
	trimmed uint64        // forgotten up to and including; guarded by Store.mu
}

// eventLog returns the log of that name, nil if the collection is none.
func (s *Store) eventLog(name string) *eventLog { return (*s.logs.Load())[name] }

// loadLogs learns the names of logs at the open.
func (s *Store) loadLogs() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte(metaLogs), UpperBound: prefixEnd(metaLogs)})
	if err != nil {
		return readError(metaLogs, err)
	}
	defer it.Close()
	logs := map[string]*eventLog{}
	for ok := it.First(); ok; ok = it.Next() {
		logs[strings.TrimPrefix(string(it.Key()), metaLogs)] = &eventLog{}
	}
	s.logs.Store(&logs)
	return it.Error()
}

// refuseLog keeps documents out of logs: a Scan could not tell them apart.
func (s *Store) refuseLog(key string) error {
	if logs := *s.logs.Load(); len(logs) > 0 && logs[backend.Collection(key)] != nil {
		return core.FieldErrorf("key", "store: %q is a log and %q would be a document in it; use another collection", backend.Collection(key), key)
	}
	return nil
}

// admitAppend makes sure that a new log is not a collection of documents.
func (s *Store) admitAppend(name string) error {
	if s.eventLog(name) != nil {
		return nil
	}
	all := string(docPrefix) + name + "/"
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte(all), UpperBound: prefixEnd(all)})
	if err != nil {
		return readError(name, err)
	}
	defer it.Close()
	if it.First() {
		return core.FieldErrorf("collection", "store: %q holds documents and cannot be a log as well; append to another name", name)
	}
	return it.Error()
}

func (w *writer) append(name string, value []byte) error {
	l := w.eventLog(name)
	if l == nil {
		l = w.newLog(name)
		if err := w.b.Set([]byte(metaLogs+name), nil, nil); err != nil {
			return err
		}
	}
	w.next++
	l.last.Store(w.next)
	return setDoc(w.b, name+"/"+logRest(w.next), w.next, value)
}

// newLog publishes a copy of the map, since Scans read it without the lock.
func (s *Store) newLog(name string) *eventLog {
	logs := maps.Clone(*s.logs.Load())
	l := &eventLog{}
	logs[name] = l
	s.logs.Store(&logs)
	return l
}

// trim forgets entries with one range tombstone that begins where the last one ended,
// so tombstones never lie on top of each other.
func (w *writer) trim(name string, upTo uint64) error {
	l := w.eventLog(name)
	if l == nil {
		return nil
	}
	if upTo = min(upTo, w.last.Load()); upTo <= l.trimmed {
		return nil
	}
	all := string(docPrefix) + name + "/"
	from := []byte(all + logRest(l.trimmed+1))
	l.trimmed = upTo
	return w.b.DeleteRange(from, []byte(all+logRest(upTo+1)), nil)
}
