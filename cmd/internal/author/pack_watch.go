package author

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a folder has to be quiet before it is looked at: editors write a file
// in several steps, and repositories many files at once.
const settle = 150 * time.Millisecond

// fingerprint tells whether a pack's sources are what they were: everything in the folder
// but hidden files, what build makes, and what is packaged.
func (f *packFolder) fingerprint() ([sha256.Size]byte, error) {
	h := sha256.New()
	err := walkShown(f.dir, func(at string, entry fs.DirEntry) error {
		name, err := filepath.Rel(f.dir, at)
		if err != nil || entry.IsDir() || f.inGo() && filepath.ToSlash(name) == f.code || strings.HasSuffix(name, ".tar.gz") {
			return err
		}
		text, err := os.ReadFile(at)
		if errors.Is(err, fs.ErrNotExist) || err == nil && isGenerated(text) {
			return nil // gone since; or not a source
		}
		if err != nil {
			return err
		}
		for _, part := range [][]byte{[]byte(name), text} {
			_ = binary.Write(h, binary.LittleEndian, int64(len(part))) // hashes take everything
			h.Write(part)
		}
		return nil
	})
	return [sha256.Size]byte(h.Sum(nil)), err
}

// walkShown visits a folder and what is in it, without hidden files and folders.
func walkShown(dir string, visit func(at string, entry fs.DirEntry) error) error {
	return filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && at != dir:
			return nil
		case err != nil:
			return err
		case at != dir && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		return visit(at, entry)
	})
}

// watch sends on changed whenever something in the folder has changed and has been quiet
// since, until ctx is done. It sends once at the start, when it sees everything.
func watch(ctx context.Context, dir string, changed chan<- struct{}) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := watchBelow(w, dir); err != nil {
		return err
	}
	quiet := time.NewTimer(0)
	defer quiet.Stop()
	for {
		select {
		case e := <-w.Events:
			if e.Has(fsnotify.Create) {
				_ = watchBelow(w, e.Name) // a file, or gone again: the parent tells of it
			}
			quiet.Reset(settle)
		case <-w.Errors: // too many events at once: something has changed
			quiet.Reset(settle)
		case <-quiet.C:
			select {
			case changed <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// watchBelow watches a folder and those in it.
func watchBelow(w *fsnotify.Watcher, dir string) error {
	return walkShown(dir, func(at string, entry fs.DirEntry) error {
		if !entry.IsDir() {
			return nil
		}
		return w.Add(at)
	})
}
