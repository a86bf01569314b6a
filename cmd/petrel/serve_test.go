package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// TestAClockSetBackIsSaid starts a server whose newest execution lies in the future.
func TestAClockSetBackIsSaid(t *testing.T) {
	t.Setenv("PETREL_ADMIN_PASSWORD", "wren-and-robin")
	cfg := DefaultConfig()
	cfg.Data, cfg.Listen = t.TempDir(), "127.0.0.1:0"
	open := func() (*Server, string) {
		var log bytes.Buffer
		s, err := NewServer(t.Context(), cfg, slog.New(slog.NewTextHandler(&log, nil)), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		return s, log.String()
	}
	s, said := open()
	err := s.store.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
		later := time.Now().Add(time.Hour)
		return tx.Executions().Create(&core.Execution{ID: core.NewID(later), Action: "core.noop", Status: core.Succeeded, Start: core.At(later)})
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(said, "clock") {
		t.Errorf("a right clock was remarked on: %s", said)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, said = open()
	defer s.Close()
	if !strings.Contains(said, "the clock is behind the newest execution") || !strings.Contains(said, "set the clock") {
		t.Errorf("the log says %q", said)
	}
}

// TestWhatSomebodySwitchedOffStaysOff: a server registers its packs at every start.
func TestWhatSomebodySwitchedOffStaysOff(t *testing.T) {
	t.Setenv("PETREL_ADMIN_PASSWORD", "wren-and-robin")
	cfg := DefaultConfig()
	cfg.Data, cfg.Listen = t.TempDir(), "127.0.0.1:0"
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(cfg.Data, "packs", "house", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	rule := "name: bell\npack: house\ntrigger:\n  type: core.st2.webhook\n  parameters: {url: bell}\naction: {ref: core.noop}\n"
	write("pack.yaml", "name: house\nref: house\nversion: 1.0.0\nauthor: A\nemail: a@example.com\ndescription: d\n")
	write("rules/bell.yaml", rule+"enabled: true\n")
	write("actions/ring.yaml", "name: ring\nrunner_type: noop\nenabled: true\n")
	write("policies/one.yaml", "name: one\nenabled: true\nresource_ref: house.ring\npolicy_type: action.concurrency\nparameters: {threshold: 1}\n")
	start := func() *Server {
		t.Helper()
		s, err := NewServer(t.Context(), cfg, slog.New(slog.DiscardHandler), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	enabled := func(s *Server) string {
		t.Helper()
		r, err1 := s.store.Rules().Get(t.Context(), "house.bell")
		a, err2 := s.store.Actions().Get(t.Context(), "house.ring")
		p, err3 := s.store.Policies().Get(t.Context(), "house.one")
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(r.Enabled, a.Enabled, p.Enabled)
	}
	s := start()
	if got := enabled(s); got != "true true true" {
		t.Errorf("new: %s", got)
	}
	err := s.store.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
		r, err1 := tx.Rules().Get(t.Context(), "house.bell")
		a, err2 := tx.Actions().Get(t.Context(), "house.ring")
		p, err3 := tx.Policies().Get(t.Context(), "house.one")
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		r.Enabled, a.Enabled, p.Enabled = false, false, false
		return errors.Join(s.rules.Save(t.Context(), tx, r, false), s.packs.SaveAction(t.Context(), tx, a, false), s.engine.SavePolicy(t.Context(), tx, p, false))
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s = start()
		if got := enabled(s); got != "false false false" {
			t.Errorf("after a restart: %s", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write("rules/bell.yaml", rule+"enabled: false\n")
	start().Close()
	write("rules/bell.yaml", rule+"enabled: true\n")
	s = start()
	defer s.Close()
	if got := enabled(s); got != "true false false" {
		t.Errorf("after the pack says something new: %s", got)
	}
}
