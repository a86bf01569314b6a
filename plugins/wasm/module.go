package wasm

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

// startTime bounds the first start of a module, in which it is checked.
const startTime = 10 * time.Second

// module carries a module in this process.
type module struct {
	*carrier
	runtime core.Runtime
	wazero  wazero.Runtime
	code    wazero.CompiledModule
	command bool // a plain WASI one

	own     sync.Mutex
	idle    []*instance // with reuse: true
	sensors map[string]*sensor
}

func newModule(e *Engine, rt core.Runtime, pack string) *module {
	c := wazero.NewRuntimeConfig()
	if e.config.Interpret {
		c = wazero.NewRuntimeConfigInterpreter()
	}
	c = c.WithCompilationCache(e.cache).
		WithMemoryLimitPages(uint32(min(rt.Memory, 4096) * 16)).
		WithDebugInfoEnabled(false)
	return &module{carrier: newCarrier(e, rt, pack), runtime: rt, sensors: map[string]*sensor{},
		wazero: wazero.NewRuntimeWithConfig(context.Background(), c)}
}

// compile makes machine code and checks what can be seen without running it.
func (m *module) compile(ctx context.Context, code []byte) error {
	offered, err := offer(ctx, m.wazero)
	if err != nil {
		return err
	}
	m.engine.compiling.Lock()
	defer m.engine.compiling.Unlock()
	m.code, err = m.wazero.CompileModule(ctx, code)
	if err != nil && strings.HasPrefix(err.Error(), "compilationcache:") {
		m.engine.config.Log.Warn("wasm: the folder of compiled modules is damaged and is emptied", "folder", m.engine.config.CacheDir, "error", err)
		m.engine.emptyCache()
		m.code, err = m.wazero.CompileModule(ctx, code)
	}
	if err != nil {
		return refusal("the module cannot be run: %s", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	m.command, err = checkShape(m.code, offered)
	return err
}

// emptyCache removes compiled code, which is only there to save time.
func (e *Engine) emptyCache() {
	files, _ := filepath.Glob(filepath.Join(e.config.CacheDir, "wazero-*", "*")) // the pattern is well-formed
	for _, f := range files {
		os.Remove(f) // what cannot be removed is complained about again
	}
}

// checkStart starts the module once; of a command no code is run.
func (m *module) checkStart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return asError(m.carry(m.newWork(ctx, nil), func(w *work) *wire.Error {
		if m.command {
			in := m.newInstance()
			err := in.create(w)
			if err == nil {
				in.close()
			}
			return err
		}
		in, err := m.take(w)
		if err != nil {
			return err
		}
		err = in.version()
		in.leave(err == nil)
		return err
	}))
}

// Describe returns what the module brings; of a command that is nothing, since its metadata
// files say everything.
func (m *module) Describe(ctx context.Context) (wire.Pack, error) {
	if m.command {
		return wire.Pack{Version: wire.Version, Name: m.pack}, nil
	}
	r, err := m.request(ctx, nil, wire.Request{Version: wire.Version, Method: wire.Describe})
	switch {
	case err != nil:
		return wire.Pack{}, err
	case r.Error != nil:
		return wire.Pack{}, r.Error
	case r.Pack == nil:
		return wire.Pack{}, broken("the module answered describe without a pack")
	case r.Pack.Version != wire.Version:
		return wire.Pack{}, refusal("the module speaks version %d of the wire, and this server version %d", r.Pack.Version, wire.Version)
	}
	return *r.Pack, nil
}

// Call carries out an action.
func (m *module) Call(ctx context.Context, c wire.Call, h plugins.Host) (wire.Result, error) {
	if m.command {
		r, err := m.runCommand(ctx, c, h)
		return r, asError(err)
	}
	r, err := m.request(ctx, h, wire.Request{Version: wire.Version, Method: wire.Invoke, Call: &c})
	return result(r, err)
}

// result is what a call's response says.
func result(r wire.Response, err *wire.Error) (wire.Result, error) {
	switch {
	case err != nil:
		return wire.Result{}, err
	case r.Error != nil:
		return wire.Result{}, r.Error
	case r.Result == nil:
		return wire.Result{}, broken("the module answered a call without a result")
	}
	return *r.Result, nil
}

// request does one of an action's instance, or of describe's.
func (m *module) request(ctx context.Context, h plugins.Host, q wire.Request) (wire.Response, *wire.Error) {
	var r wire.Response
	err := m.carry(m.newWork(ctx, h), func(w *work) *wire.Error {
		in, err := m.take(w)
		if err != nil {
			return err
		}
		r, err = in.handle(q)
		in.leave(err == nil)
		return err
	})
	if err != nil {
		return wire.Response{}, err
	}
	return r, nil
}

// Close waits for what is under way and gives the module's instances and code free.
func (m *module) Close(ctx context.Context) error {
	return m.close(ctx, func() { m.free(context.WithoutCancel(ctx)) })
}

// free gives everything back, when nobody else is left.
func (m *module) free(ctx context.Context) {
	for _, s := range m.sensors {
		s.drop()
	}
	for _, in := range m.idle {
		m.engine.idle.Add(-1)
		in.close()
	}
	if m.code != nil {
		m.code.Close(ctx) // says nothing
	}
	if err := m.wazero.Close(ctx); err != nil {
		m.engine.config.Log.Warn("wasm: closing a module", "pack", m.pack, "error", err)
	}
}
