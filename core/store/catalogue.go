package store

import (
	"context"
	"errors"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// The catalogue is everything that changes by hand and is read for every event: rules,
// triggers, actions, runners. One document carries its version, written with every change
// of a part. Whoever decides by a cached copy gets the copy from a [Cached], which makes
// the commit depend on that version. So a stale copy on any node is a conflict and a
// reload, never a missed rule.
const catalogueKey = "meta/catalogue"

// touch marks the catalogue as changed by this Tx.
func (t *Tx) touch() {
	t.touched = true
	t.put(catalogueKey, []byte("{}"))
}

// CatalogueVersion returns the catalogue's version, from memory when it is known.
func (s *Store) CatalogueVersion(ctx context.Context) (Version, error) {
	s.mu.Lock()
	v, forgotten := s.catalogue, s.forgotten
	s.mu.Unlock()
	if v != 0 {
		return v, nil
	}
	es, err := s.b.Get(ctx, catalogueKey)
	if err != nil {
		return 0, translate(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forgotten == forgotten { // else what was read may be from before the change
		s.catalogue = es[0].Version
	}
	return es[0].Version, nil
}

func (s *Store) forgetCatalogue() {
	s.mu.Lock()
	s.catalogue = 0
	s.forgotten++
	s.mu.Unlock()
}

// stale reports whether fn may have failed only because it saw the catalogue as it was: a
// rule or action that another node has just made is no "not found". fn is then run again.
func (s *Store) stale(ctx context.Context, tx *Tx, cause error) (bool, error) {
	seen, used := tx.checks[catalogueKey]
	if errors.Is(cause, backend.ErrConflict) {
		s.forgetCatalogue()
		return true, nil
	}
	if !used || ctx.Err() != nil {
		return false, nil
	}
	now, err := s.freshCatalogueVersion(ctx)
	return err == nil && now != seen, err
}

// FollowCatalogue notices changes that other nodes make, until ctx is done. Commits do
// not depend on it (see [Cached.In]); what is only read does.
func (s *Store) FollowCatalogue(ctx context.Context) error {
	wakes, err := s.Wakes(ctx, TopicCatalogue)
	if err != nil {
		return err
	}
	for range wakes { // each has made the store forget what it knew
	}
	return nil
}

// Cached is something worked out from the catalogue, made anew after each change of it.
type Cached[T any] struct {
	Load func(ctx context.Context, s *Store) (T, error)

	mu      sync.Mutex
	value   T
	version Version
	loaded  bool
}

// In returns the value for use inside tx, whose commit then depends on its being current.
func (c *Cached[T]) In(ctx context.Context, tx *Tx) (T, error) {
	v, version, err := c.at(ctx, tx.s)
	if err != nil {
		return v, err
	}
	return v, tx.check(catalogueKey, version)
}

// Now returns the value for reading only.
func (c *Cached[T]) Now(ctx context.Context, s *Store) (T, error) {
	v, _, err := c.at(ctx, s)
	return v, err
}

func (c *Cached[T]) at(ctx context.Context, s *Store) (T, Version, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		version, err := s.CatalogueVersion(ctx)
		if err != nil || (c.loaded && c.version == version) {
			return c.value, version, err
		}
		value, err := c.Load(ctx, s)
		if err != nil {
			return value, version, err
		}
		after, err := s.freshCatalogueVersion(ctx)
		if err != nil {
			return value, version, err
		}
		if after == version {
			c.value, c.version, c.loaded = value, version, true
		}
	}
}

func (s *Store) freshCatalogueVersion(ctx context.Context) (Version, error) {
	s.forgetCatalogue()
	return s.CatalogueVersion(ctx)
}

// Defined is a document with the digest of its stored form.
type Defined[T any] struct {
	V      *T
	Digest string
}

// AllDefined reads a small collection whole, with digests.
func (r Reader[T]) AllDefined(ctx context.Context) ([]Defined[T], error) {
	es, err := r.s.b.Scan(ctx, backend.Range{Collection: r.k.name})
	if err != nil {
		return nil, translate(err)
	}
	ds := make([]Defined[T], 0, len(es))
	for _, e := range es {
		v, err := decode[T](r.k.name, e.Key, e.Value)
		if err != nil {
			return nil, err
		}
		ds = append(ds, Defined[T]{v, core.Digest(e.Value)})
	}
	return ds, nil
}

// Definition returns a definition's JSON. The error is NotFound when there is none.
func (s *Store) Definition(ctx context.Context, digest string) ([]byte, error) {
	if raw, ok := s.defined(digest); ok {
		return raw, nil
	}
	es, err := s.b.Get(ctx, "definition/"+digest)
	if err != nil {
		return nil, translate(err)
	}
	if es[0].Version == 0 {
		return nil, notFound("definition", digest)
	}
	s.keepDefinition(digest, es[0].Value)
	return es[0].Value, nil
}

const (
	keepDefinitions = 4096
	largeDefinition = 64 << 10 // bytes; larger ones are not kept in memory
)

// defined returns a definition that is known to be stored.
func (s *Store) defined(digest string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, ok := s.defs[digest]
	return raw, ok
}

func (s *Store) keepDefinition(digest string, raw []byte) {
	if len(raw) > largeDefinition {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.defs) >= keepDefinitions {
		clear(s.defs)
	}
	s.defs[digest] = raw
}
