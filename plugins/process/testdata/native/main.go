// Command native is the other yardstick: a program that reads a call on standard input,
// answers it on standard output, and exits.
package main

import (
	"encoding/json"
	"os"

	"github.com/petrelhq/petrel/sdk/wire"
)

func main() {
	var call wire.Call
	if json.NewDecoder(os.Stdin).Decode(&call) != nil {
		os.Exit(1)
	}
	if json.NewEncoder(os.Stdout).Encode(wire.Result{Value: call.Params}) != nil {
		os.Exit(1)
	}
}
