//go:build wasip1

// Package reactor is the guest's end of the WASM ABI, version 1, which docs/wasm-abi.md
// writes down: the functions that a module exports and those of the host that it imports.
package reactor

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/petrelhq/petrel/sdk/internal/frame"
	"github.com/petrelhq/petrel/sdk/wire"
)

// handler is what answers requests.
type handler = func(ctx context.Context, r wire.Request, host func(context.Context, wire.Op) wire.Reply) wire.Response

// served is the module's handler: exported functions have no receiver to keep it in.
var served handler

// Serve makes h answer the host's requests. The first of a module wins; false means that h
// is not the first.
func Serve(h handler) bool {
	if served != nil {
		return false
	}
	served = h
	return true
}

//go:wasmexport petrel_abi_version
func abiVersion() int32 { return 1 }

//go:wasmexport petrel_alloc
func alloc(size int32) int32 { return lent.take(size) }

//go:wasmexport petrel_free
func free(at, _ int32) { lent.drop(at) }

//go:wasmexport petrel_handle
func handle(at, size int32) int64 {
	raw, err := frame.Response(answer(lent.redeem(at, size)))
	if err != nil {
		raw, _ = frame.Response(wire.Response{Error: &wire.Error{Kind: wire.Failed, Message: "the response cannot be written: " + err.Error()}})
	}
	return int64(lent.keep(raw))<<32 | int64(len(raw))
}

// answer is the response to a request in JSON.
func answer(raw []byte) wire.Response {
	r, err := frame.Request(raw)
	switch {
	case err != nil:
		return wire.Response{Error: &wire.Error{Kind: wire.Invalid, Message: "the request is no JSON of the wire: " + err.Error()}}
	case served == nil:
		return wire.Response{Error: &wire.Error{Kind: wire.Invalid, Message: "the module declares no pack: sdk.NewPack belongs into a package variable or init, since main is not called"}}
	}
	if r.Method == wire.Observe {
		// A passive sensor may do nothing but wait for its context. Without a timer
		// the Go runtime would take that for a deadlock.
		defer time.AfterFunc(forever, func() {}).Stop()
	}
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	return served(ctx, r, func(_ context.Context, op wire.Op) wire.Reply { return ask(op, stop) })
}

const forever = 1000 * time.Hour

//go:wasmimport petrel host_call
func hostCall(at unsafe.Pointer, size int32) int32

//go:wasmimport petrel host_reply
func hostReply(at unsafe.Pointer) int32

// asking keeps other goroutines away between the two steps of a question.
var asking sync.Mutex

// ask has the host carry out op, and stops the request when the host will not go on.
func ask(op wire.Op, stop context.CancelCauseFunc) wire.Reply {
	raw, err := json.Marshal(op)
	if err != nil {
		return refused(wire.Invalid, err)
	}
	answer, ok := exchange(raw)
	if !ok {
		stop(errOver)
		return wire.Reply{Error: errOver}
	}
	var r wire.Reply
	if err := json.Unmarshal(answer, &r); err != nil {
		return refused(wire.Failed, fmt.Errorf("the host's reply is no JSON of the wire: %w", err))
	}
	return r
}

var errOver = &wire.Error{Kind: wire.Canceled, Message: "the host has ended the request"}

// exchange gives raw to the host and takes its reply; false when the host will not go on.
func exchange(raw []byte) ([]byte, bool) {
	asking.Lock()
	defer asking.Unlock()
	size := hostCall(unsafe.Pointer(unsafe.SliceData(raw)), int32(len(raw)))
	if size < 0 {
		return nil, false
	}
	reply := make([]byte, max(size, 1)) // the host wants an address even for nothing
	if hostReply(unsafe.Pointer(unsafe.SliceData(reply))) != 0 {
		return nil, false
	}
	return reply[:size], true
}

func refused(kind wire.Kind, err error) wire.Reply {
	return wire.Reply{Error: &wire.Error{Kind: kind, Message: err.Error()}}
}
