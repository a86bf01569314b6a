package wasm

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/petrelhq/petrel/plugins/wasm/meter"
	"github.com/petrelhq/petrel/sdk/wire"
)

// instance is a started module. It serves one request at a time, on one goroutine, and its
// memory is not touched once it has ended: it is given back then.
type instance struct {
	module             *module
	ctx                context.Context // of every call into it; knows the instance
	mod                api.Module
	alloc, free, serve api.Function
	memory             experimental.LinearMemory
	stdin              io.Reader
	stdout, stderr     io.Writer

	work    *work
	ready   bool        // initialised
	unhook  func() bool // takes back what context.AfterFunc was told
	stop    api.MutableGlobal
	stopped atomic.Bool
}

type instanceKey struct{}

func instanceOf(ctx context.Context) *instance { return ctx.Value(instanceKey{}).(*instance) }

// take returns an instance for w: an idle one, or a new one.
func (m *module) take(w *work) (*instance, *wire.Error) {
	if in := m.takeIdle(); in != nil {
		in.begin(w)
		return in, nil
	}
	return m.instantiate(w)
}

func (m *module) takeIdle() *instance {
	m.own.Lock()
	defer m.own.Unlock()
	last := len(m.idle) - 1
	if last < 0 {
		return nil
	}
	in := m.idle[last]
	m.idle = m.idle[:last]
	m.engine.idle.Add(-1)
	return in
}

// instantiate starts a reactor.
func (m *module) instantiate(w *work) (*instance, *wire.Error) {
	in := m.newInstance()
	in.stdout, in.stderr = &printer{in: in, stream: "stdout"}, &printer{in: in, stream: "stderr"}
	if err := in.create(w); err != nil {
		return nil, err
	}
	if err := in.initialize(meter.Start, exportInitialize); err != nil {
		in.close()
		return nil, err
	}
	in.alloc, in.free, in.serve = in.mod.ExportedFunction(exportAlloc), in.mod.ExportedFunction(exportFree), in.mod.ExportedFunction(exportHandle)
	in.ready = true
	return in, nil
}

func (m *module) newInstance() *instance {
	in := &instance{module: m}
	in.ctx = context.WithValue(context.Background(), instanceKey{}, in)
	return in
}

// create makes the instance without running any of its code.
func (in *instance) create(w *work) *wire.Error {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().
		WithStdout(in.stdout).WithStderr(in.stderr).WithRandSource(random{in}).
		WithSysWalltime().WithSysNanotime().WithNanosleep(in.sleep).WithOsyield(runtime.Gosched)
	if in.stdin != nil {
		config = config.WithStdin(in.stdin)
	}
	in.work = w
	mod, err := in.module.wazero.InstantiateModule(in.withMemory(), in.module.code, config)
	if err != nil {
		if in.memory != nil {
			in.memory.Free() // wazero does not
		}
		return refusal("the module cannot be started: %v", err)
	}
	in.mod = mod
	if g, ok := mod.ExportedGlobal(meter.Stop).(api.MutableGlobal); ok {
		in.stop = g
	}
	in.begin(w)
	return nil
}

// initialize runs those of the named functions that there are.
func (in *instance) initialize(names ...string) *wire.Error {
	for _, name := range names {
		f := in.mod.ExportedFunction(name)
		if f == nil {
			continue
		}
		if _, err := in.call(f); err != nil {
			err.Message += " (in " + name + ")"
			return err
		}
	}
	return nil
}

// begin has the instance work for w, until leave or close.
func (in *instance) begin(w *work) {
	in.work = w
	in.unhook = context.AfterFunc(w.ctx, in.halt)
}

// halt makes the code trap at its next check. It may be called from any goroutine.
func (in *instance) halt() {
	if in.stop != nil && in.stopped.CompareAndSwap(false, true) {
		in.stop.Set(1)
	}
}

// fail ends the request for a reason of ours.
func (in *instance) fail(err *wire.Error) {
	if in.work.failure == nil {
		in.work.failure = err
	}
	in.halt()
}

