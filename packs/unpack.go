package packs

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Unpack makes dir hold the shipped packs and nothing else, for what needs files of its
// own on a disk, such as scripts that are sent to other machines. Files that are as they
// should be are left alone; others are replaced in one step each.
func Unpack(dir string) error {
	err := fs.WalkDir(Shipped, ".", func(name string, entry fs.DirEntry, err error) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(path, 0o755)
		}
		content, err := fs.ReadFile(Shipped, name)
		if err != nil {
			return err
		}
		return unpackFile(path, content)
	})
	if err != nil {
		return err
	}
	return removeOthers(dir)
}

// unpackFile writes a file, unless it is there already.
func unpackFile(path string, content []byte) error {
	mode := os.FileMode(0o644)
	if bytes.HasPrefix(content, []byte("#!")) {
		mode = 0o755 // scripts; the embedded form keeps no modes
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return os.Chmod(path, mode)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// removeOthers removes what an earlier version shipped and this one does not.
func removeOthers(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if _, err := fs.Stat(Shipped, filepath.ToSlash(name)); err == nil {
			return nil
		}
		if err := os.RemoveAll(path); err != nil || !entry.IsDir() {
			return err
		}
		return filepath.SkipDir
	})
}
