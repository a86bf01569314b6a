package author

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestFingerprint: what the author writes counts, what build makes does not.
func TestFingerprint(t *testing.T) {
	f := folderOfDemo(t, map[string]string{"main.go": "package main\n", "go.mod": "module demo\n"})
	for _, c := range []struct {
		file, text string
		another    bool
	}{
		{"main.go", "package main // changed\n", true},
		{"lib/lib.go", "package lib\n", true},
		{"actions/own.yaml", "name: own\nrunner_type: noop\n", true},
		{"actions/made.yaml", generatedLine + "\nname: made\n", false},
		{"demo.wasm", "other code", false},
		{"demo-1.0.0.tar.gz", "an archive", false},
		{".main.go.swp", "an editor's", false},
		{".git/HEAD", "ref: refs/heads/main\n", false},
		{"pack.yaml", "ref: demo\n", true},
	} {
		before, err := f.fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(f.path(c.file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.path(c.file), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		after, err := f.fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		if (before != after) != c.another {
			t.Errorf("%s: the fingerprint is another: %t, want %t", c.file, before != after, c.another)
		}
	}
}

// TestWatch hears of changes in folders that are made while it watches.
func TestWatch(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	changed, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- watch(ctx, dir, changed) }()
	hear := func(what string) {
		t.Helper()
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s was not heard of", what)
		}
	}
	hear("the start")
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	hear("a folder")
	if err := os.WriteFile(filepath.Join(dir, "a", "b", "c.go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	hear("a file in it")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
