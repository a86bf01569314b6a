package registry

import (
	"io/fs"
	"path"
	"strings"
	"unicode"

	"github.com/petrelhq/petrel/core"
)

// paths are the files and folders of one archive. They must lie inside it, each once, and
// be different from each other on every file system.
type paths struct {
	limits Limits
	seen   map[string]entry // by path in small letters
}

type entry struct {
	name   string
	folder bool
}

func newPaths(l Limits) *paths { return &paths{limits: l, seen: map[string]entry{}} }

// add takes in a file or folder and the folders it lies in. Errors are Invalid or TooLarge.
func (p *paths) add(name string, folder bool) error {
	if err := p.check(name); err != nil {
		return err
	}
	for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
		if err := p.put(parent, true); err != nil {
			return err
		}
	}
	return p.put(name, folder)
}

func (p *paths) put(name string, folder bool) error {
	key := strings.ToLower(name)
	old, known := p.seen[key]
	switch {
	case known && old.name != name:
		return core.Errorf(core.Invalid, "%q and %q in the archive differ only in capital letters, which some machines do not tell apart", old.name, name)
	case known && (!folder || !old.folder):
		return core.Errorf(core.Invalid, "%q is in the archive twice", name)
	case !known && len(p.seen) >= p.limits.Entries:
		return core.Errorf(core.TooLarge, "the archive holds more than %d files and folders", p.limits.Entries)
	}
	p.seen[key] = entry{name, folder}
	return nil
}

func (p *paths) check(name string) error {
	if len(name) > p.limits.Path {
		return core.Errorf(core.TooLarge, "the path %.60q… in the archive is longer than %d bytes", name, p.limits.Path)
	}
	if !fs.ValidPath(name) {
		return core.Errorf(core.Invalid, "%q in the archive is no path inside it: absolute paths, \"..\" and empty names are refused", name)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r == '\\' || unicode.IsControl(r) }) {
		return core.Errorf(core.Invalid, "%q in the archive has a backslash or a control character in its name", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > component {
			return core.Errorf(core.TooLarge, "the name %.60q… in the archive is longer than %d bytes", part, component)
		}
	}
	return nil
}
