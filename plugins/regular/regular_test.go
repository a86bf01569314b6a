package regular

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestReadKey(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{"key": []byte("a key"), "large": bytes.Repeat([]byte("x"), maxKey+1), "empty": nil}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "key"):   "",
		filepath.Join(dir, "empty"): "",
		filepath.Join(dir, "large"): "too large",
		filepath.Join(dir, "pipe"):  "not a regular file", // nobody writes to it
		filepath.Join(dir, "none"):  "no such file",
		dir:                         "not a regular file",
		"/dev/zero":                 "not a regular file",
	} {
		got, err := ReadKey(path)
		if want == "" {
			if err != nil || !bytes.Equal(got, files[filepath.Base(path)]) {
				t.Errorf("%s: %q, error %v", path, got, err)
			}
			continue
		}
		var known *fs.PathError
		if !errors.As(err, &known) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}
