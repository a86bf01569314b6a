package wasm

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
)

// TestExampleOfDocs: the module in docs/wasm-abi.md is one.
func TestExampleOfDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/wasm-abi.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```c\n")
	source, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no example in C")
	}
	file := filepath.Join(t.TempDir(), "least.c")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	p := load(t, open(t, Config{}), compileC(t, file), core.Runtime{})
	pack, err := p.Describe(context.Background())
	if err != nil || pack.Name != "least" {
		t.Errorf("it describes %+v, %v", pack, err)
	}
	r, err := call(t, p, newWorld(), "{}")
	if err != nil || string(r.Value) != `"hello"` {
		t.Errorf("it answers %s, %v", r.Value, err)
	}
}
