// Package newfile makes files that are made once, such as keys and accounts.
package newfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Make makes a file (0600), whole and on disk or not at all: half of one would count as
// made. Of several processes that do so at once one wins; the error is fs.ErrExist for the
// others, and when the file has been there.
func Make(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(os.Link(f.Name(), path), syncDir(filepath.Dir(path)))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
