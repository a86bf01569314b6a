package local

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

func openFormat(t *testing.T, dir string, format int, ms ...migration) (*Store, error) {
	t.Helper()
	s, err := Open(dir, Options{format: format, migrations: ms, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

// stored makes a store of format 1 with one document and closes it.
func stored(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	s, err := openFormat(t, dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), backend.Wait, backend.Put("c/a", []byte("one"))); err != nil {
		t.Fatal(err)
	}
	s.Close()
	return dir
}

// rewrite is a migration that sets the document.
func rewrite(text string) migration {
	return func(db *pebble.DB) error {
		b := db.NewBatch()
		if err := setDoc(b, "c/a", 1, []byte(text)); err != nil {
			return err
		}
		return b.Commit(pebble.NoSync)
	}
}

func document(t *testing.T, s *Store) string {
	t.Helper()
	es, err := s.Get(t.Context(), "c/a")
	if err != nil {
		t.Fatal(err)
	}
	return string(es[0].Value)
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir := stored(t)
	if s, err := openFormat(t, dir, 3, rewrite("two"), rewrite("three")); err != nil {
		t.Fatal(err)
	} else {
		s.Close()
	}
	_, err := openFormat(t, dir, 1)
	if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "format 3") || !strings.Contains(err.Error(), "up to 1") {
		t.Fatalf("error %v", err)
	}
}

func TestOlderFormatIsMigratedAfterABackup(t *testing.T) {
	dir := stored(t)
	s, err := openFormat(t, dir, 3, rewrite("two"), rewrite("three"))
	if err != nil {
		t.Fatal(err)
	}
	if got := document(t, s); got != "three" {
		t.Errorf("migrated document is %q", got)
	}
	old, err := openFormat(t, dir+".before-format-3", 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := document(t, old); got != "one" {
		t.Errorf("document in the backup is %q", got)
	}
}

func TestFailedMigrationKeepsTheFirstBackup(t *testing.T) {
	dir := stored(t)
	broken := errors.New("cannot")
	halfway := func(db *pebble.DB) error { return errors.Join(rewrite("half")(db), broken) }
	if _, err := openFormat(t, dir, 2, halfway); !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	s, err := openFormat(t, dir, 2, func(*pebble.DB) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := document(t, s); got != "half" {
		t.Errorf("document is %q", got)
	}
	old, err := openFormat(t, dir+".before-format-2", 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := document(t, old); got != "one" {
		t.Errorf("document in the backup is %q", got)
	}
}

func TestHalfABackupIsMadeAgain(t *testing.T) {
	dir := stored(t)
	half := dir + ".before-format-2"
	if err := os.MkdirAll(filepath.Join(half, "junk"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openFormat(t, dir, 2, rewrite("two")); err != nil {
		t.Fatal(err)
	}
	if old, err := openFormat(t, half, 1); err != nil || document(t, old) != "one" {
		t.Errorf("backup: %v", err)
	}
}

func TestMissingOrDamagedFormatIsRefused(t *testing.T) {
	dir := stored(t)
	file := filepath.Join(dir, formatFile)
	for text, word := range map[string]string{"": "should be a number", "x\n": "should be a number", "-1": "should be a number"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openFormat(t, dir, 1); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: error %v", text, err)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := openFormat(t, dir, 1); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "no FORMAT file") {
		t.Errorf("missing: error %v", err)
	}
}

func TestUnknownWayIsRefused(t *testing.T) {
	dir := stored(t)
	if _, err := openFormat(t, dir, 3, rewrite("two")); core.KindOf(err) != core.Invalid {
		t.Errorf("error %v", err)
	}
}

// TestDamagedRecordsAreErrors writes what no Apply writes, and reads it.
func TestDamagedRecordsAreErrors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s, err := openFormat(t, dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Set(docKey("c/a"), []byte("short"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, getErr := s.Get(ctx, "c/a")
	_, scanErr := s.Scan(ctx, backend.Range{Collection: "c"})
	_, checkErr := s.Apply(ctx, backend.Wait, backend.Check("c/a", 1))
	_, addErr := s.Apply(ctx, backend.Wait, backend.Add("c/a", 1))
	for _, err := range []error{getErr, scanErr, checkErr, addErr} {
		if err == nil || !strings.Contains(err.Error(), `"c/a" is damaged`) {
			t.Errorf("error %v", err)
		}
	}
	for _, bad := range [][]byte{nil, []byte("short"), append(make([]byte, 16), 0xff), append(make([]byte, 16), 200, 1)} {
		if _, ok := decodeItem(bad); ok {
			t.Errorf("decodeItem(%v) succeeded", bad)
		}
	}
	if err := s.db.Set(queueKey(statePrefix, "q", "nobody"), []byte("short"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := openFormat(t, dir, 1); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("open with a damaged queue: %v", err)
	}
}
