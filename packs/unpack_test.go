package packs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/petrelhq/petrel/packs"
)

func TestUnpack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shipped")
	unpack := func() {
		t.Helper()
		if err := packs.Unpack(dir); err != nil {
			t.Fatal(err)
		}
		wantUnpacked(t, dir)
	}
	unpack()

	script := filepath.Join(dir, "linux", "actions", "traceroute.sh")
	if info, err := os.Stat(script); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the script has mode %v, error %v; want 755", info.Mode(), err)
	}
	untouched, err := os.Stat(filepath.Join(dir, "core", "pack.yaml"))
	if err != nil {
		t.Fatal(err)
	}

	write(t, script, "#!/bin/sh\necho changed")
	write(t, filepath.Join(dir, "linux", "actions", "old.yaml"), "name: old")
	write(t, filepath.Join(dir, "gone", "pack.yaml"), "name: gone")
	unpack()

	again, err := os.Stat(filepath.Join(dir, "core", "pack.yaml"))
	if err != nil || !os.SameFile(untouched, again) {
		t.Errorf("a file that was as it should be was replaced; error %v", err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantUnpacked compares a folder with what is embedded, file by file.
func wantUnpacked(t *testing.T, dir string) {
	t.Helper()
	want, got := files(t, packs.Shipped), files(t, os.DirFS(dir))
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s is missing or another one", name)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s was left there", name)
	}
}

func files(t *testing.T, fsys fs.FS) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(fsys, name)
		all[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
