package author

import (
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// carrier is what an author's tools know of one way to carry a pack's code.
type carrier struct {
	runtime    string // in pack.yaml
	buildFlags []string
	buildEnv   func() []string
}

// carriers lists them all.
func carriers() []carrier {
	return []carrier{
		{
			runtime:    core.RuntimeWASM,
			buildFlags: []string{"-buildmode=c-shared"},
			buildEnv:   func() []string { return []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"} },
		},
		{
			runtime:  core.RuntimeProcess,
			buildEnv: nativeEnv,
		},
	}
}

// file is where the code lies in a new pack.
func (c carrier) file(ref string) string {
	r := core.Runtime{Type: c.runtime}
	r.Complete(ref)
	return r.File()
}

func carrierOf(runtime string) (carrier, error) {
	var names []string
	for _, c := range carriers() {
		if c.runtime == runtime {
			return c, nil
		}
		names = append(names, c.runtime)
	}
	slices.Sort(names)
	return carrier{}, fmt.Errorf("there is no runtime %q; choose from %s", runtime, strings.Join(names, ", "))
}
