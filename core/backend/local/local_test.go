package local_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/backendtest"
	"github.com/petrelhq/petrel/core/backend/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSuite runs the suite on a real directory that is closed and opened again.
func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t testing.TB) backendtest.Instance {
		dir := t.TempDir()
		s := open(t, dir, local.Options{})
		return backendtest.Instance{Backend: s, Reopen: func(t testing.TB) backend.Backend {
			s.Close()
			s = open(t, dir, local.Options{})
			return s
		}}
	})
}

// TestSuitePowerCut runs it on a file system that drops whatever was not synced.
func TestSuitePowerCut(t *testing.T) {
	backendtest.Run(t, func(t testing.TB) backendtest.Instance {
		mem := vfs.NewCrashableMem()
		return backendtest.Instance{Backend: open(t, "data", local.Options{FS: mem}), Reopen: func(t testing.TB) backend.Backend {
			mem = mem.CrashClone(vfs.CrashCloneCfg{})
			return open(t, "data", local.Options{FS: mem})
		}}
	})
}

func open(t testing.TB, dir string, o local.Options) *local.Store {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	s, err := local.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t testing.TB, s *local.Store, ops ...backend.Op) {
	t.Helper()
	if _, err := s.Apply(t.Context(), backend.Wait, ops...); err != nil {
		t.Fatal(err)
	}
}

func value(t testing.TB, s *local.Store, key string) string {
	t.Helper()
	es, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(es[0].Value)
}

func wantError(t *testing.T, err error, kind core.Kind, words ...string) {
	t.Helper()
	if err == nil || core.KindOf(err) != kind {
		t.Fatalf("error %v of kind %v, want kind %v", err, core.KindOf(err), kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, local.Options{})
	t.Chdir(filepath.Dir(dir))
	for _, name := range []string{dir, filepath.Base(dir), dir + "/."} {
		_, err := local.Open(name, local.Options{})
		wantError(t, err, core.Unavailable, dir, "in use by another petrel server; stop it or use another --data directory")
	}
	s.Close()
	open(t, dir, local.Options{})
}

func TestUnwritableDirectoryIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := local.Open(filepath.Join(file, "data"), local.Options{})
	wantError(t, err, core.Unavailable, file)
}

func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, dir, local.Options{})
	must(t, s, backend.Put("c/a", []byte("x")))
	copied := filepath.Join(t.TempDir(), "copy")
	if err := s.Archive(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{dir, copied} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && d.Name() != "LOCK" && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestArchiveOpensAsOfItsMoment(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "data"), local.Options{})
	must(t, s, backend.Put("c/a", []byte("1")), backend.Add("c/n", 7), backend.Append("log", []byte("x")),
		backend.Push(backend.Item{Queue: "q", ID: "i"}))
	if _, err := s.Apply(t.Context(), backend.Relaxed, backend.Put("c/relaxed", []byte("1"))); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "archive")
	if err := s.Archive(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	must(t, s, backend.Put("c/a", []byte("2")))
	wantError(t, s.Archive(t.Context(), dir), core.Invalid, dir, "exists")

	a := open(t, dir, local.Options{})
	if value(t, a, "c/a") != "1" || value(t, a, "c/relaxed") != "1" || value(t, a, "c/n") != "7" {
		t.Error("the archive is not the store as it was")
	}
	if ds, err := a.Pull(t.Context(), "q", 9); err != nil || len(ds) != 1 {
		t.Errorf("Pull from the archive: %v, %v", ds, err)
	}
}

func TestFullDisk(t *testing.T) {
	var free atomic.Uint64
	var now atomic.Int64
	free.Store(local.DefaultReserve)
	s := open(t, t.TempDir(), local.Options{
		Free: func() (uint64, error) { return free.Load(), nil },
		Now:  func() time.Time { return time.Unix(0, now.Load()) },
	})
	must(t, s, backend.Put("c/a", []byte("1")), backend.Push(backend.Item{Queue: "q", ID: "i"}), backend.Push(backend.Item{Queue: "q", ID: "j"}))
	ds, err := s.Pull(t.Context(), "q", 1)
	if err != nil {
		t.Fatal(err)
	}
	free.Store(local.DefaultReserve - 1)
	now.Add(int64(time.Second))
	for name, op := range map[string]backend.Op{"put": backend.Put("c/b", nil), "delete": backend.Delete("c/a"), "ack": backend.Ack(ds[0])} {
		if _, err := s.Apply(t.Context(), backend.Wait, op); err != backend.ErrFull {
			t.Errorf("%s on a full disk: %v, want ErrFull", name, err)
		}
	}
	if _, err := s.Pull(t.Context(), "q", 1); err != backend.ErrFull {
		t.Errorf("Pull on a full disk: %v, want ErrFull", err)
	}
	if value(t, s, "c/a") != "1" {
		t.Error("a full disk is not readable")
	}
	must(t, s, backend.Check("c/b", 0), backend.Hold(ds[0])) // writes nothing
	free.Store(local.DefaultReserve)
	now.Add(int64(time.Second))
	must(t, s, backend.Delete("c/a"), backend.Ack(ds[0]))
	if ds, err = s.Pull(t.Context(), "q", 1); err != nil || ds[0].ID != "j" {
		t.Errorf("Pull with room again: %v, %v", ds, err)
	}
}

func TestFailedSyncEndsTheProcess(t *testing.T) {
	var failing atomic.Bool
	broken := errors.New("the disk is gone")
	inject := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if failing.Load() && strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) {
			return broken
		}
		return nil
	})
	fatal := make(chan error, 1)
	s := open(t, "data", local.Options{FS: errorfs.Wrap(vfs.NewMem(), inject), Fatal: func(err error) { fatal <- err }})
	must(t, s, backend.Put("c/a", []byte("1")))
	failing.Store(true)
	if _, err := s.Apply(t.Context(), backend.Wait, backend.Put("c/a", []byte("2"))); err == nil {
		t.Error("Apply succeeded without its fsync")
	}
	wantError(t, <-fatal, core.Unavailable, "data", broken.Error())
	_, err := s.Apply(t.Context(), backend.Wait, backend.Put("c/a", []byte("3")))
	wantError(t, err, core.Unavailable, "started again")
}

// TestRelaxedReachesTheDisk: without anyone waiting, within a moment.
func TestRelaxedReachesTheDisk(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := open(t, "data", local.Options{FS: mem})
	if _, err := s.Apply(t.Context(), backend.Relaxed, backend.Put("c/a", []byte("1"))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		after := open(t, "data", local.Options{FS: mem.CrashClone(vfs.CrashCloneCfg{})})
		if value(t, after, "c/a") == "1" {
			return
		}
		after.Close()
	}
	t.Error("a Relaxed Apply never reached the disk")
}

// TestFarDelay: the moment is beyond what nanoseconds since 1970 can say.
func TestFarDelay(t *testing.T) {
	s := open(t, t.TempDir(), local.Options{})
	must(t, s, backend.Push(backend.Item{Queue: "q", ID: "i", After: 250 * 365 * 24 * time.Hour}))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if ds, err := s.Pull(ctx, "q", 1); err == nil {
		t.Errorf("pulled %v at once", ds[0].ID)
	}
}
