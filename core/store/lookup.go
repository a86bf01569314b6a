package store

import (
	"context"

	"github.com/petrelhq/petrel/core"
)

// IDs returns the keys of the documents a query with at most one condition finds,
// without reading the documents.
func (r Reader[T]) IDs(ctx context.Context, q Query) ([]string, error) {
	w := Is{Index: all}
	if len(q.Where) > 0 {
		w = q.Where[0]
	}
	return r.keys(ctx, &q, w)
}

// Page is List without the count, for going through everything with Query.After: what
// is counted is not counted anew for each page.
func (r Reader[T]) Page(ctx context.Context, q Query) ([]*T, error) {
	if len(q.Where) > 1 {
		vs, _, err := r.intersect(ctx, q, q.Where)
		return vs, err
	}
	keys, err := r.IDs(ctx, q)
	if err != nil {
		return nil, err
	}
	return r.read(ctx, keys)
}

// Many reads documents by key in one round trip, in the order asked. Missing ones are
// left out.
func (r Reader[T]) Many(ctx context.Context, keys []string) ([]*T, error) {
	return r.read(ctx, keys)
}

// OutputChunk returns one chunk of an execution's output. The error is NotFound.
func (s *Store) OutputChunk(ctx context.Context, id string, n int) (Chunk, error) {
	es, err := s.b.Get(ctx, outputKey(id, n))
	if err != nil {
		return Chunk{}, translate(err)
	}
	if es[0].Version == 0 {
		return Chunk{}, core.Errorf(core.NotFound, "output chunk %d of execution %q not found", n, id)
	}
	return decodeChunk(es[0])
}