// leave ends the instance's work. It is kept for the next if the pack wants that, all went
// well, it has not grown large, and not too many are kept.
func (in *instance) leave(well bool) {
	m := in.module
	large := in.mod.IsClosed() || int(in.mod.Memory().Size()>>20) > m.runtime.Memory/2
	clean := in.unhook() && !in.stopped.Load() && in.work.failure == nil
	if !m.runtime.Reuse || !well || large || !clean {
		in.close()
		return
	}
	in.work = nil
	m.own.Lock()
	defer m.own.Unlock()
	if m.closing() || m.engine.idle.Load() >= int64(m.engine.config.MaxInstances) {
		in.close()
		return
	}
	m.engine.idle.Add(1)
	m.idle = append(m.idle, in)
}

// close gives the instance's memory back.
func (in *instance) close() {
	if in.unhook != nil {
		in.unhook()
	}
	in.mod.Close(in.ctx) // has nothing to fail at: there are no files
}

// call runs one of the module's functions.
func (in *instance) call(f api.Function, params ...uint64) (uint64, *wire.Error) {
	results, err := f.Call(in.ctx, params...)
	switch {
	case err != nil:
		return 0, in.trap(err)
	case in.work.failure != nil:
		return 0, in.work.failure
	case in.mod.IsClosed():
		return 0, broken("the module exited")
	case len(results) == 0:
		return 0, nil
	}
	return results[0], nil
}

// version checks what version of the ABI the module is of.
func (in *instance) version() *wire.Error {
	v, err := in.call(in.mod.ExportedFunction(exportVersion))
	if err != nil {
		if in.mod.ExportedFunction(exportInitialize) == nil {
			err.Message += " (it exports no _initialize; the runtimes of most languages cannot work without)"
		}
		return err
	}
	return checkVersion(int32(v))
}

// handle has the module serve a request.
func (in *instance) handle(q wire.Request) (r wire.Response, _ *wire.Error) {
	body, err := json.Marshal(q)
	if err != nil {
		return r, refusal("the request cannot be written: %v", err)
	}
	ptr, failed := in.put(body)
	if failed != nil {
		return r, failed
	}
	answer, failed := in.call(in.serve, uint64(ptr), uint64(len(body)))
	if failed != nil {
		return r, failed
	}
	ptr, size := uint32(answer>>32), uint32(answer)
	switch most := in.work.most.MaxMessage; {
	case size == 0:
		return r, broken("the module answered nothing")
	case int64(size) > int64(most):
		return r, failure(wire.TooLarge, "the module answered %d bytes, and at most %d are taken", size, most)
	}
	text, ok := in.mod.Memory().Read(ptr, size)
	if !ok {
		return r, broken("the module's answer, %d bytes at %d, is not in its memory", size, ptr)
	}
	if err := json.Unmarshal(text, &r); err != nil { // copies what it keeps
		return wire.Response{}, broken("the module's answer is no response: %v", err)
	}
	_, failed = in.call(in.free, uint64(ptr), uint64(size))
	return r, failed
}

// put copies a request to memory that the module gives for it.
func (in *instance) put(body []byte) (uint32, *wire.Error) {
	if most := in.work.most.MaxMessage; len(body) > most {
		return 0, failure(wire.TooLarge, "the request has %d bytes, and at most %d are taken", len(body), most)
	}
	ptr, err := in.call(in.alloc, uint64(len(body)))
	switch {
	case err != nil:
		return 0, err
	case uint32(ptr) == 0:
		return 0, failure(wire.TooLarge, "the module has no memory for a request of %d bytes", len(body))
	case !in.mod.Memory().Write(uint32(ptr), body):
		return 0, broken("petrel_alloc returned %d, where the memory has no %d bytes", uint32(ptr), len(body))
	}
	return uint32(ptr), nil
}

// sleep is WASI's: it ends with the request.
func (in *instance) sleep(ns int64) {
	t := time.NewTimer(time.Duration(ns))
	defer t.Stop()
	select {
	case <-t.C:
	case <-in.work.ctx.Done():
	}
}

// random is WASI's source of random bytes: it ends with the request.
type random struct{ in *instance }

func (r random) Read(p []byte) (int, error) {
	if err := r.in.work.ctx.Err(); err != nil {
		return 0, err
	}
	return rand.Read(p[:min(len(p), 64<<10)])
}
