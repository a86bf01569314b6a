package author

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// change is what is to become of one metadata file.
type change struct {
	file string
	fate fate
	text []byte // of write
}

type fate string

const (
	write  fate = "wrote"
	remove fate = "removed"
	keep   fate = "kept" // the author wrote it
	same   fate = "same"
)

// metadataFolders are the folders that metadata is generated into.
var metadataFolders = []string{"actions", "sensors", "triggers"}

// compare says what is to be done to the folder so that its generated files are exactly
// the ones wanted. Files that the author wrote stay.
func compare(dir string, wanted map[string][]byte) ([]change, error) {
	var all []change
	for _, file := range slices.Sorted(maps.Keys(wanted)) {
		there, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		c := change{file: file, text: wanted[file]}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.fate = write
		case err != nil:
			return nil, err
		case !isGenerated(there):
			c.fate = keep
		case bytes.Equal(there, wanted[file]):
			c.fate = same
		default:
			c.fate = write
		}
		all = append(all, c)
	}
	gone, err := leftovers(dir, wanted)
	return append(all, gone...), err
}

// leftovers are generated files of what the code does not bring any more.
func leftovers(dir string, wanted map[string][]byte) ([]change, error) {
	var all []change
	files := []string{configFile}
	for _, folder := range metadataFolders {
		found, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, entry := range found {
			if path.Ext(entry.Name()) == ".yaml" && !entry.IsDir() {
				files = append(files, path.Join(folder, entry.Name()))
			}
		}
	}
	for _, file := range files {
		if wanted[file] != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if isGenerated(text) {
			all = append(all, change{file: file, fate: remove})
		}
	}
	return all, nil
}

func isGenerated(text []byte) bool {
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimRight(first, "\r") == generatedLine
}

// apply makes the change in the folder.
func (c change) apply(dir string) error {
	at := filepath.Join(dir, filepath.FromSlash(c.file))
	switch c.fate {
	case write:
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		return replaceFile(at, c.text, 0o644)
	case remove:
		if err := os.Remove(at); err != nil {
			return err
		}
		removeIfEmpty(filepath.Dir(at), dir)
	}
	return nil
}

// removeIfEmpty removes a folder below the pack's that holds nothing any more.
func removeIfEmpty(folder, packDir string) {
	if folder != packDir {
		_ = os.Remove(folder) // refused where something is in it, as it should be
	}
}

// replaceFile writes a file in one step, so that nobody reads half of it.
func replaceFile(at string, text []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(at), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), at)
}
