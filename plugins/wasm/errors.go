package wasm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/sys"

	"github.com/petrelhq/petrel/sdk/wire"
)

// maxTrace bounds what of a stack is told.
const maxTrace = 4 << 10

func failure(k wire.Kind, format string, args ...any) *wire.Error {
	return &wire.Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

func broken(format string, args ...any) *wire.Error { return failure(wire.Broken, format, args...) }

// refusal is of a module that this server does not run.
func refusal(format string, args ...any) *wire.Error { return failure(wire.Invalid, format, args...) }

// ended says why ctx is done.
func ended(ctx context.Context) *wire.Error {
	cause := context.Cause(ctx)
	var e *wire.Error
	switch {
	case errors.As(cause, &e):
		own := *e // others may end for the same cause
		return &own
	case errors.Is(cause, context.DeadlineExceeded):
		return failure(wire.TimedOut, "the deadline has passed")
	case errors.Is(cause, context.Canceled):
		return failure(wire.Canceled, "canceled")
	}
	return failure(wire.Canceled, "canceled: %v", cause)
}

// trap tells what wazero says of code that did not return.
func trap(err error) *wire.Error {
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return broken("the module exited with status %d", exit.ExitCode())
	}
	what, trace, _ := strings.Cut(err.Error(), "\n")
	what = strings.TrimPrefix(what, "wasm error: ")
	what = strings.TrimSuffix(what, " (recovered by wazero)")
	e := broken("the module trapped: %s", what)
	e.Trace = strings.ToValidUTF8(trace[:min(len(trace), maxTrace)], "")
	return e
}

// trap adds what may have been the cause: most code traps when it is given no more memory.
func (in *instance) trap(err error) *wire.Error {
	e := trap(err)
	memory := in.mod.Memory()
	if memory == nil {
		return e
	}
	if used, most := int(memory.Size()>>20), in.module.runtime.Memory; used >= most-most/8 {
		e.Message += fmt.Sprintf(" (it held %d of the %d MiB of memory that it may have; runtime.memory in pack.yaml says how much)", used, most)
	}
	return e
}

// asError keeps a nil *wire.Error from becoming an error that is not nil.
func asError(e *wire.Error) error {
	if e == nil {
		return nil
	}
	return e
}
