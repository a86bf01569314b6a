package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/petrelhq/petrel/core/backend"
)

// slowArchiver is a store that can be looked past while it is copied.
type slowArchiver struct {
	backend.Backend
	meanwhile func()
}

func (a slowArchiver) Archive(_ context.Context, dir string) error {
	a.meanwhile()
	return os.Mkdir(dir, 0o700)
}

// TestABackupGetsItsNameWhenItIsWhole: a kill at any moment before leaves nothing that could
// be restored without the keys to its secrets.
func TestABackupGetsItsNameWhenItIsWhole(t *testing.T) {
	data, dir := t.TempDir(), filepath.Join(t.TempDir(), "backup")
	for _, name := range kept {
		if err := os.WriteFile(filepath.Join(data, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := archive(t.Context(), slowArchiver{meanwhile: func() {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("half a backup has the name of a whole one: %v", err)
		}
	}}, data, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{"store"}, kept...) {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(dir + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
