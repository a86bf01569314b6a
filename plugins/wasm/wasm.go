// Package wasm carries packs' code as WASM modules, in wazero.
//
// A module is a reactor that speaks the ABI of docs/wasm-abi.md, or a plain WASI command.
// It has no files, no network and no environment: what it may do goes through its
// [plugins.Host]. Each call gets an instance of its own, unless the pack says "reuse: true";
// a sensor keeps its instance from turn to turn.
//
// A module is stopped at its deadline by checks that [meter] puts into it. With "isolation:
// process" it runs in a child process, see [ServeChild], which is killed at the deadline.
package wasm

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/wasm/meter"
)

// Config says what all modules together may use. Zero fields get the defaults.
type Config struct {
	CacheDir     string       // keeps compiled code; "": in memory only. Whoever can write there can run code here
	Memory       int          // MiB of an instance whose pack asks for nothing else; 64
	MaxMemory    int          // MiB a pack may ask for; 1024
	MaxInstances int          // calls at once, of all modules; 4 for each processor. Idle instances are at most as many again
	MaxSensors   int          // sensors at once, of all modules; 64
	MaxOutput    int          // bytes an action may print; 10 MiB
	MaxMessage   int          // bytes of a request, response, operation or reply; 16 MiB
	MaxHostCalls int          // operations of one action, or of a sensor in a minute; 100,000
	MaxHostBytes int          // bytes of these operations and their replies; 256 MiB
	Interpret    bool         // interprets modules: they load at once and run slowly. For a look at what one brings
	Log          *slog.Logger // default: slog's
	Child        []string     // the command line that runs ServeChild, for packs with "isolation: process"
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field *int
		value int
	}{
		{&c.Memory, 64}, {&c.MaxMemory, 1024}, {&c.MaxInstances, 4 * runtime.GOMAXPROCS(0)}, {&c.MaxSensors, 64},
		{&c.MaxOutput, 10 << 20}, {&c.MaxMessage, 16 << 20}, {&c.MaxHostCalls, 100_000}, {&c.MaxHostBytes, 256 << 20},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Engine compiles modules and bounds what they use together. Its methods may be called at
// once from many goroutines.
type Engine struct {
	config    Config
	cache     wazero.CompilationCache
	seats     chan struct{} // one for each call under way
	sensors   atomic.Int64
	idle      atomic.Int64
	children  starter
	compiling sync.Mutex // wazero would compile one module twice at once
}

// New returns an engine; the error is about CacheDir.
func New(c Config) (*Engine, error) {
	e := &Engine{config: c.withDefaults(), cache: wazero.NewCompilationCache()}
	if c.CacheDir != "" {
		var err error
		if e.cache, err = wazero.NewCompilationCacheWithDir(c.CacheDir); err != nil {
			return nil, core.Errorf(core.Invalid, "the folder for compiled WASM modules: %v", err)
		}
	}
	e.seats = make(chan struct{}, e.config.MaxInstances)
	return e, nil
}

// Stats is what an engine is at.
type Stats struct {
	Calls   int // under way
	Idle    int // instances that wait for the next call
	Sensors int // instances
}

// Stats returns what the engine is at.
func (e *Engine) Stats() Stats {
	return Stats{Calls: len(e.seats), Idle: int(e.idle.Load()), Sensors: int(e.sensors.Load())}
}

// Close gives the compiled code free. The modules must be closed before.
func (e *Engine) Close(ctx context.Context) error {
	e.children.close()
	return e.cache.Close(ctx)
}

// Load compiles a module, or finds it compiled, and starts it once. The error is a
// *wire.Error of kind Invalid when the module cannot be run here, Broken when it fails as it
// starts, Canceled or TimedOut when
// ctx was done.
func (e *Engine) Load(ctx context.Context, module []byte, rt core.Runtime, pack string) (plugins.Plugin, error) {
	if rt.Memory > e.config.MaxMemory {
		return nil, refusal("pack %s asks for %d MiB of memory, and this server gives a module at most %d", pack, rt.Memory, e.config.MaxMemory)
	}
	var p plugins.Plugin
	var err error
	switch rt.Isolation {
	case "":
		p, err = e.load(ctx, module, rt, pack)
	case core.RuntimeProcess:
		p, err = e.loadApart(ctx, module, rt, pack)
	default:
		err = refusal("pack %s asks for isolation %q; known is %q", pack, rt.Isolation, core.RuntimeProcess)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Check is Load for when a pack is installed: the module is compiled, which Load then finds
// done, and started once. It returns nil or one line that says what is wrong.
func (e *Engine) Check(ctx context.Context, module []byte, rt core.Runtime, pack string) error {
	p, err := e.Load(ctx, module, rt, pack)
	if err != nil {
		return err
	}
	return p.Close(ctx)
}

func (e *Engine) load(ctx context.Context, source []byte, rt core.Runtime, pack string) (*module, error) {
	if err := checkHeader(source); err != nil {
		return nil, err
	}
	metered, err := meter.Rewrite(source)
	if err != nil {
		return nil, refusal("the module cannot be run: %v", err)
	}
	if rt.Memory <= 0 {
		rt.Memory = e.config.Memory
	}
	m := newModule(e, rt, pack)
	err = m.compile(ctx, metered)
	if err == nil {
		err = m.checkStart(ctx)
	}
	if err != nil {
		m.Close(context.WithoutCancel(ctx)) // nothing is under way; the first error counts
		return nil, err
	}
	return m, nil
}
