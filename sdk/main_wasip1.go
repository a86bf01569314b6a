package sdk

import "github.com/petrelhq/petrel/sdk/wire/reactor"

// Main is for native programs: the main function of a WASM module is never called.
func Main(*Pack) {}

// announce makes p the pack of the module.
func announce(p *Pack) {
	if !reactor.Serve(Handle(p)) {
		p.fault("pack %s: the program declares another pack too", p.name)
	}
}
