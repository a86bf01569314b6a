package packs_test

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
)

// registered stores all shipped packs as a server does at its start, and returns the store
// and what was logged.
func registered(t *testing.T) (*store.Store, string) {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "store"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	var log bytes.Buffer
	s := store.New(b, time.Now)
	r := &pack.Registrar{
		Store: s, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Declare: func(ctx context.Context, tx *store.Tx, tt *core.TriggerType) error {
			return tx.TriggerTypes().Put(ctx, tt)
		},
	}
	if err := s.Update(t.Context(), store.Wait, func(tx *store.Tx) error { return r.Runners(t.Context(), tx, runnerTypes()) }); err != nil {
		t.Fatal(err)
	}
	for name, c := range shipped(t) {
		if err := s.Update(t.Context(), store.Wait, func(tx *store.Tx) error { return r.Register(t.Context(), tx, c, "") }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return s, log.String()
}

func TestShippedPacksRegister(t *testing.T) {
	s, log := registered(t)
	actions, err := s.Actions().All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, a := range actions {
		got = append(got, a.Ref())
	}
	for _, c := range shipped(t) {
		for _, a := range c.Actions {
			want = append(want, a.Ref())
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	for _, ref := range []string{"core.http", "core.windows_cmd", "linux.cp", "linux.diag_loadavg", "st2.kv.get"} {
		if !slices.Contains(got, ref) {
			t.Errorf("%s is not listed", ref)
		}
	}
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "action=linux.diag_loadavg runner=action-chain") {
			t.Errorf("logged: %s", line)
		}
	}
}
