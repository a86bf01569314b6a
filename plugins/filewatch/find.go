package filewatch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// locate finds the file that a stored mark is in: at the path, or beside it when it was
// rotated. A file is known by its inode together with its content; a copy, such as an
// editor leaves at the path, by its content alone. It returns nil when there is none.
func (t *tail) locate(m mark) *file {
	if f := t.known(t.path, m, true); f != nil {
		return f
	}
	beside := t.beside()
	for _, path := range beside {
		if f := t.known(path, m, true); f != nil {
			return f
		}
	}
	for _, path := range append([]string{t.path}, beside...) {
		if f := t.known(path, m, false); f != nil {
			return f
		}
	}
	return nil
}

// known opens the file at path if a mark is in it, at the mark. Content that was not read
// yet tells nothing: then only the inode counts, and beside the path only under a name
// that looks like a rotation's, because inodes are used again.
func (t *tail) known(path string, m mark, byInode bool) *file {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() < m.Offset {
		return nil
	}
	device, inode := identity(info)
	related := path == t.path || t.related(path)
	switch {
	case byInode && inode != m.Inode,
		byInode && m.Offset == 0 && (device != m.Device || !related),
		!byInode && (m.Offset == 0 || !related):
		return nil
	}
	f, err := openFile(path)
	if err != nil {
		return nil
	}
	if err := f.moveTo(m.Offset, m.Skip); err != nil || fingerprint(f.head, f.before) != m.Print || t.holds(f) {
		f.Close()
		return nil
	}
	return f
}

// holds reports whether a file is being read already.
func (t *tail) holds(f *file) bool {
	for _, o := range t.files {
		if o.device == f.device && o.inode == f.inode {
			return true
		}
	}
	return false
}

// findCopy finds a copy of a truncated file's old content, for rotations that copy.
func (t *tail) findCopy(f *file) *file {
	if f.offset == 0 {
		return nil
	}
	m := f.mark()
	for _, path := range t.beside() {
		if c := t.known(path, m, false); c != nil {
			return c
		}
	}
	return nil
}

// rotatedSince opens the files that came to the path and were rotated away while nobody
// watched, oldest first: those written to after the newest one known, which lies under a
// rotation's name itself.
func (t *tail) rotatedSince(newest *file) []*file {
	info, err := newest.Stat()
	if err != nil || !t.rotated(newest.Name()) {
		return nil
	}
	written := map[*file]time.Time{}
	var files []*file
	for _, path := range t.beside() {
		now, err := os.Stat(path)
		if err != nil || !t.rotated(path) || !now.ModTime().After(info.ModTime()) {
			continue
		}
		f, err := openFile(path)
		if err != nil {
			continue
		}
		if t.holds(f) {
			f.Close()
			continue
		}
		files, written[f] = append(files, f), now.ModTime()
	}
	slices.SortFunc(files, func(a, b *file) int { return written[a].Compare(written[b]) })
	return files
}

var rotationForm = regexp.MustCompile(`^[.-][0-9][0-9.:T_-]*$`)

// rotated reports whether a name is the path's with a rotation's number or date behind it.
func (t *tail) rotated(path string) bool {
	end, ok := strings.CutPrefix(filepath.Base(path), filepath.Base(t.path))
	return ok && rotationForm.MatchString(end)
}

// beside lists the other files of the path's folder.
func (t *tail) beside() []string {
	dir := filepath.Dir(t.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var paths []string
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name() != filepath.Base(t.path) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
}

// related reports whether a name begins as the path's does, such as app.log.1 and
// app-2026.log beside app.log.
func (t *tail) related(path string) bool {
	base := filepath.Base(t.path)
	stem, _, _ := strings.Cut(base, ".")
	if stem == "" {
		stem = base
	}
	return strings.HasPrefix(filepath.Base(path), stem)
}
