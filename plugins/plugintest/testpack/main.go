// Command testpack is the pack of package specimen, to be built as a WASM module and as a
// native plugin.
package main

import (
	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk"
)

var pack = specimen.New()

func main() { sdk.Main(pack) }
