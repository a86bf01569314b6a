package registry

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
)

// Pack writes a pack's folder as an archive: a gzipped tar with the files at its top,
// ordered by name, without owners and times, so that the same content always makes the
// same archive, whatever its folder is called. Files are readable for all; one that
// somebody may execute stays executable.
//
// Left out are: whatever begins with a dot (.git, .sdk, hidden build folders), compiled
// Python (__pycache__, *.pyc), Go's tests (*_test.go, testdata), empty folders, and
// archives (*.tar.gz) at the top, where packaging leaves them. Go sources stay.
//
// Links and devices are refused, and so is what [Unpack] would refuse under
// [DefaultLimits]; such errors are Invalid or TooLarge.
func Pack(w io.Writer, fsys fs.FS) (Sum, error) {
	files, err := filesOf(fsys)
	if err != nil {
		return Sum{}, err
	}
	sum := newSumming()
	zw, err := gzip.NewWriterLevel(io.MultiWriter(w, sum), gzip.BestCompression)
	if err != nil {
		return Sum{}, err
	}
	if err := writeTar(zw, fsys, files); err != nil {
		return Sum{}, err
	}
	if err := zw.Close(); err != nil {
		return Sum{}, err
	}
	if most := DefaultLimits().Archive; sum.size > most {
		return Sum{}, core.Errorf(core.TooLarge, "the archive is larger than %d bytes", most)
	}
	return sum.sum(), nil
}

// filesOf lists the files of a pack that belong in its archive, ordered by name.
func filesOf(fsys fs.FS) ([]string, error) {
	var files []string
	paths := newPaths(DefaultLimits())
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case leftOut(name) && e.IsDir():
			return fs.SkipDir
		case leftOut(name) || e.IsDir():
			return nil
		case !e.Type().IsRegular():
			return core.Errorf(core.Invalid, "%s is no plain file (%s): put a copy in its place", name, e.Type())
		}
		files = append(files, name)
		return paths.add(name, false)
	})
	return files, err
}

// leftOut is the rule that the comment of Pack tells.
func leftOut(name string) bool {
	base := path.Base(name)
	switch {
	case strings.HasPrefix(base, "."), base == "__pycache__", base == "testdata":
		return true
	case strings.HasSuffix(base, ".pyc"), strings.HasSuffix(base, "_test.go"):
		return true
	}
	return base == name && strings.HasSuffix(base, ".tar.gz")
}

func writeTar(w io.Writer, fsys fs.FS, files []string) error {
	tw := tar.NewWriter(w)
	left := DefaultLimits().Bytes
	for _, name := range files {
		n, err := writeFile(tw, fsys, name)
		if err != nil {
			return err
		}
		if left -= n + 1024; left < 0 { // a header and padding
			return core.Errorf(core.TooLarge, "the pack's files are larger than %d bytes together", DefaultLimits().Bytes)
		}
	}
	return tw.Close()
}

func writeFile(tw *tar.Writer, fsys fs.FS, name string) (int64, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: int64(fileMode(info.Mode())), ModTime: time.Unix(0, 0)}
	if err := tw.WriteHeader(h); err != nil {
		return 0, err
	}
	return io.Copy(tw, f)
}

// fileMode keeps of a file's mode whether it can be executed.
func fileMode(m fs.FileMode) fs.FileMode {
	if m&0o111 != 0 {
		return 0o755
	}
	return 0o644
}
