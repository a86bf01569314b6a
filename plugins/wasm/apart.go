package wasm

import (
	"context"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

// apart carries a module in child processes: one for each call under way and one for each
// sensor. What must end is killed, whatever it does.
type apart struct {
	*carrier
	setup  setup
	source []byte

	own     sync.Mutex
	idle    []*child
	sensors map[string]*apartSensor
}

type apartSensor struct {
	turn
	child *child // guarded by turn
}

func (e *Engine) loadApart(ctx context.Context, source []byte, rt core.Runtime, pack string) (*apart, error) {
	if err := checkHeader(source); err != nil {
		return nil, err
	}
	c := e.config
	rt.Isolation = ""
	a := &apart{carrier: newCarrier(e, rt, pack), source: source, sensors: map[string]*apartSensor{}, setup: setup{Runtime: rt, Pack: pack,
		Config: childConfig{CacheDir: c.CacheDir, Memory: c.Memory, MaxMemory: c.MaxMemory,
			MaxOutput: c.MaxOutput, MaxMessage: c.MaxMessage, MaxHostCalls: c.MaxHostCalls, MaxHostBytes: c.MaxHostBytes}}}
	err := a.carry(a.newTurn(ctx, nobody{}), func(w *work) *wire.Error {
		first, err := a.start(w) // the child checks the module
		if err == nil {
			a.leave(first, true)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// start makes a child that is ready for requests.
func (a *apart) start(w *work) (*child, *wire.Error) {
	c, err := a.engine.startChild()
	if err != nil {
		return nil, err
	}
	m, err := c.exchange(w,
		func() error { return c.pipe.send(a.setup) },
		func() error { return c.pipe.sendBytes(a.source) })
	if err == nil {
		err = m.Error
	}
	if err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// Describe returns what the module brings.
func (a *apart) Describe(ctx context.Context) (wire.Pack, error) {
	r, err := a.request(ctx, nobody{}, wire.Request{Version: wire.Version, Method: wire.Describe})
	switch {
	case err != nil:
		return wire.Pack{}, err
	case r.Pack == nil:
		return wire.Pack{}, broken("the module answered describe without a pack")
	}
	return *r.Pack, nil
}

// nobody is the host of a module that describes itself.
type nobody struct{}

func (nobody) Do(context.Context, wire.Op) wire.Reply {
	return wire.Reply{Error: failure(wire.Denied, "the host does nothing while a module describes itself")}
}

// Call carries out an action.
func (a *apart) Call(ctx context.Context, c wire.Call, h plugins.Host) (wire.Result, error) {
	return result(a.request(ctx, h, wire.Request{Version: wire.Version, Method: wire.Invoke, Call: &c}))
}

// request does one in a child that has nothing else to do.
func (a *apart) request(ctx context.Context, h plugins.Host, q wire.Request) (wire.Response, *wire.Error) {
	var r wire.Response
	err := a.carry(a.newWork(ctx, h), func(w *work) (err *wire.Error) {
		c := a.takeIdle()
		if c == nil {
			if c, err = a.start(w); err != nil {
				return err
			}
		}
		r, err = c.ask(w, q)
		a.leave(c, err == nil)
		return err
	})
	if err != nil {
		return wire.Response{}, err
	}
	return r, nil
}

// ask has the child serve a request.
func (c *child) ask(w *work, q wire.Request) (wire.Response, *wire.Error) {
	m, err := c.exchange(w, func() error { return c.pipe.send(message{Request: &q}) })
	switch {
	case err != nil:
		return wire.Response{}, err
	case m.Error != nil:
		return wire.Response{}, m.Error
	case m.Response == nil:
		return wire.Response{}, broken("the module's process answered nothing")
	}
	return *m.Response, nil
}

func (a *apart) takeIdle() *child {
	a.own.Lock()
	defer a.own.Unlock()
	last := len(a.idle) - 1
	if last < 0 {
		return nil
	}
	c := a.idle[last]
	a.idle = a.idle[:last]
	return c
}

// maxIdleChildren bounds what a module that is not being called takes.
const maxIdleChildren = 2

// leave keeps a child for the next request, or ends it.
func (a *apart) leave(c *child, well bool) {
	a.own.Lock()
	keep := well && len(a.idle) < maxIdleChildren
	if keep {
		a.idle = append(a.idle, c)
	}
	a.own.Unlock()
	if !keep {
		c.end()
	}
}

// Watch is one turn of a sensor, whose child stays until a turn ends with an error.
func (a *apart) Watch(ctx context.Context, t wire.Watch, h plugins.Host) error {
	s := a.sensor(t.Sensor)
	return asError(a.carry(a.newTurn(ctx, h), func(w *work) *wire.Error {
		if err := s.take(w.ctx); err != nil {
			return err
		}
		defer s.leave()
		if err := a.startSensor(s, w); err != nil {
			return err
		}
		_, err := s.child.ask(w, wire.Request{Version: wire.Version, Method: wire.Observe, Watch: &t})
		if err != nil {
			a.dropSensor(s)
		}
		return err
	}))
}

func (a *apart) sensor(name string) *apartSensor {
	a.own.Lock()
	defer a.own.Unlock()
	s, ok := a.sensors[name]
	if !ok {
		s = &apartSensor{turn: turn{make(chan struct{}, 1)}}
		a.sensors[name] = s
	}
	return s
}

func (a *apart) startSensor(s *apartSensor, w *work) (err *wire.Error) {
	if s.child != nil {
		return nil
	}
	if err := a.engine.admitSensor(); err != nil {
		return err
	}
	if s.child, err = a.start(w); err != nil {
		a.engine.sensors.Add(-1)
	}
	return err
}

func (a *apart) dropSensor(s *apartSensor) {
	if s.child != nil {
		s.child.end()
		s.child = nil
		a.engine.sensors.Add(-1)
	}
}

// Close waits for what is under way and ends the children.
func (a *apart) Close(ctx context.Context) error {
	return a.close(ctx, func() {
		for _, s := range a.sensors { // nobody else is left
			a.dropSensor(s)
		}
		for _, c := range a.idle {
			c.end()
		}
	})
}
