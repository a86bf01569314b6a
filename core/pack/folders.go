package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/petrelhq/petrel/core"
)

// Folders keeps the files of installed packs on this machine, unpacked from their
// archives: <Root>/<ref>/<digest>. A folder that is there is whole, and nothing in it is
// ever changed.
type Folders struct {
	Root string
	// Open reads an archive's bytes.
	Open func(ctx context.Context, digest string) io.Reader
	// Unpack makes dir the pack in an archive, in one step and on the disk, if the
	// archive's SHA-256 is that. Errors are Invalid, TooLarge, or Conflict when dir is
	// there already.
	Unpack func(archive io.Reader, dir, sha256 string) error

	unpacking singleflight.Group
}

// aside is the folder below Root for archives nobody has looked into; no pack is called so.
const aside = ".aside"

// path is where the files of an archive lie, or will.
func (f *Folders) path(ref, digest string) string { return filepath.Join(f.Root, ref, digest) }

// Dir returns the folder of a pack's archive, unpacking it first if need be.
func (f *Folders) Dir(ctx context.Context, ref, digest string) (string, error) {
	dir := f.path(ref, digest)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	ctx = context.WithoutCancel(ctx) // others may wait for the same
	_, err, _ := f.unpacking.Do(dir, func() (any, error) {
		return nil, done(f.Unpack(f.Open(ctx, digest), dir, digest))
	})
	return dir, err
}

// done takes it for success that another has done the same.
func done(err error) error {
	if core.KindOf(err) == core.Conflict {
		return nil
	}
	return err
}

// unpackAside unpacks an archive to where its ref need not be known; the caller removes
// the folder, or gives it its place.
func (f *Folders) unpackAside(ctx context.Context, digest string) (dir string, err error) {
	parent := filepath.Join(f.Root, aside)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	dir = filepath.Join(parent, digest+"."+core.NewID(time.Now()))
	return dir, f.Unpack(f.Open(ctx, digest), dir, digest)
}

// adopt gives a folder from aside its place, unless it is taken by its like already.
func (f *Folders) adopt(dir, ref, digest string) error {
	to := f.path(ref, digest)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	err := os.Rename(dir, to)
	if _, there := os.Stat(to); there != nil {
		return err
	}
	now := time.Now()
	return os.Chtimes(to, now, now) // it is in use: Sweep goes by age
}

// Sweep removes folders that keep does not name and that were made before a moment, and
// what was left aside.
func (f *Folders) Sweep(keep func(ref, digest string) bool, before time.Time) error {
	refs, err := os.ReadDir(f.Root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, ref := range refs {
		digests, err := os.ReadDir(filepath.Join(f.Root, ref.Name()))
		errs = append(errs, err)
		for _, d := range digests {
			info, err := d.Info()
			if err != nil || !info.ModTime().Before(before) || keep(ref.Name(), d.Name()) {
				continue
			}
			errs = append(errs, os.RemoveAll(filepath.Join(f.Root, ref.Name(), d.Name())))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("old packs: %w", err)
	}
	return nil
}
