package pack_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
)

// register reads a pack and stores it, as every start of a server does.
func register(t *testing.T, s *store.Store, fsys fstest.MapFS) {
	t.Helper()
	c, errs := pack.Read(fsys, "demo")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	r := &pack.Registrar{Store: s, Log: slog.New(slog.DiscardHandler),
		Declare: func(ctx context.Context, tx *store.Tx, tt *core.TriggerType) error {
			return tx.TriggerTypes().Put(ctx, tt)
		}}
	err := s.Update(t.Context(), store.Wait, func(tx *store.Tx) error { return r.Register(t.Context(), tx, c, "") })
	if err != nil {
		t.Fatal(err)
	}
}

// queued takes the sensors that wait to be run.
func queued(t *testing.T, s *store.Store) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var refs []string
	err := s.Update(ctx, store.Wait, func(tx *store.Tx) error { tx.Push(store.Sources, "~the last", "", 0); return nil })
	if err != nil {
		t.Fatal(err)
	}
	err = s.Work(ctx, store.Worker{Queue: store.Sources, Slots: store.Batch(1), Log: slog.New(slog.DiscardHandler),
		Do: func(_ context.Context, tx *store.Tx, d store.Delivery) error {
			if d.ID == "~the last" {
				tx.After(func(store.Version) { cancel() })
				return nil
			}
			refs = append(refs, d.ID)
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return refs
}

func TestRegisteredSensorIsQueuedAndKeepsItsSwitch(t *testing.T) {
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s := store.New(b, time.Now)
	file := func(enabled string) fstest.MapFS {
		return files("sensors/s.yaml", "class_name: S\nentry_point: s.py\n"+enabled+"trigger_types:\n  - name: seen\n")
	}
	check := func(when string, enabled bool, inQueue int) {
		t.Helper()
		x, err := s.Sensors().Get(t.Context(), "demo.S")
		if err != nil {
			t.Fatal(err)
		}
		if got := queued(t, s); x.Enabled != enabled || len(got) != inQueue {
			t.Errorf("%s: enabled %v, queued %q", when, x.Enabled, got)
		}
	}
	register(t, s, file(""))
	check("new", true, 1)
	register(t, s, file(""))
	check("registered again", true, 0)
	err = s.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
		x, err := tx.Sensors().Get(t.Context(), "demo.S")
		if err != nil {
			return err
		}
		x.Enabled = false
		return pack.SaveSensor(t.Context(), tx, x)
	})
	if err != nil {
		t.Fatal(err)
	}
	register(t, s, file(""))
	check("switched off by hand", false, 0)
	register(t, s, file("enabled: false\n"))
	register(t, s, file("enabled: true\n"))
	check("its metadata says something new", true, 1)
}
