package author

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamplePacks builds and tests the packs of the folder packs that are written with the
// SDK, in a copy. Their metadata lies in the repository, so building them writes nothing.
func TestExamplePacks(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"watch", "hostfacts"} {
		t.Run(name, func(t *testing.T) {
			offline(t)
			work := t.TempDir()
			if err := os.Symlink(filepath.Join(root, "sdk"), filepath.Join(work, "sdk")); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(work, "packs", name)
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "packs", name))); err != nil {
				t.Fatal(err)
			}
			out, err := packVerb(t, "build", dir)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, word := range []string{"wrote", "removed", "kept", "warning"} {
				if strings.Contains(out, word) {
					t.Errorf("the metadata is out of step; build packs/%s and keep what it writes:\n%s", name, out)
				}
			}
			must(t, `(?s)ok .*in step   `+name, "test", dir)
		})
	}
}
