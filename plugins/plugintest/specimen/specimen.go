// Package specimen is a pack that does everything packs can do, for tests of carriers.
package specimen

import "github.com/petrelhq/petrel/sdk"

// Name is that of the pack.
const Name = "specimen"

// Settings is the pack's configuration.
type Settings struct {
	Region string `json:"region" doc:"Where it works" default:"here"`
	Key    string `json:"key" secret:"true"`
}

// New declares the pack, with a memory of its own.
func New() *sdk.Pack {
	p := sdk.NewPack(Name)
	a := actions{settings: sdk.Config[Settings](p)}
	sdk.Action(p, "echo", "Returns what it is given.", echo, sdk.Idempotent())
	sdk.Action(p, "fail", "Fails with a message.", fail)
	sdk.Action(p, "panic", "Panics.", panics)
	sdk.Action(p, "goexit", "Ends its goroutine.", goexit)
	sdk.Action(p, "sleep", "Has the host wait for an hour.", sleep)
	sdk.Action(p, "block", "Waits for the end of its context.", block)
	sdk.Action(p, "text", "Returns a text of a size.", text)
	sdk.Action(p, "talk", "Logs, prints and tells its progress.", talk)
	sdk.Action(p, "keep", "Uses the datastore.", keep)
	sdk.Action(p, "secret", "Returns a secret.", secret)
	sdk.Action(p, "fetch", "Asks a web server.", fetch)
	sdk.Action(p, "run", "Runs another action.", run)
	sdk.Action(p, "nap", "Sleeps and looks at the clock.", nap)
	sdk.Action(p, "about", "Returns what it knows about itself.", a.about)
	sdk.Action(p, "crowd", "Asks the host from many goroutines.", crowd)
	declareSensors(p)
	return p
}

type actions struct{ settings sdk.Configuration[Settings] }
