package wasm

import (
	"context"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

var inProcess = core.Runtime{Isolation: core.RuntimeProcess}

// TestApart: what happens to a module in a child is no other call's concern.
func TestApart(t *testing.T) {
	for _, c := range []struct {
		name    string
		kind    wire.Kind
		message string
	}{
		{"loop", wire.TimedOut, "the deadline has passed"},
		{"recursion", wire.TimedOut, "the deadline has passed"},
		{"huge_result", wire.TooLarge, "answered 1073741824 bytes"},
		{"grow", wire.Broken, "unreachable"},
		{"flood_logs", wire.TooLarge, "printed and logged more than"},
		{"overlap", done, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := open(t, Config{Child: childCommand(t), MaxOutput: 1 << 20, MaxMessage: 2 << 20})
			p := load(t, e, hostile(t, c.name), inProcess)
			deadline := 20 * time.Second
			if c.kind == wire.TimedOut {
				deadline = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(context.Background(), deadline)
			defer cancel()
			started := time.Now()
			_, err := p.Call(ctx, aCall("{}"), newWorld())
			if took := time.Since(started); took > deadline+noise {
				t.Errorf("it took %v", took)
			}
			checkError(t, err, c.kind, c.message)
		})
	}
}

func TestApartSensor(t *testing.T) {
	e := open(t, Config{Child: childCommand(t)})
	watchTrap(t, load(t, e, hostile(t, "sensor_trap"), inProcess))
}

// TestApartRefused: a child says what is wrong with a module, as Load does without one.
func TestApartRefused(t *testing.T) {
	e := open(t, Config{Child: childCommand(t)})
	_, err := e.Load(context.Background(), hostile(t, "imports"), inProcess, "hello")
	checkError(t, err, wire.Invalid, "imports what is not offered")
	_, err = open(t, Config{}).Load(context.Background(), hostile(t, "overlap"), inProcess, "hello")
	checkError(t, err, wire.Invalid, "runs no modules in processes of their own")
	_, err = open(t, Config{Child: []string{"/bin/false"}}).Load(context.Background(), hostile(t, "overlap"), inProcess, "hello")
	checkError(t, err, wire.Broken, "the module's process ended")
}

// killer is a host that kills the child that asks it.
type killer struct{ p *apart }

func (h killer) Do(context.Context, wire.Op) wire.Reply {
	h.p.own.Lock()
	defer h.p.own.Unlock()
	for _, s := range h.p.sensors {
		s.child.kill()
	}
	return wire.Reply{}
}

// TestChildKilled: a child that is gone is replaced.
func TestChildKilled(t *testing.T) {
	e := open(t, Config{Child: childCommand(t)})
	p := load(t, e, hostile(t, "overlap"), inProcess).(*apart)
	err := p.Watch(context.Background(), wire.Watch{Sensor: "s"}, killer{p})
	checkError(t, err, wire.Broken, "the module's process ended")
	if err := p.Watch(context.Background(), wire.Watch{Sensor: "s"}, newWorld()); err != nil {
		t.Error(err)
	}
}
