package wasm

import (
	"context"
	"os"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/plugintest"
)

func TestSuite(t *testing.T) {
	for _, c := range []struct {
		name string
		rt   core.Runtime
	}{
		{"fresh", core.Runtime{}},
		{"reuse", core.Runtime{Reuse: true}},
		{"process", core.Runtime{Isolation: core.RuntimeProcess}},
	} {
		t.Run(c.name, func(t *testing.T) {
			module, err := os.ReadFile(plugintest.BuildWASM(t))
			if err != nil {
				t.Fatal(err)
			}
			e := open(t, Config{Child: childCommand(t), MaxInstances: 16})
			load(t, e, module, core.Runtime{}) // so that the code stays with the engine
			plugintest.Run(t, func(t *testing.T) plugins.Plugin {
				p, err := e.Load(context.Background(), module, c.rt, "testpack")
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}

// childCommand runs this test as a child.
func childCommand(t testing.TB) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{self, "wasm-child"}
}
