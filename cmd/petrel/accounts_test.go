package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/store"
)

// asked is a store that tells when it is read.
type asked struct {
	backend.Backend
	reading func()
}

func (a asked) Get(ctx context.Context, keys ...string) ([]backend.Entry, error) {
	a.reading()
	return a.Backend.Get(ctx, keys...)
}

// TestSharedAccountsCountOnceSettled: a server that is killed before it knows whose accounts
// count begins anew.
func TestSharedAccountsCountOnceSettled(t *testing.T) {
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var first *auth.FirstAdmin
	for _, name := range []string{"first", "second"} {
		cfg := DefaultConfig()
		cfg.Data, cfg.Store = filepath.Join(t.TempDir(), name), "redis://shared"
		unsettled := func() {
			if _, err := os.Stat(cfg.htpasswd()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: has accounts that nobody else knows: %v", name, err)
			}
		}
		s := &Server{cfg: cfg, store: store.New(asked{b, unsettled}, time.Now)}
		path, made, err := s.accounts(t.Context())
		if err != nil || (made != nil) != (name == "first") {
			t.Fatalf("%s: made %+v, %v", name, made, err)
		}
		if made != nil {
			first = made
		}
		accounts, err := auth.NewAccounts(path, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err := accounts.Check(first.User, first.Password); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}
