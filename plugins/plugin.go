// Package plugins loads packs' code and owns its life: it hands a pack's actions out as a
// core.Runner and its sensors as core.Sources, whatever carries the code.
package plugins

import (
	"context"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Plugin is one pack's code, loaded. Its methods may be called at once from many
// goroutines. Every error is a *wire.Error; of kind Broken when the code trapped, exited,
// answered garbage or broke a limit, Canceled or TimedOut when ctx was done (its cause
// tells which), whatever the code said then. A method returns within a second of ctx being
// done, with nothing of the request left running.
type Plugin interface {
	// Describe returns what the code brings.
	Describe(ctx context.Context) (wire.Pack, error)
	// Call carries out one action. An action that failed is a Result with an Error; an
	// error means that it could not be carried out.
	Call(ctx context.Context, c wire.Call, h Host) (wire.Result, error)
	// Watch is one turn of a sensor: of a polled one a look, of a passive one everything
	// until ctx is done. Turns of one sensor see the same instance, so what the sensor
	// keeps in memory lasts until one ends with an error.
	Watch(ctx context.Context, w wire.Watch, h Host) error
	// Close waits for what is under way, until ctx is done, and gives everything free.
	Close(ctx context.Context) error
}

// Host does what a pack's code asks for. It is made for one Call or Watch: it knows the
// pack, the execution, what was granted and the deadline. Do may be called at once from
// many goroutines, and returns soon after ctx is done: a request waits for it. Refusals are
// Replies with an Error, never a Go error.
type Host interface {
	Do(ctx context.Context, op wire.Op) wire.Reply
}
