package main

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/newfile"
)

// openBackend opens what remembers: a Redis when one is configured, else the data directory.
func (s *Server) openBackend(ctx context.Context) error {
	if s.cfg.Store == "" {
		b, err := local.Open(filepath.Join(s.cfg.Data, "store"), local.Options{Log: s.log})
		if err == nil {
			s.back = b
		}
		return err
	}
	b, err := redis.Open(ctx, s.cfg.Store, redis.Options{
		AcceptLoss: s.cfg.AcceptLoss, LeaseTTL: s.cfg.Lease, Log: s.log,
	})
	if err == nil {
		s.back = b
	}
	return err
}

// accounts makes the first account, or on a store that other servers use already takes
// over theirs, and returns the file they are in.
func (s *Server) accounts(ctx context.Context) (string, *auth.FirstAdmin, error) {
	path := s.cfg.htpasswd()
	if err := os.MkdirAll(s.cfg.Data, 0o700); err != nil {
		return path, nil, err
	}
	defer os.Unsetenv("PETREL_ADMIN_PASSWORD") // actions inherit the environment
	if s.cfg.Store == "" {
		made, err := auth.FirstStart(path, os.Getenv)
		return path, made, err
	}
	made, err := s.sharedAccounts(ctx, path)
	return path, made, err
}

// sharedAccounts makes the accounts file once it is settled whose accounts count: a server
// that is killed on the way would else keep an account that the others do not know.
func (s *Server) sharedAccounts(ctx context.Context, path string) (*auth.FirstAdmin, error) {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	made, ours, err := auth.FirstAccounts(os.Getenv)
	if err != nil {
		return nil, err
	}
	first, err := s.store.First(ctx, "accounts", ours)
	if err != nil {
		return nil, err
	}
	if string(first) != string(ours) {
		made = nil
	}
	return made, newfile.Make(path, first)
}

// storeAddress is a store's URL without its password, to be shown.
func storeAddress(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Redacted()
}
