package pack

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack/document"
)

// st2: metadata reference 1, names; 2, pack.yaml.
var (
	refForm     = regexp.MustCompile(`^[a-z0-9_]+$`)
	versionForm = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
)

const reservedRef = "_global"

// ReadManifest reads only the pack.yaml of the pack in fsys; dir is the name of its
// folder. Whether the pack's code has been built is not its business. It reports every
// fault as [Read] does; without a readable pack.yaml there is no pack.
func ReadManifest(fsys fs.FS, dir string) (*core.Pack, []error) {
	r := &reading{fsys: fsys, content: &Content{dir: dir, documents: map[string]*document.Value{}}}
	if !r.readPack() {
		return nil, r.errs
	}
	return &r.content.Pack, r.errs
}

// readPack reads pack.yaml and reports whether the rest can be read.
func (r *reading) readPack() bool {
	const file = "pack.yaml"
	if _, err := fs.Stat(r.fsys, file); errors.Is(err, fs.ErrNotExist) {
		r.errs = append(r.errs, core.Errorf(core.Invalid, "%s is no pack: it holds no pack.yaml", r.content.dir))
		return false
	}
	s, ok := r.open(file)
	if !ok {
		return false
	}
	p := s.pack(r.content.dir)
	r.close(s)
	if p == nil {
		return false
	}
	p.Files = listFiles(r.fsys)
	r.content.Pack = *p
	return true
}

func (s *source) pack(dir string) *core.Pack {
	s.versionToText()
	s.runtimeToObject()
	p := &core.Pack{}
	if !s.fill(packShape(), p) {
		return nil
	}
	if !versionForm.MatchString(p.Version) {
		s.fail([]string{"version"}, "version %q needs three numbers, such as 1.0.0", p.Version)
	}
	if p.Ref = s.packRef(p, dir); p.Ref == "" {
		return nil
	}
	s.completeRuntime(p)
	s.checkPermissions(p.Permissions)
	// st2 differs: email may be missing, as StackStorm's own schema says.
	p.ID, p.Path, p.Digest, p.Extra = "", "", "", s.extra()
	return p
}

// versionToText makes 0.2 the text "0.2", which is then refused for what it is.
func (s *source) versionToText() {
	f := s.value.Field("version")
	if f == nil {
		return
	}
	if n, ok := f.Value.Scalar.(json.Number); ok {
		f.Value.Scalar = string(n)
	}
}

// packRef derives the ref: as written, else the folder's name if it is known, else the
// pack's name.
func (s *source) packRef(p *core.Pack, dir string) string {
	candidates := []string{path.Base(dir), p.Name}
	switch {
	case p.Ref != "":
		candidates = []string{p.Ref}
	case dir == "":
		candidates = candidates[1:]
	}
	for _, ref := range candidates {
		if refForm.MatchString(ref) && ref != reservedRef {
			return ref
		}
	}
	s.fail([]string{"ref"}, "%q cannot be the reference of a pack; give it a ref of small letters, digits and _", candidates[0])
	return ""
}

// extra returns the keys of pack.yaml that core.Pack has no field for.
func (s *source) extra() map[string]any {
	var extra map[string]any
	for _, f := range s.value.Fields {
		if slices.Contains(packFields(), f.Name) {
			continue
		}
		if extra == nil {
			extra = map[string]any{}
		}
		extra[f.Name] = f.Value.Interface()
	}
	return extra
}

func packFields() []string {
	var names []string
	for f := range reflect.TypeFor[core.Pack]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// listFiles lists a pack's files, but for compiled Python and git's own.
func listFiles(fsys fs.FS) []string {
	var files []string
	_ = fs.WalkDir(fsys, ".", func(file string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // a folder that cannot be read has no files to list
		case e.IsDir() && e.Name() == ".git":
			return fs.SkipDir
		case !e.IsDir() && path.Ext(file) != ".pyc":
			files = append(files, file)
		}
		return nil
	})
	return files
}
