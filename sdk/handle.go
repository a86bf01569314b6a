package sdk

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Handler answers requests of a host.
type Handler = func(ctx context.Context, r wire.Request, host Host) wire.Response

// Handle returns what every carrier of the pack calls. It may be called at once from many
// goroutines, with a host each, and returns when the pack's function has returned.
func Handle(p *Pack) Handler {
	return func(ctx context.Context, r wire.Request, host Host) wire.Response {
		if r.Version != wire.Version {
			return failed(wire.Invalid, "the pack %s speaks version %d of the wire, the host version %d", p.name, wire.Version, r.Version)
		}
		switch {
		case r.Method == wire.Describe:
			return p.describe()
		case r.Method == wire.Invoke && r.Call != nil:
			return p.call(ctx, *r.Call, host)
		case r.Method == wire.Observe && r.Watch != nil:
			return p.watch(ctx, *r.Watch, host)
		}
		return failed(wire.Invalid, "the method %q is not known, or lacks what it is about", r.Method)
	}
}

func (p *Pack) call(ctx context.Context, c wire.Call, host Host) wire.Response {
	a := find(p.actions, c.Action)
	if a == nil {
		return failed(wire.Invalid, "the pack %s has no action %q", p.name, c.Action)
	}
	about := About{Pack: c.Pack, Execution: c.ID, Action: c.Action, User: c.User}
	ctx, stop := within(ctx, &request{host: host, about: about, config: c.Config}, c.Deadline)
	defer stop(context.Canceled)
	r, broke := guard(func() wire.Response { return a.run(ctx, c.Params) })
	if broke != nil {
		return wire.Response{Result: &wire.Result{Error: broke}}
	}
	return r
}

func (p *Pack) watch(ctx context.Context, w wire.Watch, host Host) wire.Response {
	s := find(p.sensors, w.Sensor)
	if s == nil {
		return failed(wire.Invalid, "the pack %s has no sensor %q", p.name, w.Sensor)
	}
	about := About{Pack: w.Pack, Sensor: w.Sensor}
	ctx, stop := within(ctx, &request{host: host, about: about, config: w.Config}, w.Deadline)
	defer stop(context.Canceled)
	turn := &watching{name: s.name, raises: s.raises, cursor: w.Cursor, want: w.Triggers, stop: stop}
	err, broke := guard(func() error { return s.turn(ctx, turn) })
	switch cause := context.Cause(ctx); {
	case broke != nil:
		return wire.Response{Error: broke}
	case cause != nil && KindOf(cause) == Elsewhere:
		return wire.Response{Error: asError(cause)}
	case err != nil:
		return wire.Response{Error: asError(err)}
	case s.every == 0 && cause == nil:
		return failed(wire.Failed, "the passive sensor %s returned, though nothing had ended it", s.name)
	}
	return wire.Response{}
}

// guard calls f on a goroutine of its own, so that neither a panic nor runtime.Goexit
// takes the carrier along.
func guard[T any](f func() T) (T, *wire.Error) {
	var value T
	broke := make(chan *wire.Error, 1)
	go func() {
		ended := &wire.Error{Kind: wire.Failed, Message: "its goroutine was ended by runtime.Goexit"}
		defer func() {
			if cause := recover(); cause != nil {
				ended = &wire.Error{Kind: wire.Failed, Message: fmt.Sprint("panic: ", cause), Trace: string(debug.Stack())}
			}
			broke <- ended
		}()
		value, ended = f(), nil
	}()
	err := <-broke
	return value, err
}
