package process

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

// code is one pack's code. It has at most one instance.
type code struct {
	program program
	slots   chan struct{} // of calls
	alive   context.Context
	end     context.CancelFunc // ends a start under way
	loops   sync.WaitGroup     // of all instances

	mu       sync.Mutex
	instance *instance
	starting *start
	breaker  breaker
	under    int           // requests under way
	closing  bool          // no further ones
	idle     chan struct{} // closed when closing and none is under way
}

// start is an attempt that requests wait for.
type start struct {
	done chan struct{}
	err  error
}

func newCode(p program, slots int) *code {
	config := p.carrier.config
	alive, end := context.WithCancel(context.Background())
	return &code{
		program: p, slots: make(chan struct{}, slots), alive: alive, end: end, idle: make(chan struct{}),
		breaker: breaker{first: config.FirstPause, longest: config.LongestPause, limit: config.Breaker},
	}
}

// Describe implements plugins.Plugin.
func (c *code) Describe(ctx context.Context) (wire.Pack, error) {
	response, err := c.request(ctx, wire.Request{Method: wire.Describe}, nil)
	switch {
	case err != nil:
		return wire.Pack{}, err
	case response.Pack == nil:
		return wire.Pack{}, broken("the plugin answered a description without one")
	case response.Pack.Version != wire.Version:
		return wire.Pack{}, broken(fmt.Sprintf("the plugin speaks version %d of the wire and this server version %d: build the pack with an SDK for version %d",
			response.Pack.Version, wire.Version, wire.Version))
	}
	return *response.Pack, nil
}

// Call implements plugins.Plugin.
func (c *code) Call(ctx context.Context, call wire.Call, h plugins.Host) (wire.Result, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return wire.Result{}, contextError(ctx)
	}
	response, err := c.request(ctx, wire.Request{Method: wire.Invoke, Call: &call}, h)
	switch {
	case err != nil:
		return wire.Result{}, err
	case response.Result == nil:
		return wire.Result{}, broken("the plugin answered a call without a result")
	}
	return *response.Result, nil
}

// Watch implements plugins.Plugin.
func (c *code) Watch(ctx context.Context, w wire.Watch, h plugins.Host) error {
	_, err := c.request(ctx, wire.Request{Method: wire.Observe, Watch: &w}, h)
	return err
}

func broken(message string) error { return &wire.Error{Kind: wire.Broken, Message: message} }

// Close implements plugins.Plugin. Requests made from now on are refused.
func (c *code) Close(ctx context.Context) error {
	c.mu.Lock()
	if !c.closing {
		c.closing = true
		c.checkIdle()
	}
	c.mu.Unlock()
	var err error
	select {
	case <-c.idle:
	case <-ctx.Done():
		err = contextError(ctx)
	}
	c.end()
	i := c.last()
	if i != nil && err != nil {
		i.fail(&wire.Error{Kind: wire.Broken, Message: "the plugin was closed while this was under way"})
	}
	if i != nil {
		i.leave()
	}
	c.loops.Wait()
	return err
}

// last returns the instance that is to be ended. Nothing is started any more.
func (c *code) last() *instance {
	c.mu.Lock()
	attempt := c.starting
	c.mu.Unlock()
	if attempt != nil {
		<-attempt.done
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.instance
}

// Health returns nil, or why requests are not carried out at the moment.
func (c *code) Health() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bury()
	return c.breaker.open(c.program.carrier.config.Now())
}

// request carries one request to an instance, a new one if need be.
func (c *code) request(ctx context.Context, r wire.Request, h plugins.Host) (wire.Response, error) {
	r.Version = wire.Version
	if err := c.enter(); err != nil {
		return wire.Response{}, err
	}
	defer c.exit()
	for {
		i, err := c.obtain(ctx)
		if err != nil {
			return wire.Response{}, err
		}
		response, err := i.session.do(ctx, r, h)
		switch {
		case errors.Is(err, errOver): // it ended before this began
		case err == nil && response.Error != nil:
			return wire.Response{}, response.Error
		default:
			return response, err
		}
	}
}

func (c *code) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return broken("the plugin is closed")
	}
	c.under++
	return nil
}

func (c *code) exit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.under--
	c.checkIdle()
}

// checkIdle tells Close when nothing is under way; c.mu is held.
func (c *code) checkIdle() {
	if c.closing && c.under == 0 {
		close(c.idle)
	}
}

// obtain returns a live instance. It starts one, or waits for one that is being started;
// when that fails, it fails.
func (c *code) obtain(ctx context.Context) (*instance, error) {
	for {
		i, attempt, err := c.look()
		if i != nil || err != nil {
			return i, err
		}
		select {
		case <-ctx.Done():
			return nil, contextError(ctx)
		case <-attempt.done:
			if attempt.err != nil {
				return nil, attempt.err
			}
		}
	}
}

// look returns the live instance, or the attempt to start one that is under way from now
// on at the latest, or an error while the breaker is open.
func (c *code) look() (*instance, *start, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bury()
	if c.instance != nil || c.starting != nil {
		return c.instance, c.starting, nil
	}
	now := c.program.carrier.config.Now()
	if err := c.breaker.open(now); err != nil {
		return nil, nil, broken(err.Error())
	}
	attempt := &start{done: make(chan struct{})}
	c.starting = attempt
	go c.start(attempt, c.breaker.pause(now))
	return nil, attempt, nil
}

// bury takes note of an instance that has ended; c.mu is held.
func (c *code) bury() {
	if c.instance == nil {
		return
	}
	at, err, answered := c.instance.session.ended()
	if err == nil {
		return
	}
	if answered {
		c.breaker.reset() // what failed before is not in a row with this
	}
	c.breaker.failed(at, err)
	c.instance = nil
	c.program.carrier.config.Log.Warn("a plugin has ended; the next request starts it again",
		"pack", c.program.pack, "error", err.Message)
}

// start starts an instance after a pause.
func (c *code) start(attempt *start, pause time.Duration) {
	defer close(attempt.done)
	ctx, cancel := context.WithTimeout(c.alive, pause+c.program.carrier.config.StartTimeout)
	defer cancel()
	i, err := (*instance)(nil), error(nil)
	if rest(ctx, pause) {
		i, err = launch(ctx, c.program, &c.loops)
	} else {
		err = broken("the plugin is closed")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.starting, c.instance, attempt.err = nil, i, err
	if err != nil {
		c.breaker.failed(c.program.carrier.config.Now(), err)
		c.program.carrier.config.Log.Warn("a plugin cannot be started", "pack", c.program.pack, "error", err)
	}
}

// rest waits, and reports false when ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
