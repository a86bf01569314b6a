package store_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

func TestArchives(t *testing.T) {
	s, ctx := open(t), t.Context()
	content := bytes.Repeat([]byte("0123456789abcdef"), store.ArchivePart/8+77)
	for _, digest := range []string{"a", "ab"} {
		for n, rest := 0, content; len(rest) > 0; n++ {
			part := rest[:min(len(rest), store.ArchivePart)]
			rest = rest[len(part):]
			must(t, s.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
				a, err := tx.Archives().Get(ctx, digest)
				if core.KindOf(err) == core.NotFound {
					a, err = &store.Archive{Digest: digest}, nil
				}
				if err != nil {
					return err
				}
				tx.PutArchivePart(a, n, part)
				return tx.Archives().Put(ctx, a)
			}))
		}
	}
	read := func(digest string) []byte {
		t.Helper()
		got, err := io.ReadAll(s.OpenArchive(ctx, digest))
		must(t, err)
		return got
	}
	if a, err := s.Archives().Get(ctx, "a"); err != nil || a.Parts != 3 || !bytes.Equal(read("a"), content) {
		t.Errorf("%+v %v, %d of %d bytes", a, err, len(read("a")), len(content))
	}
	must(t, s.Update(ctx, store.Wait, func(tx *store.Tx) error { return tx.DropArchive(ctx, "a") }))
	if _, err := s.Archives().Get(ctx, "a"); core.KindOf(err) != core.NotFound || len(read("a")) != 0 {
		t.Errorf("after it was dropped: %v, %d bytes", err, len(read("a")))
	}
	if !bytes.Equal(read("ab"), content) {
		t.Error("another archive lost bytes with it")
	}
}

// TestStaleCatalogueIsAConflict: also for a Tx that changes the catalogue itself.
func TestStaleCatalogueIsAConflict(t *testing.T) {
	s, ctx := open(t), t.Context()
	packs := store.Cached[int]{Load: func(ctx context.Context, s *store.Store) (int, error) {
		all, err := s.Packs().All(ctx)
		return len(all), err
	}}
	add := func(tx *store.Tx, ref string) error { return tx.Packs().Put(ctx, &core.Pack{Ref: ref}) }
	var seen []int
	must(t, s.Update(ctx, store.Wait, func(tx *store.Tx) error {
		n, err := packs.In(ctx, tx)
		if err != nil {
			return err
		}
		if seen = append(seen, n); len(seen) == 1 {
			must(t, s.Update(ctx, store.Wait, func(other *store.Tx) error { return add(other, "other") }))
		}
		return add(tx, "mine")
	}))
	if len(seen) != 2 || seen[0] != 0 || seen[1] != 1 {
		t.Errorf("it saw %v packs", seen)
	}
}
