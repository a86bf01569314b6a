package wasm

import (
	"context"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

// stopTime is how long requests that are told to stop are waited for. A module's checks need
// a few milliseconds, killing a process a few more.
const stopTime = 700 * time.Millisecond

// carrier counts a module's requests, ends them in time, and closes when none is left.
type carrier struct {
	engine *Engine
	pack   string
	seats  chan struct{} // one for each call under way; nil: the engine's only

	mu      sync.Mutex
	running map[*work]bool
	shut    *wire.Error   // why no further request is taken
	closed  chan struct{} // closed when none runs any more; nil: nobody waits for that
	freed   sync.Once
}

func newCarrier(e *Engine, rt core.Runtime, pack string) *carrier {
	c := &carrier{engine: e, pack: pack, running: map[*work]bool{}}
	if rt.Concurrency > 0 {
		c.seats = make(chan struct{}, rt.Concurrency)
	}
	return c
}

// carry has f serve a request. What f does ends soon after the request's context is done: a
// module by its checks, a child process because it is killed, the host by its contract.
//
// It is done on the caller's goroutine. On one of its own, which could be left behind, it
// took half as long again: (m) 60 us for two changes of processor.
func (c *carrier) carry(w *work, f func(w *work) *wire.Error) *wire.Error {
	ctx, cancel := context.WithCancelCause(w.ctx)
	defer cancel(nil)
	w.ctx, w.cancel = ctx, cancel
	if err := c.enter(w); err != nil {
		return err
	}
	defer c.exit(w)
	if err := w.seat.take(ctx); err != nil {
		return err
	}
	defer w.seat.leave()
	return w.verdict(f(w))
}

// enter counts a request in, unless the module takes none.
func (c *carrier) enter(w *work) *wire.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut != nil {
		return c.shut
	}
	c.running[w] = true
	return nil
}

func (c *carrier) exit(w *work) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, w)
	if len(c.running) == 0 && c.closed != nil {
		close(c.closed)
	}
}

func (c *carrier) closing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed != nil
}

// close refuses further requests, waits for those under way, ends them when ctx is done,
// and calls free, once.
func (c *carrier) close(ctx context.Context, free func()) error {
	c.mu.Lock()
	if c.closed == nil {
		c.closed, c.shut = make(chan struct{}), broken("the module of pack %s has been unloaded", c.pack)
		if len(c.running) == 0 {
			close(c.closed)
		}
	}
	c.mu.Unlock()
	select {
	case <-c.closed:
	case <-ctx.Done():
		c.cut()
		select {
		case <-c.closed:
		case <-time.After(stopTime):
			return ended(ctx)
		}
	}
	c.freed.Do(free)
	return nil
}

// cut ends all requests under way, as those are refused that come later.
func (c *carrier) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.running {
		w.cancel(c.shut)
	}
}

// newWork is a request of a call.
func (c *carrier) newWork(ctx context.Context, h plugins.Host) *work {
	return &work{ctx: ctx, host: h, most: &c.engine.config, since: time.Now(), seat: &seat{engine: c.engine.seats, module: c.seats}}
}

// newTurn is a request of a sensor, which takes no seat since it may last for ever:
// MaxSensors bounds them.
func (c *carrier) newTurn(ctx context.Context, h plugins.Host) *work {
	w := c.newWork(ctx, h)
	w.sensor, w.seat = true, &seat{}
	return w
}

// turn keeps the turns of one sensor from overlapping.
type turn struct {
	held chan struct{} // by the turn under way
}

// take waits until no other turn of the sensor is under way.
func (t turn) take(ctx context.Context) *wire.Error {
	select {
	case t.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

func (t turn) leave() { <-t.held }
