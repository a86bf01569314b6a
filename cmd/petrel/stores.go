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
	made, err := auth.FirstStart(path, os.Getenv)
	os.Unsetenv("PETREL_ADMIN_PASSWORD") // actions inherit the environment
	if err != nil || made == nil || s.cfg.Store == "" {
		return path, made, err
	}
	ours, err := os.ReadFile(path)
	if err != nil {
		return path, nil, err
	}
	first, err := s.store.First(ctx, "accounts", ours)
	if err != nil {
		return path, nil, errors.Join(err, os.Remove(path))
	}
	if string(first) == string(ours) {
		return path, made, nil
	}
	return path, nil, os.WriteFile(path, first, fs.FileMode(0o600))
}

// storeAddress is a store's URL without its password, to be shown.
func storeAddress(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Redacted()
}
