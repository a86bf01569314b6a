package wasm

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/petrelhq/petrel/sdk/wire"
)

const hostModule = "petrel"

// offer makes what modules may import, and returns it by module.name.
func offer(ctx context.Context, r wazero.Runtime) (map[string]signature, error) {
	one, two := []api.ValueType{i32}, []api.ValueType{i32, i32}
	b := r.NewHostModuleBuilder(hostModule)
	b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(hostCall), two, one).Export("host_call")
	b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(hostReply), one, one).Export("host_reply")
	if _, err := b.Instantiate(ctx); err != nil {
		return nil, fmt.Errorf("wasm: the host's functions: %w", err)
	}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, fmt.Errorf("wasm: WASI: %w", err)
	}
	offered := map[string]signature{}
	for _, module := range []string{hostModule, wasi_snapshot_preview1.ModuleName} {
		for name, f := range r.Module(module).ExportedFunctionDefinitions() {
			offered[module+"."+name] = signatureOf(f)
		}
	}
	return offered, nil
}

// refused is what host_call and host_reply answer when they do nothing.
const refused = uint64(0xffffffff) // -1

// hostCall is host_call(ptr, len) -> length of the reply.
func hostCall(ctx context.Context, mod api.Module, stack []uint64) {
	in := instanceOf(ctx)
	text, ok := mod.Memory().Read(uint32(stack[0]), uint32(stack[1]))
	if !ok {
		in.fail(broken("the module called the host with %d bytes at %d, which are not in its memory", uint32(stack[1]), uint32(stack[0])))
	}
	w := in.work
	if w.failure != nil || w.ctx.Err() != nil {
		stack[0] = refused
		return
	}
	reply := in.do(text)
	if w.failure != nil {
		stack[0] = refused
		return
	}
	w.reply, w.pending = reply, true
	stack[0] = uint64(len(reply))
}

// hostReply is host_reply(ptr) -> 0.
func hostReply(ctx context.Context, mod api.Module, stack []uint64) {
	in := instanceOf(ctx)
	w := in.work
	ptr := uint32(stack[0])
	stack[0] = refused
	if !w.pending {
		return
	}
	if !mod.Memory().Write(ptr, w.reply) {
		in.fail(broken("the module wants a reply of %d bytes at %d, which is not in its memory", len(w.reply), ptr))
		return
	}
	w.reply, w.pending = nil, false
	stack[0] = 0
}

// do carries out an operation and returns the reply's text.
func (in *instance) do(text []byte) []byte {
	w := in.work
	if len(text) > w.most.MaxMessage {
		return refusing(failure(wire.TooLarge, "the operation has %d bytes, and at most %d are taken", len(text), w.most.MaxMessage))
	}
	var op wire.Op
	if err := json.Unmarshal(text, &op); err != nil { // copies what it keeps
		return refusing(refusal("what the host was called with is no operation: %v", err))
	}
	if w.host == nil || !in.ready {
		return refusing(failure(wire.Denied, "the host does nothing while a module starts or describes itself"))
	}
	if err := w.count(op, len(text)); err != nil {
		in.fail(err)
		return nil
	}
	reply, err := json.Marshal(w.ask(op))
	switch {
	case err != nil:
		return refusing(failure(wire.Failed, "the reply cannot be written: %v", err))
	case len(reply) > w.most.MaxMessage:
		return refusing(failure(wire.TooLarge, "the reply has %d bytes, and at most %d are given", len(reply), w.most.MaxMessage))
	}
	w.bytes += len(reply)
	return reply
}

// ask has the host carry op out. The seat is free while another action is waited for: were
// it not, a few actions that wait for further ones could keep each other from ever ending.
func (w *work) ask(op wire.Op) wire.Reply {
	if op.Name != wire.OpRun || !w.seat.held {
		return w.host.Do(w.ctx, op)
	}
	w.seat.leave()
	reply := w.host.Do(w.ctx, op)
	if err := w.seat.take(w.ctx); err != nil {
		return wire.Reply{Error: err}
	}
	return reply
}

// count adds an operation up, and says when it is one too many.
func (w *work) count(op wire.Op, size int) *wire.Error {
	w.window()
	w.calls++
	w.bytes += size
	switch {
	case w.calls > w.most.MaxHostCalls:
		return failure(wire.TooLarge, "the module called the host more than %d times", w.most.MaxHostCalls)
	case w.bytes > w.most.MaxHostBytes:
		return failure(wire.TooLarge, "the module exchanged more than %d bytes with the host", w.most.MaxHostBytes)
	case op.Name == wire.OpOutput || op.Name == wire.OpLog:
		return w.countPrinted(len(op.Body))
	}
	return nil
}

// window has a sensor, which may last for ever, begin anew each minute.
func (w *work) window() {
	if w.sensor && time.Since(w.since) > time.Minute {
		w.calls, w.bytes, w.printed, w.since = 0, 0, 0, time.Now()
	}
}

func (w *work) countPrinted(size int) *wire.Error {
	w.printed += size
	if w.printed > w.most.MaxOutput {
		return failure(wire.TooLarge, "the module printed and logged more than %d bytes", w.most.MaxOutput)
	}
	return nil
}

func refusing(e *wire.Error) []byte {
	text, err := json.Marshal(wire.Reply{Error: e})
	if err != nil { // strings always can be written
		panic(err)
	}
	return text
}
