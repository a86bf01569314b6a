//go:build !wasip1

package sdk

import (
	"fmt"
	"os"

	"github.com/petrelhq/petrel/sdk/wire/process"
)

// Main serves the pack until the host ends it. A program started by hand says what it is
// instead. In a WASM module it does nothing: the host calls what the module exports.
func Main(p *Pack) {
	if err := process.Serve(Handle(p)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// announce is for WASM modules: a native program tells its pack in Main.
func announce(*Pack) {}
