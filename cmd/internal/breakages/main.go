// Command breakages checks the tests: it applies known mistakes to a copy of the source,
// one at a time, and fails when a mistake passes the tests unnoticed.
//
// Each mistake is a patch in cmd/petrel/testdata/breakages that says in its head why it
// matters and which test has to catch it:
//
//	# why: what would happen to a user
//	# test: go test ./core/store -run TestX
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("patches", filepath.Join("cmd", "petrel", "testdata", "breakages"), "directory of the patches")
	only := flag.String("only", "*", "patches to try, by a pattern for their names")
	verbose := flag.Bool("v", false, "print what the tests print")
	flag.Parse()
	unnoticed, err := try(*dir, *only, *verbose)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "breakages:", err)
		os.Exit(1)
	case unnoticed > 0:
		fmt.Fprintf(os.Stderr, "breakages: %d not caught\n", unnoticed)
		os.Exit(1)
	}
}

// try tries all patches and returns how many were not caught by their test.
func try(dir, only string, verbose bool) (unnoticed int, err error) {
	patches, err := readPatches(dir, only)
	if err != nil {
		return 0, err
	}
	tree, err := copyTree(".")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tree)
	r := &runner{tree: tree, verbose: verbose, sound: map[string]error{}}
	for _, p := range patches {
		finding, err := r.try(p)
		if err != nil {
			return unnoticed, fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Printf("%s: %s\n", p.name, finding.text)
		if !finding.caught {
			unnoticed++
		}
	}
	return unnoticed, nil
}
