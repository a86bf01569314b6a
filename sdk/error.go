package sdk

import (
	"context"
	"errors"
	"fmt"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Error is a failure with a kind, as the host tells it and as it is told to the host.
type Error = wire.Error

// Kind is what sort of failure an Error is.
type Kind = wire.Kind

// The kinds that a pack meets or answers with.
const (
	Failed    = wire.Failed    // what nothing else fits
	Invalid   = wire.Invalid   // what was asked makes no sense
	Denied    = wire.Denied    // the pack has no permission
	NotFound  = wire.NotFound  // what was asked for is not there
	Canceled  = wire.Canceled  // the request was ended
	TimedOut  = wire.TimedOut  // the deadline has passed
	TooLarge  = wire.TooLarge  // a limit on bytes
	Elsewhere = wire.Elsewhere // another node runs the sensor by now
)

// Errorf makes an Error of a kind.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of err: of the Error in it, Canceled or TimedOut for those of a
// context, else Failed.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	}
	return Failed
}

// asError is err on the wire, with its whole message.
func asError(err error) *wire.Error {
	e := &wire.Error{Kind: KindOf(err), Message: err.Error()}
	if inner, ok := errors.AsType[*Error](err); ok {
		e.Trace = inner.Trace
	}
	return e
}

// failed is a Response that says only that.
func failed(kind Kind, format string, args ...any) wire.Response {
	return wire.Response{Error: &wire.Error{Kind: kind, Message: fmt.Sprintf(format, args...)}}
}
