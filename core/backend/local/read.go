package local

import (
	"context"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// Get reads documents as of one moment.
func (s *Store) Get(ctx context.Context, keys ...string) ([]backend.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	out := make([]backend.Entry, len(keys))
	if len(keys) == 1 {
		return out, s.readOne(keys[0], &out[0])
	}
	snap := s.db.NewSnapshot() // or a commit in between would show half of itself
	defer snap.Close()
	for i, k := range keys {
		if err := readDoc(snap, k, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// readOne reads a document through the cache.
func (s *Store) readOne(key string, e *backend.Entry) error {
	d, err := s.document(key)
	if err != nil {
		return err
	}
	if d.partial {
		return readDoc(s.db, key, e)
	}
	*e = backend.Entry{Key: key, Version: backend.Version(d.version)}
	if d.version != 0 {
		e.Value = append([]byte{}, d.value...)
	}
	return nil
}

// readDoc fills e with the document named key, or leaves Version 0.
func readDoc(from pebble.Reader, key string, e *backend.Entry) error {
	e.Key = key
	stored, c, err := from.Get(docKey(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return readError(key, err)
	}
	defer c.Close()
	v, value, err := splitDoc(key, stored)
	if err != nil {
		return err
	}
	e.Version, e.Value = backend.Version(v), append([]byte{}, value...)
	return nil
}

func readError(key string, err error) error {
	return core.Errorf(core.Internal, "store: read %q: %w", key, err)
}

// Scan reads a range. Before it reads a log it makes the log's newest entries durable,
// so a follower is never behind and never ahead of a power cut.
func (s *Store) Scan(ctx context.Context, r backend.Range) ([]backend.Entry, error) {
	if err := backend.CheckCollection(r.Collection); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	lower, upper, err := s.bounds(r)
	if err != nil || slices.Compare(lower, upper) >= 0 {
		return nil, err
	}
	it, err := s.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, readError(r.Collection, err)
	}
	out, err := collect(ctx, it, r)
	if cerr := it.Close(); err == nil && cerr != nil {
		err = readError(r.Collection, cerr)
	}
	return out, err
}

// bounds returns the Pebble keys a range lies between, the first included.
func (s *Store) bounds(r backend.Range) (lower, upper []byte, err error) {
	all := string(docPrefix) + r.Collection + "/"
	lower, upper = []byte(all+r.From), prefixEnd(all)
	if r.To != "" {
		upper = []byte(all + r.To)
	}
	if l := s.eventLog(r.Collection); l != nil {
		if err := s.syncTo(l.last.Load()); err != nil {
			return nil, nil, err
		}
		if r.From != "" {
			lower = append(lower, 0)
		}
		if end := []byte(all + logRest(s.synced.Load()+1)); slices.Compare(end, upper) < 0 {
			upper = end
		}
	}
	return lower, upper, nil
}

// collect walks the iterator as the range asks.
func collect(ctx context.Context, it *pebble.Iterator, r backend.Range) ([]backend.Entry, error) {
	first, next := it.First, it.Next
	if r.Reverse {
		first, next = it.Last, it.Prev
	}
	var out []backend.Entry
	for ok := first(); ok && (r.Limit <= 0 || len(out) < r.Limit); ok = next() {
		if len(out)%256 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		e, err := entryAt(it, r.KeysOnly)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, ctx.Err()
}

func entryAt(it *pebble.Iterator, keysOnly bool) (backend.Entry, error) {
	e := backend.Entry{Key: string(it.Key()[1:])}
	stored, err := it.ValueAndErr()
	if err != nil {
		return e, readError(e.Key, err)
	}
	v, value, err := splitDoc(e.Key, stored)
	if err != nil {
		return e, err
	}
	e.Version = backend.Version(v)
	if !keysOnly {
		e.Value = append([]byte{}, value...)
	}
	return e, nil
}
