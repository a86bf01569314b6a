package local

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/petrelhq/petrel/core/backend"
)

// TestGuardsSeeWritesBeforeTheLock changes a document between an Apply's reading and
// its lock.
func TestGuardsSeeWritesBeforeTheLock(t *testing.T) {
	s, err := openFormat(t, filepath.Join(t.TempDir(), "data"), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []backend.Op{backend.Put("c/a", nil), backend.Delete("c/a")} {
		v, err := s.Apply(t.Context(), backend.Relaxed, backend.Put("c/a", nil))
		if err != nil {
			t.Fatal(err)
		}
		ops := []backend.Op{backend.Check("c/a", v)}
		g, err := s.readGuards(ops)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Apply(t.Context(), backend.Relaxed, change); err != nil {
			t.Fatal(err)
		}
		if _, err := s.commit(backend.Relaxed, g, ops); err != backend.ErrConflict {
			t.Errorf("error %v, want a conflict", err)
		}
	}
}

// TestOldGuardsAreReadAgain holds an Apply between its reading and its lock until its
// document is long forgotten among the recent ones.
func TestOldGuardsAreReadAgain(t *testing.T) {
	s, err := openFormat(t, filepath.Join(t.TempDir(), "data"), 1)
	if err != nil {
		t.Fatal(err)
	}
	ops := []backend.Op{backend.Put("c/a", nil).If(0)}
	g, err := s.readGuards(ops)
	if err != nil {
		t.Fatal(err)
	}
	many := []backend.Op{backend.Put("c/a", nil)}
	for i := range maxRecent {
		many = append(many, backend.Put(fmt.Sprintf("c/%d", i), nil))
	}
	for _, next := range [][]backend.Op{many, {backend.Put("c/b", nil)}} {
		if _, err := s.Apply(t.Context(), backend.Relaxed, next...); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.recent.versions) > 1 {
		t.Fatalf("%d recent versions, want the last one only", len(s.recent.versions))
	}
	if _, err := s.commit(backend.Relaxed, g, ops); err != backend.ErrConflict {
		t.Errorf("error %v, want a conflict", err)
	}
}
