package wasm

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "wasm-child" {
		if err := ServeChild(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "nothing" { // what fork and exec of a Go program takes
		return
	}
	goleak.VerifyTestMain(m)
}

// compiled remembers what the tests of this process have compiled.
var compiled sync.Map

// once returns what build leaves in a file, and builds it once.
func once(t testing.TB, key string, build func(file string) *exec.Cmd) []byte {
	t.Helper()
	get, _ := compiled.LoadOrStore(key, sync.OnceValues(func() ([]byte, error) {
		dir, err := os.MkdirTemp("", "petrel-wasm")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		file := filepath.Join(dir, "guest.wasm")
		cmd := build(file)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
		}
		return os.ReadFile(file)
	}))
	module, err := get.(func() ([]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// compileC compiles a C file to a module.
func compileC(t testing.TB, source string) []byte {
	t.Helper()
	return once(t, source, func(file string) *exec.Cmd {
		return exec.Command("clang", "--target=wasm32", "-mbulk-memory", "-O1", "-fno-optimize-sibling-calls",
			"-Wno-incompatible-library-redeclaration", "-nostdlib", "-Wl,--no-entry", "-Wl,-s", "-o", file, source)
	})
}

func hostile(t testing.TB, name string) []byte {
	t.Helper()
	return compileC(t, filepath.Join("testdata", "hostile", name+".c"))
}

// cGuest and goGuest return modules whose actions are harmless.
func cGuest(t testing.TB) []byte {
	t.Helper()
	return compileC(t, filepath.Join("..", "..", "sdk", "guests", "c", "hello.c"))
}

func goGuest(t testing.TB) []byte {
	t.Helper()
	return once(t, "go", func(file string) *exec.Cmd {
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", file, "./testdata/goguest")
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		return cmd
	})
}

// cacheDir outlives the process: under the race detector, compiling takes minutes.
var cacheDir = sync.OnceValues(func() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "petrel-plugintest", "compiled"), nil
})

// open makes an engine that is closed when the test ends.
func open(t testing.TB, c Config) *Engine {
	t.Helper()
	if c.CacheDir == "" {
		dir, err := cacheDir()
		if err != nil {
			t.Fatal(err)
		}
		c.CacheDir = dir
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if s := e.Stats(); s != (Stats{}) {
			t.Errorf("the engine still has %+v", s)
		}
	})
	return e
}

// load loads a module that is closed when the test ends.
func load(t testing.TB, e *Engine, source []byte, rt core.Runtime) plugins.Plugin {
	t.Helper()
	p, err := e.Load(context.Background(), source, rt, "hello")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return p
}

// call calls the action greet with a second's time.
func call(t testing.TB, p plugins.Plugin, h plugins.Host, params string) (wire.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return p.Call(ctx, aCall(params), h)
}

func aCall(params string) wire.Call {
	return wire.Call{ID: "1", Action: "greet", Pack: "hello", Params: []byte(params), Config: []byte("{}")}
}
