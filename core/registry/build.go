package registry

import (
	"cmp"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// IndexFile is the name of the index that [Build] makes.
const IndexFile = "index.json"

// Building says what [Build] makes of which packs.
type Building struct {
	Dir  string // holds the packs: folders with a pack.yaml and archives (*.tar.gz)
	Out  string // gets the archives and the index; default Dir
	URL  string // under which Out will be served; empty makes the index's addresses relative to its own
	Name string // of the index; empty keeps the one it has

	Describe Describe
}

// Built is a version that the index got from Dir.
type Built struct {
	Name    string
	Version string
	Release Release
	New     bool // it was not in the index before
}

// Build makes an index of a folder of packs, and the archives it lists, named
// NAME-VERSION.tar.gz. The same packs give the same bytes again. Versions that an index in
// Out lists already stay, though their packs may be gone from Dir.
//
// Nothing is written unless all packs are in order. Errors are Invalid, every pack's at
// once, or Conflict when a version is published already with other content.
func Build(b Building) ([]Built, error) {
	b.Out = cmp.Or(b.Out, b.Dir)
	index, err := readIndex(filepath.Join(b.Out, IndexFile))
	if err != nil {
		return nil, err
	}
	index.Name = cmp.Or(b.Name, index.Name)
	prefix, err := prefixOf(b.URL)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.Out, 0o755); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(b.Out, ".build-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	w := &building{Building: b, index: index, prefix: prefix, tmp: tmp, files: map[string]string{}}
	if err := w.addAll(); err != nil {
		return nil, err
	}
	return w.built, w.publish()
}

// readIndex reads the index that is there already; none is an empty one.
func readIndex(file string) (*Index, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &Index{Format: format, Packs: map[string]Listing{}}, nil
	} else if err != nil {
		return nil, err
	}
	x, err := ParseIndex(raw)
	if err != nil {
		return nil, core.Errorf(core.Invalid, "%s is there already and cannot be kept: %w", file, err)
	}
	return x, nil
}

// prefixOf is what stands before an archive's name in its address.
func prefixOf(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	u, err := parseAddress(address)
	if err != nil {
		return "", err
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", core.Errorf(core.Invalid, "the address %s needs to end with its path, and to hold no password", u.Redacted())
	}
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}

// building is one Build under way.
type building struct {
	Building
	index  *Index
	prefix string            // of the archives' addresses
	tmp    string            // a folder in Out
	files  map[string]string // new archives by their names in Out
	built  []Built
}

func (w *building) addAll() error {
	entries, err := os.ReadDir(w.Dir)
	if err != nil {
		return err
	}
	var faults []error
	for _, e := range entries {
		if err := w.addEntry(e); err != nil {
			faults = append(faults, err)
		}
	}
	switch {
	case len(faults) > 0:
		return errors.Join(faults...)
	case len(w.built) == 0:
		return core.Errorf(core.Invalid, "%s holds no packs: neither folders with a %s nor archives", w.Dir, manifest)
	}
	return nil
}

// addEntry takes in what is a pack and passes over the rest.
func (w *building) addEntry(e fs.DirEntry) error {
	at := filepath.Join(w.Dir, e.Name())
	switch {
	case strings.HasPrefix(e.Name(), "."):
		return nil
	case strings.HasSuffix(e.Name(), archiveSuffix):
		return w.addArchive(at)
	case isPack(at):
		return w.addFolder(at)
	}
	return nil
}

// add puts a version into the index, unless it is there with the same content.
func (w *building) add(c candidate) error {
	name, version := c.pack.Ref, c.pack.Version
	release := Release{
		URL: w.prefix + (&url.URL{Path: ArchiveName(name, version)}).EscapedPath(), SHA256: c.sum.SHA256, Size: c.sum.Size,
		Permissions: c.pack.Permissions, Runtime: c.pack.Runtime,
	}
	old, known := w.index.Packs[name].Versions[version]
	if known && old.SHA256 != release.SHA256 {
		if !w.sameContent(ArchiveName(name, version), c.file) {
			return core.Errorf(core.Conflict, "%s: %s %s is published already with other content (sha256 %s, now %s): raise its version", c.from, name, version, old.SHA256, release.SHA256)
		}
		release.SHA256, release.Size = old.SHA256, old.Size
	} else {
		w.files[ArchiveName(name, version)] = c.file
	}
	w.list(c.pack, release)
	w.note(Built{Name: name, Version: version, Release: release, New: !known})
	return nil
}

// note remembers a version; a folder and its archive are one.
func (w *building) note(b Built) {
	twin := func(o Built) bool { return o.Name == b.Name && o.Version == b.Version }
	if !slices.ContainsFunc(w.built, twin) {
		w.built = append(w.built, b)
	}
}

// list enters a release; the newest version's texts are the pack's.
func (w *building) list(p core.Pack, release Release) {
	l := w.index.Packs[p.Ref]
	if l.Versions == nil {
		l.Versions = map[string]Release{}
	}
	l.Versions[p.Version] = release
	if newest(l.versions()) == p.Version {
		l.Description, l.Author, l.Keywords = p.Description, p.Author, p.Keywords
	}
	w.index.Packs[p.Ref] = l
}

// sameContent compares the archive that is published under a name with a new one, as far
// as they unpack to the same: another Go may compress otherwise.
func (w *building) sameContent(name, file string) bool {
	published, ok := w.files[name]
	if !ok {
		published = filepath.Join(w.Out, name)
	}
	old, err := contentSum(published)
	if err != nil {
		return false
	}
	sum, err := contentSum(file)
	return err == nil && old == sum
}

// publish gives the archives their names and then the index, each in one step.
func (w *building) publish() error {
	raw, err := w.index.Encode()
	if err != nil {
		return err
	}
	for name, file := range w.files {
		if err := os.Rename(file, filepath.Join(w.Out, name)); err != nil {
			return err
		}
	}
	if err := syncPath(w.Out); err != nil { // an index never lists what a power cut took
		return err
	}
	file := filepath.Join(w.tmp, IndexFile)
	if err := errors.Join(os.WriteFile(file, raw, 0o644), syncPath(file)); err != nil {
		return err
	}
	return errors.Join(os.Rename(file, filepath.Join(w.Out, IndexFile)), syncPath(w.Out))
}
