package registry

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// extraction is one archive on its way into a folder.
type extraction struct {
	limits  Limits
	archive *archiveReader
	root    *os.Root
	paths   *paths
	left    int64 // bytes that files may still take
}

// extract writes an archive's files below dir. That the archive is not the promised one is
// told before anything else that is wrong with it.
func extract(r io.Reader, dir, want string, l Limits) (Sum, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Sum{}, err
	}
	defer root.Close()
	x := &extraction{limits: l, archive: newArchiveReader(r, l.Archive), root: root, paths: newPaths(l), left: l.Bytes}
	fault := x.unzip()
	if _, err := io.Copy(io.Discard, x.archive); err != nil {
		return Sum{}, err
	}
	sum := x.archive.summing.sum()
	if err := sum.Check(want); err != nil {
		return Sum{}, err
	}
	return sum, fault
}

// archiveReader sums up an archive while it is read, up to the most bytes it may have.
type archiveReader struct {
	from    io.Reader
	most    int64
	summing *summing
	failed  error
}

func newArchiveReader(r io.Reader, most int64) *archiveReader {
	return &archiveReader{from: r, most: most, summing: newSumming()}
}

func (a *archiveReader) Read(p []byte) (int, error) {
	if a.failed != nil {
		return 0, a.failed
	}
	n, err := a.from.Read(p)
	_, _ = a.summing.Write(p[:n]) // never fails
	if a.summing.size > a.most {
		err = core.Errorf(core.TooLarge, "the archive is larger than %d bytes", a.most)
	}
	if err != nil && err != io.EOF {
		a.failed = err
	}
	return n, err
}

// contentReader bounds what an archive unpacks to.
type contentReader struct {
	from    io.Reader
	archive *archiveReader
	limits  Limits
	size    int64
}

func (c *contentReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.size += int64(n)
	switch {
	case c.size > c.limits.Bytes:
		return 0, core.Errorf(core.TooLarge, "the archive unpacks to more than %d bytes", c.limits.Bytes)
	case c.size > 1<<20 && c.size > c.archive.summing.size*c.limits.Ratio:
		return 0, core.Errorf(core.TooLarge, "the archive unpacks to more than %d times its size", c.limits.Ratio)
	}
	return n, err
}

// unzip takes an archive apart that is one gzip member and nothing after it.
func (x *extraction) unzip() error {
	buffered := bufio.NewReader(x.archive)
	zr, err := gzip.NewReader(buffered)
	if err != nil {
		return x.fault("the archive is no tar.gz: %w", err)
	}
	zr.Multistream(false)
	content := &contentReader{from: zr, archive: x.archive, limits: x.limits}
	if err := x.untar(tar.NewReader(content)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, content); err != nil { // up to gzip's own check sum
		return x.fault("the archive is damaged: %w", err)
	}
	if _, err := buffered.Peek(1); err == nil {
		return core.Errorf(core.Invalid, "something follows the archive's end")
	}
	return nil
}

// fault words what is wrong with the archive's form; what has a kind keeps it, and so does
// a failure to read the archive at all.
func (x *extraction) fault(format string, err error) error {
	if x.archive.failed != nil {
		return x.archive.failed
	}
	if core.KindOf(err) != core.Internal {
		return err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return core.Errorf(core.Invalid, format, err)
}

func (x *extraction) untar(tr *tar.Reader) error {
	for {
		h, err := tr.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return x.fault("the archive is damaged: %w", err)
		}
		if err := x.entry(tr, h); err != nil {
			return err
		}
	}
}

func (x *extraction) entry(tr *tar.Reader, h *tar.Header) error {
	if h.Typeflag == tar.TypeXGlobalHeader { // git archive's note of its commit
		return nil
	}
	name := strings.TrimSuffix(strings.TrimPrefix(h.Name, "./"), "/")
	folder := h.Typeflag == tar.TypeDir
	if what, refused := refusals[h.Typeflag]; refused || !folder && h.Typeflag != tar.TypeReg {
		if !refused {
			what = "an entry of an unknown type"
		}
		return core.Errorf(core.Invalid, "%q in the archive is %s; a pack holds plain files and folders", h.Name, what)
	}
	if folder && (name == "" || name == ".") { // tar -C pack .
		return nil
	}
	if err := x.paths.add(name, folder); err != nil {
		return err
	}
	if folder {
		return x.root.MkdirAll(name, 0o755)
	}
	return x.file(tr, name, h)
}

// refusals are the entries an archive may not hold.
var refusals = map[byte]string{
	tar.TypeLink: "a link", tar.TypeSymlink: "a symbolic link", tar.TypeChar: "a device",
	tar.TypeBlock: "a device", tar.TypeFifo: "a pipe", tar.TypeGNUSparse: "a sparse file",
}

func (x *extraction) file(tr *tar.Reader, name string, h *tar.Header) error {
	if x.left -= h.Size; x.left < 0 { // sparse files claim more than the archive holds
		return core.Errorf(core.TooLarge, "the archive unpacks to more than %d bytes", x.limits.Bytes)
	}
	if err := x.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := x.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode(h.FileInfo().Mode()))
	if err != nil {
		return err
	}
	from := &remembering{from: tr}
	_, err = io.Copy(f, from)
	if from.err != nil {
		err = x.fault("the archive is damaged: %w", from.err)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// remembering tells whether it was the reading that failed, where the writing may too.
type remembering struct {
	from io.Reader
	err  error
}

func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
