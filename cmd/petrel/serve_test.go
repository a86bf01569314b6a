package main

import (
	"bytes"
	"io"
	"log/slog"
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
