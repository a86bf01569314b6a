package author

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/process"
	"github.com/petrelhq/petrel/plugins/wasm"
	"github.com/petrelhq/petrel/sdk/wire"
)

// describeTime is how long code may take to be loaded and to say what it brings. Large
// modules take their time to compile where processors are busy.
const describeTime = 3 * time.Minute

// describe asks the code in a file what it brings, through what will carry it.
func (f *packFolder) describe(ctx context.Context, code string) (_ wire.Pack, err error) {
	ctx, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	load := f.loadModule
	if f.pack.Runtime.Type == core.RuntimeProcess {
		load = f.loadProgram
	}
	p, unload, err := load(ctx, code)
	if err != nil {
		return wire.Pack{}, err
	}
	defer func() { err = errors.Join(err, p.Close(ctx), unload(ctx)) }()
	return p.Describe(ctx)
}

func nothing(context.Context) error { return nil }

func (f *packFolder) loadModule(ctx context.Context, code string) (plugins.Plugin, func(context.Context) error, error) {
	module, err := os.ReadFile(code)
	if err != nil {
		return nil, nothing, err
	}
	engine, err := wasm.New(wasm.Config{Interpret: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nothing, err
	}
	p, err := engine.Load(ctx, module, core.Runtime{Memory: f.pack.Runtime.Memory}, f.pack.Ref)
	if err != nil {
		return nil, nothing, errors.Join(err, engine.Close(ctx))
	}
	return p, engine.Close, nil
}

func (f *packFolder) loadProgram(ctx context.Context, code string) (plugins.Plugin, func(context.Context) error, error) {
	r := *f.pack.Runtime
	r.Command = slices.Clone(r.Command)
	r.Command[0] = filepath.Base(code)
	p, err := process.New(process.Config{Log: slog.New(slog.DiscardHandler)}).Start(ctx, r, filepath.Dir(code), f.pack.Ref)
	return p, nothing, err
}
