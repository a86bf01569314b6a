package wasm

import (
	"context"
	"time"

	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

// work is one request: what the instance that serves it may use, and what it has used.
type work struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	host   plugins.Host // nil: nothing but output is asked for
	sensor bool
	seat   *seat
	most   *Config

	failure *wire.Error // the first reason for which we ended it
	printed int         // bytes
	calls   int         // of the host
	bytes   int         // of these
	since   time.Time   // from when calls and bytes count
	reply   []byte      // waits for host_reply
	pending bool
}

// verdict says how the request ended: our own reasons come before what the module said.
func (w *work) verdict(said *wire.Error) *wire.Error {
	switch {
	case w.ctx.Err() != nil:
		e := ended(w.ctx)
		if said != nil {
			e.Trace = said.Trace
		}
		return e
	case w.failure != nil:
		return w.failure
	}
	return said
}

// seat is a place among the calls under way.
type seat struct {
	engine, module chan struct{} // nil: as many as like
	held           bool
}

func (s *seat) take(ctx context.Context) *wire.Error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	if err := sit(ctx, s.module); err != nil {
		return err
	}
	if err := sit(ctx, s.engine); err != nil {
		rise(s.module)
		return err
	}
	s.held = true
	return nil
}

func (s *seat) leave() {
	if s.held {
		rise(s.engine)
		rise(s.module)
		s.held = false
	}
}

func sit(ctx context.Context, seats chan struct{}) *wire.Error {
	if seats == nil {
		return nil
	}
	select {
	case seats <- struct{}{}:
		return nil
	default: // the usual case comes first: looking at both costs more
	}
	select {
	case seats <- struct{}{}:
		return nil
	case <-ctx.Done():
		e := ended(ctx)
		e.Message += " (while waiting for a free instance)"
		return e
	}
}

func rise(seats chan struct{}) {
	if seats != nil {
		<-seats
	}
}
