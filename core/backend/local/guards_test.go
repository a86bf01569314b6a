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
		if err := s.readGuards(ops); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Apply(t.Context(), backend.Relaxed, change); err != nil {
			t.Fatal(err)
		}
		if _, err := s.commit(backend.Relaxed, ops); err != backend.ErrConflict {
			t.Errorf("error %v, want a conflict", err)
		}
	}
}

// TestForgottenGuardsAreReadAgain fills the cache between an Apply's reading and its
// lock, so that its document is out of it again.
func TestForgottenGuardsAreReadAgain(t *testing.T) {
	s, err := openFormat(t, filepath.Join(t.TempDir(), "data"), 1)
	if err != nil {
		t.Fatal(err)
	}
	ops := []backend.Op{backend.Put("c/a", []byte("x")).If(0)}
	if err := s.readGuards(ops); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), backend.Relaxed, backend.Put("c/a", []byte("y"))); err != nil {
		t.Fatal(err)
	}
	big := make([]byte, cacheValue)
	for n := 0; n < 2*cacheBytes/cacheValue; n++ {
		if _, err := s.Apply(t.Context(), backend.Relaxed, backend.Put(fmt.Sprintf("c/%d", n), big)); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := s.cache.get("c/a"); ok {
		t.Fatal("the cache still has the document")
	}
	if _, err := s.commit(backend.Relaxed, ops); err != backend.ErrConflict {
		t.Errorf("error %v, want a conflict", err)
	}
}

// TestReadersNeverBringBackThePast writes a document while a reader is on the way from
// Pebble with what was there before.
func TestReadersNeverBringBackThePast(t *testing.T) {
	c := newCache()
	first, second := c.begin("c/a"), c.begin("c/a")
	c.hide("c/a")
	c.end(first, "c/a", 3, []byte("old"), true)
	hidden := c.begin("c/a") // what Pebble gives now may be either
	if _, ok := c.get("c/a"); ok {
		t.Error("the cache shows what Pebble may not show yet")
	}
	c.show("c/a", 7, []byte("new"))
	after := c.begin("c/a") // by one who looked before the show
	c.end(second, "c/a", 3, []byte("old"), true)
	c.end(hidden, "c/a", 3, []byte("old"), true)
	if d, _ := c.get("c/a"); d.version != 7 || string(d.value) != "new" {
		t.Errorf("the cache has version %d, %q", d.version, d.value)
	}
	c.end(after, "c/a", 7, []byte("new"), true)
	if d, _ := c.get("c/a"); d.version != 7 || string(d.value) != "new" {
		t.Errorf("the cache has version %d, %q", d.version, d.value)
	}
	c.hide("c/a")
	c.show("c/a", 8, nil) // as an index entry: not kept
	if _, ok := c.get("c/a"); ok || c.size != 0 || len(c.fills) != 0 {
		t.Errorf("left behind: found %v, %d bytes, %d fills", ok, c.size, len(c.fills))
	}
}
