package pack_test

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/store"
)

func TestActionWithoutRunnerIsStored(t *testing.T) {
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s := store.New(b, time.Now)
	register(t, s, files("actions/a.yaml", "name: a\nrunner_type: from-tomorrow\nentry_point: a.sh\n"))
	a, err := s.Actions().Get(t.Context(), "demo.a")
	if err != nil || a.Runner != "from-tomorrow" {
		t.Errorf("stored %+v, error %v", a, err)
	}
}
