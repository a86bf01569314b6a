package author

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
)

// packFolder is the folder of a pack that somebody works on.
type packFolder struct {
	dir     string // absolute
	shown   string // as messages name it
	pack    *core.Pack
	carrier carrier
	code    string // where its code lies, relative to dir, with slashes; "" for a pack without
}

// openPack reads the pack.yaml of a folder. Other files of the pack may have faults.
func openPack(dir string) (*packFolder, error) {
	at, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(filepath.Join(at, "pack.yaml"))
	switch info, dirErr := os.Stat(at); {
	case errors.Is(dirErr, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no folder %s; a new pack is made with: petrel pack new NAME", dir)
	case dirErr == nil && !info.IsDir():
		return nil, fmt.Errorf("%s is a file: name the folder of the pack", dir)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s is no pack: it holds no pack.yaml; a new pack is made with: petrel pack new NAME", dir)
	}
	manifest, faults := pack.ReadManifest(os.DirFS(at), filepath.Base(at))
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	f := &packFolder{dir: at, shown: dir, pack: manifest}
	if r := manifest.Runtime; r != nil {
		f.code = r.Module
		if len(r.Command) > 0 {
			f.code = r.Command[0]
		}
		f.carrier, err = carrierOf(r.Type)
	}
	return f, err
}

// path is the place of one of the pack's files on this machine.
func (f *packFolder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// inGo reports whether the pack's code is Go source in the folder. Otherwise other tools
// put the code where it belongs.
func (f *packFolder) inGo() bool {
	_, err := os.Stat(f.path("go.mod"))
	return err == nil
}

// read reads the whole pack as the server will, and returns what is wrong with it.
func (f *packFolder) read() (*pack.Content, error) {
	content, faults := pack.Read(os.DirFS(f.dir), filepath.Base(f.dir))
	return content, errors.Join(faults...)
}
