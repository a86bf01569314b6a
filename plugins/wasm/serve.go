package wasm

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/petrelhq/petrel/plugins/wasm/meter"
	"github.com/petrelhq/petrel/sdk/wire"
)

// ServeChild is the whole work of a child process that runs one module for its parent: it
// serves what comes in, one request after another, until in ends. Nothing else may be
// written to out.
func ServeChild(ctx context.Context, in io.Reader, out io.Writer) error {
	p := &pipe{in: bufio.NewReader(in), out: out, max: meter.MaxModule}
	var s setup
	if err := p.receive(&s); err != nil {
		return err
	}
	source, err := p.receiveBytes()
	if err != nil {
		return err
	}
	c := s.Config
	e, err := New(Config{CacheDir: c.CacheDir, Memory: c.Memory, MaxMemory: c.MaxMemory, MaxOutput: c.MaxOutput,
		MaxMessage: c.MaxMessage, MaxHostCalls: c.MaxHostCalls, MaxHostBytes: c.MaxHostBytes})
	if err != nil {
		return p.send(message{Error: refusal("%v", err)})
	}
	defer e.Close(ctx)
	m, err := e.load(ctx, source, s.Runtime, s.Pack)
	if err != nil {
		return p.send(message{Error: asWire(err)})
	}
	defer m.Close(ctx)
	return m.serve(ctx, p)
}

// serve answers requests until the parent has no more.
func (m *module) serve(ctx context.Context, p *pipe) error {
	answer := message{} // to setup
	for {
		if err := p.send(answer); err != nil {
			return err
		}
		var q message
		err := p.receive(&q)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case q.Request == nil:
			return errors.New("wasm: the parent sent no request")
		}
		ctx, cancel := context.WithCancel(ctx)
		r, err := m.answer(ctx, *q.Request, &parent{p, cancel})
		cancel()
		answer = message{Response: &r, Error: asWire(err)}
	}
}

// answer serves one request.
func (m *module) answer(ctx context.Context, q wire.Request, h *parent) (r wire.Response, err error) {
	switch {
	case q.Call != nil:
		var result wire.Result
		result, err = m.Call(ctx, *q.Call, h)
		r.Result = &result
	case q.Watch != nil:
		err = m.Watch(ctx, *q.Watch, h)
	default:
		var pack wire.Pack
		pack, err = m.Describe(ctx)
		r.Pack = &pack
	}
	return r, err
}

// parent is the host of a module in a child.
type parent struct {
	pipe *pipe
	gone context.CancelFunc
}

// Do asks the parent's host. A module asks for one thing at a time.
func (h *parent) Do(_ context.Context, op wire.Op) wire.Reply {
	var m message
	err := h.pipe.send(message{Op: &op})
	if err == nil {
		err = h.pipe.receive(&m)
	}
	if err != nil || m.Reply == nil {
		h.gone()
		return wire.Reply{Error: failure(wire.Canceled, "the host is gone")}
	}
	return *m.Reply
}

func asWire(err error) *wire.Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e
	}
	return failure(wire.Failed, "%v", err)
}
