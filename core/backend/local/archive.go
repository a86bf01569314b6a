package local

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core"
)

// Archive copies the store to dir as of now. Files that never change are linked where
// the file system allows, so it is quick; the copy opens like any data directory.
// Error kinds: Invalid when dir exists.
func (s *Store) Archive(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.copyTo(dir)
}

// copyTo checkpoints into dir and writes the format last: a copy without is not whole.
func (s *Store) copyTo(dir string) error {
	format, err := s.readFormat(s.dir)
	if err != nil {
		return err
	}
	err = s.db.Checkpoint(dir, pebble.WithFlushedWAL())
	if errors.Is(err, fs.ErrExist) {
		return core.Errorf(core.Invalid, "archive directory %s exists: name one that does not", dir)
	}
	if err != nil {
		return core.Errorf(core.Unavailable, "copy the store to %s: %w", dir, err)
	}
	if s.o.FS == nil {
		if err := os.Chmod(dir, 0o700); err != nil {
			return core.Errorf(core.Unavailable, "copy the store to %s: %w", dir, err)
		}
	}
	return s.writeFormat(dir, format)
}
