package author

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPackNewRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("full", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("full/notes.txt", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"new Hello-World", `"Hello-World" cannot be the name of a pack; use small letters, digits and _, such as hello_world`},
		{"new ../up", `"../up" cannot be the name of a pack; use small letters, digits and _, such as up`},
		{"new _global", `"_global" cannot be the name of a pack; use small letters, digits and _, such as hello`},
		{"new hello full", `full is there already and holds files; name another folder: petrel pack new hello DIR`},
		{"new hello full/notes.txt", `notes.txt: not a directory`},
		{"new hello --runtime wasi", `there is no runtime "wasi"; choose from process, wasm`},
		{"new hello --lang rust", `there is no template for the language "rust", only for go; docs/wasm-abi.md says how`},
		{"new hello --lang ..", `there is no template for the language "..", only for go`},
		{"build", `a new pack is made with: petrel pack new NAME`},
		{"build nowhere", `there is no folder nowhere`},
		{"build full", `full is no pack: it holds no pack.yaml; a new pack is made with: petrel pack new NAME`},
		{"build full/notes.txt", `full/notes.txt is a file: name the folder of the pack`},
	} {
		mustFail(t, c.want, strings.Fields(c.args)...)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
		t.Errorf("something was made after all: %v %v", entries, err)
	}
}

// TestPackNewNeedsGo says what to install where there is no Go, or an old one that may not
// fetch another.
func TestPackNewNeedsGo(t *testing.T) {
	oldest, err := oldestGo()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	mustFail(t, fmt.Sprintf("no Go tool chain found: packs written in Go need Go %s or newer; install it from https://go.dev/dl/", oldest), "new", "hello")

	old := func(switching string) {
		script := "#!/bin/sh\necho go1.22.1\necho " + switching + "\n"
		if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	old("local")
	mustFail(t, fmt.Sprintf("is go1.22.1, and packs need Go %s or newer", oldest), "new", "hello")
	old("auto") // Go will fetch a newer self
	must(t, "^Made the pack hello", "new", "hello")
}

// TestPackSDK puts the SDK of this Petrel in the place of another.
func TestPackSDK(t *testing.T) {
	f := folderOfDemo(t, map[string]string{".sdk/old.go": "package sdk\n"})
	must(t, "^Unpacked the SDK into ", "sdk", f.dir)
	if _, err := os.Stat(f.path(".sdk/old.go")); !os.IsNotExist(err) {
		t.Errorf("the old SDK is still there: %v", err)
	}
	for _, file := range []string{"go.mod", "pack.go", "sdktest/sdktest.go", "web/web.go", "wire/process/serve.go", "wire/reactor/reactor.go"} {
		if _, err := os.Stat(f.path(".sdk/" + file)); err != nil {
			t.Error(err)
		}
	}
}
