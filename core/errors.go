package core

import (
	"context"
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is, for the few places that translate
// errors: the API (status codes), the command line (exit codes) and the plugin wire.
type Kind int

const (
	// Internal is every error without a kind: logged whole, shown as "internal error".
	Internal     Kind = iota
	Invalid           // the request is wrong; the message names the field and the fix
	NotFound          // the thing named does not exist
	Conflict          // the thing exists already, or was changed meanwhile
	Unauthorized      // nobody knows who is asking
	Forbidden         // we know who is asking, and they may not
	TooLarge          // a body, result or queue is over its limit
	Unavailable       // not now: draining, store away, disk full; try again later
	TooMany           // asked too often, as after many failed logins; try again later
)

var kindNames = [...]string{"internal", "invalid", "not found", "conflict", "unauthorized", "forbidden", "too large", "unavailable", "too many"}

func (k Kind) String() string { return kindNames[k] }

// Error is an error of a known kind with a message a person may see.
type Error struct {
	Kind  Kind
	Msg   string
	Field string // the field at fault, dotted, where there is one
	ID    string // the id of the thing in the way, for Conflict
	Err   error  // the cause, for logs; not shown
}

func (e *Error) Error() string { return e.Msg }
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of kind k. A %w operand is kept as its cause.
func Errorf(k Kind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Msg: err.Error(), Err: errors.Unwrap(err)}
}

// FieldErrorf makes an Invalid error that names the field at fault.
func FieldErrorf(field, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: Invalid, Field: field, Msg: err.Error(), Err: errors.Unwrap(err)}
}

// KindOf returns the kind of the outermost [Error] in err's chain, else Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Passing gives the part of err that is the fault of nothing that was asked for: ctx is over,
// or a store that an expression looked into is away. Another try may not meet it.
func Passing(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	var e *Error
	if errors.As(err, &e) && e.Kind == Unavailable {
		return e
	}
	return nil
}
