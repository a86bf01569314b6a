//go:build !wasip1

package sdk_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/sdk"
)

const helloMod = `module hello

go 1.26.0

require github.com/petrelhq/petrel/sdk v0.0.0

replace github.com/petrelhq/petrel/sdk => ./.sdk
`

const helloMain = `package main

import (
	"context"

	"github.com/petrelhq/petrel/sdk"
)

type greeting struct {
	Name string ` + "`json:\"name\" required:\"true\"`" + `
}

func greet(_ context.Context, in greeting) (string, error) { return "Hello, " + in.Name, nil }

var pack = sdk.NewPack("hello")

func init() { sdk.Action(pack, "greet", "Greets somebody.", greet) }

func main() { sdk.Main(pack) }
`

const helloTest = `package main

import (
	"testing"

	"github.com/petrelhq/petrel/sdk/sdktest"
)

func TestGreet(t *testing.T) {
	var got string
	sdktest.Run(t, pack).Action("greet", greeting{Name: "Ann"}).Decode(&got)
	if got != "Hello, Ann" {
		t.Errorf("got %q", got)
	}
}
`

// TestSourceBuilds unpacks the source beside a pack and wants that to build and to pass its
// test with nothing but the Go tool chain.
func TestSourceBuilds(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, ".sdk"), sdk.Source); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": helloMod, "main.go": helloMain, "main_test.go": helloTest} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(env []string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), append(env, "GOPROXY=off", "GOFLAGS=", "GOWORK=off", "GOMODCACHE="+filepath.Join(dir, "none"))...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run([]string{"GOOS=wasip1", "GOARCH=wasm"}, "build", "-buildmode=c-shared", "-o", "hello.wasm", ".")
	run([]string{"CGO_ENABLED=0"}, "build", "-o", "hello", ".")
	run(nil, "test", ".")
	for _, name := range []string{"hello.wasm", "hello"} {
		holdsNoSource(t, filepath.Join(dir, name))
	}
}

// holdsNoSource wants a program not to carry the source of the SDK.
func holdsNoSource(t *testing.T, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// A sentence of a comment, of which this line is no copy.
	if bytes.Contains(raw, []byte("It is dropped from programs"+"\n// that do not mention it")) {
		t.Errorf("%s holds the source of the SDK", filepath.Base(file))
	}
}

func TestSourceIsWhatPacksNeed(t *testing.T) {
	has := map[string]bool{}
	err := fs.WalkDir(sdk.Source, ".", func(path string, e fs.DirEntry, err error) error {
		has[path] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"go.mod": true, "source.go": true, "wire/wire.go": true, "wire/reactor/reactor.go": true, "wire/process/serve.go": true,
		"internal/schema/schema.go": true, "web/web.go": true, "sdktest/sdktest.go": true, "client": false,
	} {
		if has[path] != want {
			t.Errorf("%s in the source: %t, want %t", path, has[path], want)
		}
	}
	text, err := sdk.Source.ReadFile("source.go")
	if err != nil || !bytes.Contains(text, []byte("It is dropped from programs\n// that do not mention it")) {
		t.Errorf("source.go has another text than the test looks for in programs: %v", err)
	}
}
