package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// A backup is a directory of the shape of a data directory: the store, and beside it the
// accounts. kept lists what lies beside the store.
var kept = []string{"htpasswd", sealKeyName}

// archive copies a data directory, whose store is open as b, to dir, which must not exist. It
// gets that name when it is whole: one that a crash cut short, with its store but without the
// keys to it, must not pass for a backup. Half of one is removed otherwise.
func archive(ctx context.Context, b backend.Backend, data, dir string) error {
	a, ok := b.(backend.Archiver)
	if !ok {
		return core.Errorf(core.Invalid, "this store cannot be copied from here; on Redis run BGSAVE and keep its dump file")
	}
	if _, err := os.Stat(dir); err == nil {
		return core.FieldErrorf("directory", "directory: %s exists already; a backup needs a new one", dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return core.FieldErrorf("directory", "directory: %w", err)
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".part-*") // 0700
	if err != nil {
		return core.FieldErrorf("directory", "directory: %w", err)
	}
	err = a.Archive(ctx, filepath.Join(part, "store"))
	for _, name := range kept {
		if err == nil {
			err = copyFile(filepath.Join(data, name), filepath.Join(part, name))
		}
	}
	if err == nil {
		err = os.Rename(part, dir)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return nil
}

// backup answers the API's request for one.
func (s *Server) backup(ctx context.Context, dir string) error {
	if !filepath.IsAbs(dir) {
		return core.FieldErrorf("directory", "directory: needs an absolute path on the server's machine")
	}
	return archive(ctx, s.back, s.cfg.Data, dir)
}

// restore puts a backup where no data is.
func restore(from, data string) error {
	if _, err := os.Stat(filepath.Join(from, "store")); err != nil {
		return fmt.Errorf("restore: %s is no Petrel backup: %w", from, err)
	}
	if _, err := os.Stat(filepath.Join(data, "store")); err == nil {
		return fmt.Errorf("restore: %s holds data already; move it away first, or name another --data", data)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	aside := filepath.Join(data, "store.restoring")
	if err := errors.Join(os.RemoveAll(aside), copyTree(filepath.Join(from, "store"), aside)); err != nil {
		return err
	}
	for _, name := range kept {
		if err := copyFile(filepath.Join(from, name), filepath.Join(data, name)); err != nil {
			return err
		}
	}
	return os.Rename(aside, filepath.Join(data, "store"))
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		return copyFile(path, filepath.Join(to, rel))
	})
}

// copyFile copies a file with fsync; a missing one is left out.
func copyFile(from, to string) error {
	raw, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	return errors.Join(err, f.Sync(), f.Close())
}
