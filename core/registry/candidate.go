package registry

import (
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/petrelhq/petrel/core"
)

// candidate is a pack that may get into an index.
type candidate struct {
	from string // what Dir has it as, for errors
	file string // its archive, in the temporary folder
	sum  Sum
	pack core.Pack
}

func (w *building) addFolder(at string) error {
	tmp, err := os.MkdirTemp(w.tmp, "*")
	if err != nil {
		return err
	}
	made, err := Package(at, tmp, w.Describe)
	if err != nil {
		return err
	}
	return w.add(candidate{from: at, file: made.File, sum: made.Sum, pack: made.Pack})
}

// addArchive takes an archive as it is.
func (w *building) addArchive(at string) error {
	from, err := os.Open(at)
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.CreateTemp(w.tmp, "*"+archiveSuffix)
	if err != nil {
		return err
	}
	p, sum, err := examineFrom(io.TeeReader(from, f), f.Name()+".d", filepath.ToSlash(at), w.Describe)
	if err == nil {
		err = errors.Join(f.Chmod(0o644), f.Sync())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return w.add(candidate{from: at, file: f.Name(), sum: sum, pack: p})
}

// contentSum sums up what an archive holds once it is not compressed.
func contentSum(file string) (Sum, error) {
	f, err := os.Open(file)
	if err != nil {
		return Sum{}, err
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return Sum{}, err
	}
	s := newSumming()
	most := DefaultLimits().Bytes
	n, err := io.Copy(s, io.LimitReader(zr, most+1))
	if err == nil && n > most {
		err = fs.ErrInvalid
	}
	return s.sum(), err
}
