package registry

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/petrelhq/petrel/core"
)

// Describe reads and checks the pack in a folder, as core/pack does. dir names the folder
// in what is said of it; where its last part can be the reference of a pack, it is that of
// a pack that names none.
type Describe func(fsys fs.FS, dir string) (core.Pack, error)

// Packaged is an archive made of a pack's folder.
type Packaged struct {
	Pack core.Pack
	Sum  Sum
	File string
}

// ArchiveName is the name of a version's archive: hello-1.2.0.tar.gz.
func ArchiveName(name, version string) string { return name + "-" + version + archiveSuffix }

const archiveSuffix = ".tar.gz"

// Package makes an archive of the pack in dir: the file out, or, where out is a folder
// that exists, a file in it that is named after pack and version. What is there already is
// replaced. The archive is opened again, and must hold the same pack for somebody who
// does not see its folder. Errors are those of describe and of [Pack].
func Package(dir, out string, describe Describe) (*Packaged, error) {
	fsys := os.DirFS(dir)
	p, err := describe(fsys, filepath.ToSlash(dir))
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		out = filepath.Join(out, ArchiveName(p.Ref, p.Version))
	}
	tmp, err := os.MkdirTemp(filepath.Dir(out), ".package-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	made := &Packaged{Pack: p, File: out}
	file := filepath.Join(tmp, ArchiveName(p.Ref, p.Version))
	if made.Sum, err = packFile(fsys, file); err != nil {
		return nil, core.Errorf(core.KindOf(err), "%s: %w", dir, err)
	}
	if err := made.verify(file, describe); err != nil {
		return nil, err
	}
	return made, errors.Join(os.Rename(file, out), syncPath(filepath.Dir(out)))
}

// packFile makes an archive that everybody may read, and brings it to the disk.
func packFile(fsys fs.FS, file string) (Sum, error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return Sum{}, err
	}
	sum, err := Pack(f, fsys)
	if err == nil {
		err = f.Sync()
	}
	return sum, errors.Join(err, f.Close())
}

// verify opens an archive as those do who get it.
func (made *Packaged) verify(file string, describe Describe) error {
	p, sum, err := examine(file, filepath.Base(file), describe)
	switch {
	case err != nil:
		return core.Errorf(core.KindOf(err), "packed, without its folder's name and what is left out, the pack has faults: %w", err)
	case p.Ref != made.Pack.Ref:
		return core.FieldErrorf("ref", "%s says no reference, and an archive has no folder to take %q from: add the line ref: %s", manifest, made.Pack.Ref, made.Pack.Ref)
	case p.Version != made.Pack.Version || sum != made.Sum:
		return core.Errorf(core.Conflict, "the pack changed while it was packaged: try again")
	}
	return nil
}

// examine reads the pack that an archive holds; name stands for the archive in what is
// said of it.
func examine(file, name string, describe Describe) (core.Pack, Sum, error) {
	f, err := os.Open(file)
	if err != nil {
		return core.Pack{}, Sum{}, err
	}
	defer f.Close()
	return examineFrom(f, file+".d", name, describe)
}

// examineFrom unpacks an archive to a folder for as long as describe looks at it.
func examineFrom(r io.Reader, dir, name string, describe Describe) (core.Pack, Sum, error) {
	sum, err := Unpack(r, dir, "", DefaultLimits())
	if err != nil {
		return core.Pack{}, sum, core.Errorf(core.KindOf(err), "%s: %w", name, err)
	}
	defer os.RemoveAll(dir)
	p, err := describe(os.DirFS(dir), name)
	return p, sum, err
}
