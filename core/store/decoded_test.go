package store_test

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/store"
)

// What one server has written a moment ago it reads without decoding; what another has
// written since, it sees all the same.
func TestWhatIsKeptIsWhatIsStored(t *testing.T) {
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { b.Close() })
	writer, other := store.New(b, time.Now), store.New(b, time.Now)
	x := execution(1, core.Running, "core.noop", "ada")
	x.Gates, x.Parameters = []string{"a"}, []byte(`{ "text": "<&>" }`)
	put(t, writer, x)
	read := func(s *store.Store) *core.Execution {
		got, err := s.Executions().Get(t.Context(), x.ID)
		must(t, err)
		return got
	}
	kept, decoded := read(writer), read(other)
	kept.Parameters = decoded.Parameters // stored, it is written without spaces
	if diff := cmp.Diff(decoded, kept); diff != "" {
		t.Error(diff)
	}
	decoded.Move(core.Succeeded, 2000)
	put(t, other, decoded)
	if got := read(writer); got.Status != core.Succeeded {
		t.Errorf("the writer still sees %s", got.Status)
	}
}

// Who reads a document may change it: it is a copy.
func TestWhatIsReadMayBeChanged(t *testing.T) {
	s := open(t)
	x := execution(1, core.Requested, "core.noop", "ada")
	x.Gates = slices.Grow([]string{"a"}, 5)
	flow := &store.Flow{Execution: x.ID, Again: map[string]string{"a/0": "1"}}
	must(t, s.Update(t.Context(), store.Relaxed, func(tx *store.Tx) error {
		must(t, tx.Flows().Put(t.Context(), flow))
		return tx.Executions().Create(x)
	}))
	x.Gates = append(x.Gates, "by the writer")
	for range 2 {
		tx := s.Begin()
		got, err := tx.Executions().Get(t.Context(), x.ID)
		must(t, err)
		f, err := tx.Flows().Get(t.Context(), x.ID)
		must(t, err)
		if len(got.Log) != 1 || len(got.Gates) != 1 || f.Again["a/0"] != "1" {
			t.Errorf("somebody changed it: %v %v %v", got.Log, got.Gates, f.Again)
		}
		got.Move(core.Scheduled, 5)
		got.Gates = append(got.Gates, "by a reader")
		delete(f.Again, "a/0")
	}
}

// A commit that came too late is counted.
func TestConflictsAreCounted(t *testing.T) {
	s := open(t)
	x := execution(1, core.Requested, "core.noop", "ada")
	put(t, s, x)
	late := s.Begin()
	_, err := late.Executions().Get(t.Context(), x.ID)
	must(t, err)
	put(t, s, x)
	must(t, late.Executions().Put(t.Context(), x))
	if err := late.Commit(t.Context(), store.Relaxed); err != store.ErrConflict {
		t.Fatalf("%v, want a conflict", err)
	}
	if n := s.Stats().Conflicts; n != 1 {
		t.Errorf("%d conflicts counted, want 1", n)
	}
}
