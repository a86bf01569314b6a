package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/petrelhq/petrel/core"
)

// slowDisk is how long an operation on the disk may take without a warning.
const slowDisk = 5 * time.Second

// prepare chooses the file system, makes the directory and locks it.
func (s *Store) prepare(o Options) error {
	s.fs = o.FS
	if s.fs == nil {
		abs, err := filepath.Abs(s.dir) // the lock is by name within a process
		if err != nil {
			return core.Errorf(core.Invalid, "data directory %s: %w", s.dir, err)
		}
		s.dir, s.fs = abs, privateFS{vfs.Default}
	}
	s.o = o.withDefaults(s.fs, s.dir)
	if err := s.makeDir(); err != nil {
		return core.Errorf(core.Unavailable, "make data directory %s: %w", s.dir, err)
	}
	watched, stop := vfs.WithDiskHealthChecks(s.fs, slowDisk, nil, s.slow)
	s.fs = watched
	s.closers = append(s.closers, stop)
	lock, err := pebble.LockDirectory(s.dir, s.fs)
	if err != nil {
		return lockError(s.dir, err)
	}
	s.closers = append(s.closers, lock)
	return nil
}

func (s *Store) slow(i vfs.DiskSlowInfo) {
	s.o.Log.Warn("store: the disk is slow", "path", i.Path, "operation", i.OpType.String(), "duration", i.Duration)
}

// dirLock returns the lock that prepare took.
func (s *Store) dirLock() *pebble.Lock { return s.closers[len(s.closers)-1].(*pebble.Lock) }

// lockError tells a directory in use from one that cannot be written: the lock itself
// fails with a bare errno, opening its file with a PathError.
func lockError(dir string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return core.Errorf(core.Unavailable, "data directory %s cannot be written: %w", dir, err)
	}
	e := core.Errorf(core.Unavailable, "data directory %s is in use by another petrel server; stop it or use another --data directory", dir)
	e.(*core.Error).Err = err
	return e
}

// makeDir makes the directory and its entry in the parent durable.
func (s *Store) makeDir() error {
	if err := s.fs.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	return s.syncDir(s.fs.PathDir(s.dir))
}

func (s *Store) syncDir(dir string) error {
	d, err := s.fs.OpenDir(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// writeFile writes a small file and syncs it.
func (s *Store) writeFile(name, text string) error {
	f, err := s.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write([]byte(text)); err != nil {
		return err
	}
	return f.Sync()
}

// privateFS makes files that only their owner may read.
type privateFS struct{ vfs.FS }

func (p privateFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := p.FS.Create(name, c)
	if err != nil {
		return nil, err
	}
	return f, os.Chmod(name, 0o600)
}

func (p privateFS) Unwrap() vfs.FS { return p.FS }
