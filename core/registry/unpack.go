package registry

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// manifest is the file that makes a folder a pack.
const manifest = "pack.yaml"

// aside begins the names of folders in which an archive is unpacked before it gets its place.
const aside = ".unpack-"

// Unpack makes dir the pack that the archive in r holds, at its top or in the one folder
// there (as GitHub makes them). The folder appears in one step, with everything in it on
// the disk: a crash leaves dir missing, and beside it what [RemoveLeftovers] removes.
//
// want is the SHA-256 that was promised, or empty. The archive may hold plain files and
// folders only, within the limits, each path inside it and there once. Errors are Invalid,
// TooLarge, or Conflict when dir is there already; after an error nothing is left.
func Unpack(r io.Reader, dir, want string, l Limits) (Sum, error) {
	if _, err := os.Lstat(dir); err == nil {
		return Sum{}, core.Errorf(core.Conflict, "%s is there already", dir)
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return Sum{}, err
	}
	tmp, err := os.MkdirTemp(parent, aside+"*")
	if err != nil {
		return Sum{}, err
	}
	defer os.RemoveAll(tmp)
	sum, err := extract(r, tmp, want, l)
	if err != nil {
		return Sum{}, err
	}
	return sum, place(tmp, dir)
}

// RemoveLeftovers removes what crashes during [Unpack] left in the folder that the packs
// lie in. Nothing may be unpacking there.
func RemoveLeftovers(parent string) error {
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), aside) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(parent, e.Name())))
		}
	}
	return err
}

// place gives an unpacked pack its name, once all of it is on the disk.
func place(tmp, dir string) error {
	top, err := topOf(tmp)
	if err != nil {
		return err
	}
	if err := os.Chmod(top, 0o755); err != nil { // actions may run as other users
		return err
	}
	if err := syncFolders(top); err != nil {
		return err
	}
	if err := os.Rename(top, dir); errors.Is(err, fs.ErrExist) {
		return core.Errorf(core.Conflict, "%s is there already", dir)
	} else if err != nil {
		return err
	}
	return syncPath(filepath.Dir(dir))
}

// topOf finds the pack in what was unpacked: all of it, or its one folder.
func topOf(tmp string) (string, error) {
	if isPack(tmp) {
		return tmp, nil
	}
	entries, err := os.ReadDir(tmp)
	if err != nil {
		return "", err
	}
	if len(entries) == 1 && isPack(filepath.Join(tmp, entries[0].Name())) {
		return filepath.Join(tmp, entries[0].Name()), nil
	}
	return "", core.Errorf(core.Invalid, "the archive is no pack: it holds no %s, neither at its top nor in the one folder there", manifest)
}

func isPack(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, manifest))
	return err == nil && info.Mode().IsRegular()
}

// syncFolders brings the names of all files below dir to the disk.
func syncFolders(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		return syncPath(path)
	})
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
