package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// patch is a mistake.
type patch struct {
	name string   // of the file, without .patch
	path string   // absolute
	test []string // the command that has to fail
}

// readPatches reads the patches whose names fit the pattern, in the order of their names.
func readPatches(dir, pattern string) ([]patch, error) {
	paths, err := filepath.Glob(filepath.Join(dir, pattern+".patch"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no patches %s in %s", pattern, dir)
	}
	slices.Sort(paths)
	patches := make([]patch, 0, len(paths))
	for _, path := range paths {
		p, err := readPatch(path)
		if err != nil {
			return nil, err
		}
		patches = append(patches, p)
	}
	return patches, nil
}

func readPatch(path string) (patch, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return patch{}, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return patch{}, err
	}
	p := patch{name: strings.TrimSuffix(filepath.Base(path), ".patch"), path: path}
	for line := range bytes.Lines(raw) {
		if command, ok := bytes.CutPrefix(line, []byte("# test: ")); ok {
			p.test = strings.Fields(string(command))
		}
	}
	if len(p.test) < 3 || p.test[0] != "go" || p.test[1] != "test" {
		return patch{}, fmt.Errorf("%s needs a line such as: # test: go test ./core/store -run TestX", path)
	}
	return p, nil
}
