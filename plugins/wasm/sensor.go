package wasm

import (
	"context"

	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

// sensor is one of a module's sensors.
type sensor struct {
	turn
	engine *Engine
	in     *instance // guarded by turn
}

func (m *module) sensor(name string) *sensor {
	m.own.Lock()
	defer m.own.Unlock()
	s, ok := m.sensors[name]
	if !ok {
		s = &sensor{engine: m.engine, turn: turn{make(chan struct{}, 1)}}
		m.sensors[name] = s
	}
	return s
}

// Watch is one turn of a sensor.
func (m *module) Watch(ctx context.Context, t wire.Watch, h plugins.Host) error {
	if m.command {
		return refusal("the module of pack %s is a WASI command, and those have no sensors", m.pack)
	}
	s := m.sensor(t.Sensor)
	return asError(m.carry(m.newTurn(ctx, h), func(w *work) *wire.Error { return m.watch(s, w, t) }))
}

func (m *module) watch(s *sensor, w *work, t wire.Watch) *wire.Error {
	if err := s.take(w.ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := s.start(m, w); err != nil {
		return err
	}
	r, err := s.in.handle(wire.Request{Version: wire.Version, Method: wire.Observe, Watch: &t})
	if err == nil {
		err = r.Error
	}
	if in := s.in; !in.unhook() || err != nil || w.failure != nil {
		s.drop()
	} else {
		in.work, in.unhook = nil, nil
	}
	return err
}

// start gives the sensor its instance, or has the one it has work on.
func (s *sensor) start(m *module, w *work) (err *wire.Error) {
	if s.in != nil {
		s.in.begin(w)
		return nil
	}
	if err := s.engine.admitSensor(); err != nil {
		return err
	}
	if s.in, err = m.instantiate(w); err != nil {
		s.engine.sensors.Add(-1)
	}
	return err
}

// admitSensor counts a sensor's instance, unless there are as many as may be.
func (e *Engine) admitSensor() *wire.Error {
	if e.sensors.Add(1) > int64(e.config.MaxSensors) {
		e.sensors.Add(-1)
		return failure(wire.TooLarge, "there are %d WASM sensors already, as many as this server runs at once", e.config.MaxSensors)
	}
	return nil
}

// drop ends the sensor's instance.
func (s *sensor) drop() {
	if s.in != nil {
		s.in.close()
		s.in = nil
		s.engine.sensors.Add(-1)
	}
}
