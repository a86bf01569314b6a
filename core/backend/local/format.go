package local

import (
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core"
)

// Format numbers what this package writes. It goes up by one with each change that an
// older program could not read, together with a migration.
const Format = 1

// formatFile holds the number as text, beside Pebble's files, so it can be read
// without opening them.
const formatFile = "FORMAT"

// A migration rewrites a store of one format into the next. A power cut may make it
// run again on its own half-done work, so it must be repeatable.
type migration func(db *pebble.DB) error

// migrations returns the way from format i+1 to i+2 at index i.
func migrations() []migration { return nil }

// openFormat opens the database if its format is ours or older. An older store is
// first copied to "<dir>.before-format-N", beside the directory, then brought to N.
func (s *Store) openFormat() error {
	have, err := s.readFormat(s.dir)
	if err != nil {
		return err
	}
	want := s.o.format
	if have > want {
		return core.Errorf(core.Invalid, "data directory %s has format %d, and this program knows formats up to %d: "+
			"use the newer program that wrote it, or restore an archive of format %d", s.dir, have, want, want)
	}
	if have == 0 {
		if have, err = want, s.begin(); err != nil {
			return err
		}
	}
	if s.db, err = pebble.Open(s.dir, s.pebbleOptions(s.dirLock())); err != nil {
		return core.Errorf(core.Unavailable, "open data directory %s: %w", s.dir, err)
	}
	if have < want {
		return s.migrate(have, want)
	}
	return nil
}

// begin numbers an empty directory before Pebble writes to it, so that a directory with
// data and no number can only be damaged or not ours.
func (s *Store) begin() error {
	d, err := pebble.Peek(s.dir, s.fs)
	if err != nil {
		return core.Errorf(core.Unavailable, "look into data directory %s: %w", s.dir, err)
	}
	if d.Exists {
		return core.Errorf(core.Invalid, "data directory %s holds data but no %s file, so it is damaged or not Petrel's: "+
			"restore an archive, or use another --data directory", s.dir, formatFile)
	}
	return s.writeFormat(s.dir, s.o.format)
}

func (s *Store) migrate(have, want int) error {
	if len(s.o.migrations) < want-1 {
		return core.Errorf(core.Invalid, "data directory %s has format %d, and this program cannot bring it to %d", s.dir, have, want)
	}
	if err := s.backup(s.dir + ".before-format-" + strconv.Itoa(want)); err != nil {
		return err
	}
	for ; have < want; have++ {
		s.o.Log.Info("store: migrating", "from", have, "to", have+1)
		if err := s.o.migrations[have-1](s.db); err != nil {
			return core.Errorf(core.Unavailable, "migrate data directory %s from format %d to %d: %w", s.dir, have, have+1, err)
		}
		if err := s.db.LogData(nil, pebble.Sync); err != nil {
			return err
		}
		if err := s.writeFormat(s.dir, have+1); err != nil {
			return err
		}
	}
	return nil
}

// backup copies the store before its migration. A whole copy from an earlier try is
// kept, for the store may be half migrated by now; its FORMAT file, written last,
// tells that it is whole.
func (s *Store) backup(to string) error {
	if _, err := s.fs.Stat(s.fs.PathJoin(to, formatFile)); err == nil {
		return nil
	}
	if err := s.fs.RemoveAll(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return core.Errorf(core.Unavailable, "remove half a backup in %s: %w", to, err)
	}
	return s.copyTo(to)
}

// readFormat returns the format of dir, 0 if it has none.
func (s *Store) readFormat(dir string) (int, error) {
	f, err := s.fs.Open(s.fs.PathJoin(dir, formatFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, core.Errorf(core.Unavailable, "read the format of data directory %s: %w", dir, err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return 0, core.Errorf(core.Unavailable, "read the format of data directory %s: %w", dir, err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || n < 1 {
		return 0, core.Errorf(core.Invalid, "data directory %s: its %s file reads %.20q and should be a number: restore an archive", dir, formatFile, text)
	}
	return n, nil
}

// writeFormat replaces the format file of dir, durably.
func (s *Store) writeFormat(dir string, n int) error {
	name := s.fs.PathJoin(dir, formatFile)
	if err := s.writeFile(name+".new", strconv.Itoa(n)+"\n"); err != nil {
		return core.Errorf(core.Unavailable, "write %s: %w", name, err)
	}
	if err := s.fs.Rename(name+".new", name); err != nil {
		return core.Errorf(core.Unavailable, "write %s: %w", name, err)
	}
	return s.syncDir(dir)
}
