package author

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/packs"
)

// known are the actions of the packs that can be seen from here.
type known struct {
	packs   map[string]bool // by reference: true for those that were read as a whole
	actions map[string]bool // by reference
}

// knownActions reads the packs that come with Petrel, the pack a file belongs to, those
// beside that pack, and those in the folders.
func knownActions(file string, folders []string) (*known, error) {
	k := &known{packs: map[string]bool{}, actions: map[string]bool{}}
	if err := k.read(packs.Shipped); err != nil {
		return nil, err
	}
	if own := packOf(file); own != "" {
		folders = append(slices.Clone(folders), filepath.Dir(own))
	}
	for _, folder := range folders {
		if err := k.read(os.DirFS(folder)); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// packOf is the folder of the pack that a file belongs to, "" when it belongs to none.
func packOf(file string) string {
	at, err := filepath.Abs(file)
	if err != nil {
		return ""
	}
	for at != filepath.Dir(at) {
		at = filepath.Dir(at)
		if _, err := os.Stat(filepath.Join(at, "pack.yaml")); err == nil {
			return at
		}
	}
	return ""
}

// read takes in a folder of packs.
func (k *known) read(folder fs.FS) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, err := fs.Stat(folder, path.Join(e.Name(), "pack.yaml")); err != nil {
			continue
		}
		in, err := fs.Sub(folder, e.Name())
		if err != nil {
			return err
		}
		k.readPack(in, e.Name())
	}
	return nil
}

// readPack takes in the actions of a pack. Of one with faults more may be there than was read.
func (k *known) readPack(folder fs.FS, dir string) {
	content, faults := pack.Read(folder, dir)
	if content == nil {
		return
	}
	k.packs[content.Pack.Ref] = len(faults) == 0
	for _, a := range content.Actions {
		k.actions[a.Ref()] = true
	}
}

// has reports whether an action may exist: of packs that are not here nothing is known.
func (k *known) has(ref string) bool {
	name, _, ok := strings.Cut(ref, ".")
	return ok && (k.actions[ref] || !k.packs[name])
}

func (k *known) refs() []string {
	all := make([]string, 0, len(k.actions))
	for ref := range k.actions {
		all = append(all, ref)
	}
	slices.Sort(all)
	return all
}
