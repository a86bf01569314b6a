package sdk

import (
	"context"
	"encoding/json"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Host answers what a pack asks for while it works.
type Host = func(ctx context.Context, op wire.Op) wire.Reply

// A request is what a context carries while one of the pack's functions runs.
type request struct {
	host   Host
	about  About
	config json.RawMessage
}

type requestKey struct{}

// About says what the pack is working on.
type About struct {
	Pack      string // its reference
	Execution string // id; empty for a sensor
	Action    string // name; empty for a sensor
	Sensor    string // name; empty for an action
	User      string // on whose behalf an action runs
}

// Working returns what ctx belongs to; the zero About outside of a request.
func Working(ctx context.Context) About {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r.about
	}
	return About{}
}

// Ask asks the host for an operation of package wire. The functions of this package are
// made of it; it is here for operations that are newer than they. In may be nil, and so
// may out, which otherwise points to what the reply is read into. Every error is an *Error.
func Ask(ctx context.Context, name wire.OpName, in, out any) error {
	r, ok := ctx.Value(requestKey{}).(*request)
	if !ok {
		return Errorf(Invalid, "%s: this context is not that of an action or a sensor: hand on the one that the function was given", name)
	}
	op := wire.Op{Name: name}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return Errorf(Invalid, "%s: %v", name, err)
		}
		op.Body = body
	}
	if ctx.Err() != nil {
		return asError(context.Cause(ctx))
	}
	reply := r.host(ctx, op)
	if reply.Error != nil {
		return inTime(ctx, reply.Error)
	}
	if out == nil || len(reply.Body) == 0 {
		return nil
	}
	if err := json.Unmarshal(reply.Body, out); err != nil {
		return Errorf(Failed, "%s: the host's answer is not understood: %v", name, err)
	}
	return nil
}

// inTime calls a question that was given up at the deadline timed out: a host may only know
// that it was given up.
func inTime(ctx context.Context, e *Error) error {
	if e.Kind == Canceled && ctx.Err() == context.DeadlineExceeded {
		return &Error{Kind: TimedOut, Message: "the deadline has passed: " + e.Message, Trace: e.Trace}
	}
	return e
}

// within is the context of one request: with what the pack's functions ask of it, and the
// deadline, none if zero.
func within(ctx context.Context, r *request, deadline time.Time) (context.Context, context.CancelCauseFunc) {
	ctx = context.WithValue(ctx, requestKey{}, r)
	ctx, stop := context.WithCancelCause(ctx)
	if deadline.IsZero() {
		return ctx, stop
	}
	ctx, release := context.WithDeadline(ctx, deadline)
	return ctx, func(cause error) {
		stop(cause)
		release()
	}
}
