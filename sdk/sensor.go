package sdk

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

// A sensor as declared.
type sensor struct {
	name, doc string
	raises    []string
	every     time.Duration // 0 for a passive one
	turn      func(ctx context.Context, w *watching) error
}

// Poll declares a sensor that looks at something again and again: f is one look and soon
// returns. The host waits as long as every between looks. What f keeps in memory lasts
// until a look fails; what must last longer belongs into the cursor.
//
// Cursor is any type that JSON can hold and says how far the sensor has come, or [None].
// Its zero value stands at the very beginning.
func Poll[Cursor any](p *Pack, name, doc string, every time.Duration, triggers []AnyTrigger, f func(ctx context.Context, s *Sensor[Cursor]) error) {
	if every <= 0 {
		p.fault("sensor %s: the time between two looks is more than nothing", name)
	}
	declareSensor(p, sensor{name: name, doc: doc, every: every}, triggers, f)
}

// Passive declares a sensor that waits for something to happen: f works until ctx is done.
func Passive[Cursor any](p *Pack, name, doc string, triggers []AnyTrigger, f func(ctx context.Context, s *Sensor[Cursor]) error) {
	declareSensor(p, sensor{name: name, doc: doc}, triggers, f)
}

func declareSensor[Cursor any](p *Pack, s sensor, triggers []AnyTrigger, f func(ctx context.Context, s *Sensor[Cursor]) error) {
	p.named("sensor", s.name, find(p.sensors, s.name) != nil)
	if f == nil {
		p.fault("sensor %s: it has no function", s.name)
	}
	if len(triggers) == 0 {
		p.fault("sensor %s: it raises nothing: name its trigger types with sdk.Raises", s.name)
	}
	for _, t := range triggers {
		s.raises = append(s.raises, t.triggerName())
	}
	s.turn = func(ctx context.Context, w *watching) error {
		view := &Sensor[Cursor]{watching: w}
		if len(w.cursor) > 0 {
			if err := json.Unmarshal(w.cursor, &view.cursor); err != nil {
				return Errorf(Invalid, "sensor %s: its stored cursor %s is no %v", s.name, w.cursor, reflect.TypeFor[Cursor]())
			}
		}
		return f(ctx, view)
	}
	p.sensors = append(p.sensors, s)
}

func (s sensor) declaredName() string { return s.name }

func (s sensor) describe() wire.Sensor {
	return wire.Sensor{Name: s.name, Description: s.doc, Triggers: s.raises, Interval: s.every.Seconds()}
}
