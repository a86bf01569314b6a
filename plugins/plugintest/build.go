package plugintest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// BuildWASM returns the file of the specimen as a WASM module, built once per process.
func BuildWASM(t testing.TB) string {
	t.Helper()
	return built(t, wasm)
}

// BuildNative returns the file of the specimen as a native plugin, built once per process.
func BuildNative(t testing.TB) string {
	t.Helper()
	return built(t, native)
}

var (
	wasm = sync.OnceValues(func() (string, error) {
		return build("testpack.wasm", []string{"GOOS=wasip1", "GOARCH=wasm"}, "-buildmode=c-shared")
	})
	native = sync.OnceValues(func() (string, error) {
		return build("testpack", []string{"CGO_ENABLED=0"})
	})
)

func built(t testing.TB, once func() (string, error)) string {
	t.Helper()
	file, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// build compiles the pack into a file that outlives the process, since no test is the last
// one. Processes that build at once replace it by the same.
func build(name string, env []string, flags ...string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "petrel-plugintest")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(dir, "build")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	made, file := filepath.Join(work, name), filepath.Join(dir, name)
	args := append([]string{"build", "-ldflags=-s -w", "-o", made}, flags...)
	cmd := exec.Command("go", append(args, "github.com/petrelhq/petrel/plugins/plugintest/testpack")...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the test pack: %w\n%s", err, out)
	}
	return file, os.Rename(made, file)
}
