package plugintest

import (
	"context"
	"errors"
	"sync"

	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/sdktest"
	"github.com/petrelhq/petrel/sdk/wire"
)

// InProcess carries the specimen by function calls, over the wire's JSON. It relies on the
// code to end with its context.
func InProcess() plugins.Plugin {
	life, end := context.WithCancel(context.Background())
	return &inProcess{handle: sdktest.OverWire(sdk.Handle(specimen.New())), life: life, end: end}
}

type inProcess struct {
	handle sdk.Handler
	life   context.Context // of all requests
	end    context.CancelFunc

	mu     sync.Mutex
	closed bool
	busy   sync.WaitGroup
}

// Describe returns what the code brings.
func (p *inProcess) Describe(ctx context.Context) (wire.Pack, error) {
	nobody := func(context.Context, wire.Op) wire.Reply {
		return wire.Reply{Error: &wire.Error{Kind: wire.Denied, Message: "there is no host while a pack is described"}}
	}
	r, err := p.ask(ctx, wire.Request{Method: wire.Describe}, nobody)
	if err != nil {
		return wire.Pack{}, err
	}
	return *r.Pack, nil
}

// Call carries out one action.
func (p *inProcess) Call(ctx context.Context, c wire.Call, h plugins.Host) (wire.Result, error) {
	r, err := p.ask(ctx, wire.Request{Method: wire.Invoke, Call: &c}, h.Do)
	if err != nil {
		return wire.Result{}, err
	}
	return *r.Result, nil
}

// Watch is one turn of a sensor.
func (p *inProcess) Watch(ctx context.Context, w wire.Watch, h plugins.Host) error {
	_, err := p.ask(ctx, wire.Request{Method: wire.Observe, Watch: &w}, h.Do)
	return err
}

// ask carries one request.
func (p *inProcess) ask(ctx context.Context, r wire.Request, host sdk.Host) (wire.Response, error) {
	if !p.enter() {
		return wire.Response{}, &wire.Error{Kind: wire.Broken, Message: "the plugin is closed"}
	}
	defer p.busy.Done()
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.life, func() { cancel(p.life.Err()) })()
	r.Version = wire.Version
	response := p.handle(within, r, host)
	switch {
	case ctx.Err() != nil:
		return response, ended(ctx)
	case p.life.Err() != nil:
		return response, &wire.Error{Kind: wire.Broken, Message: "the plugin was closed before the request was over"}
	case response.Error != nil:
		return response, response.Error
	}
	return response, nil
}

func (p *inProcess) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.busy.Add(1)
	return true
}

// ended tells why a context is done.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) || ctx.Err() == context.DeadlineExceeded {
		return &wire.Error{Kind: wire.TimedOut, Message: cause.Error()}
	}
	return &wire.Error{Kind: wire.Canceled, Message: cause.Error()}
}

// Close waits for what is under way and ends it when ctx is done.
func (p *inProcess) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	defer context.AfterFunc(ctx, p.end)()
	p.busy.Wait()
	p.end()
	return nil
}
