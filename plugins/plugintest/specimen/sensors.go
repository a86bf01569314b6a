package specimen

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/petrelhq/petrel/sdk"
)

// Counted is the payload of a number.
type Counted struct {
	N    int `json:"n"`
	Turn int `json:"turn"` // how many turns this instance has made
}

// Wanted is what rules ask for.
type Wanted struct {
	Name  string `json:"name" required:"true"`
	Times int    `json:"times" default:"1"`
}

// Found is the payload of what was asked for.
type Found struct {
	Name string `json:"name"`
}

// Place is a cursor.
type Place struct {
	N int `json:"n"`
}

// sensors are those of one pack, with what they remember.
type sensors struct {
	counted sdk.TriggerType[Counted]
	found   sdk.AskedTriggerType[Wanted, Found]
	turns   atomic.Int64
}

func declareSensors(p *sdk.Pack) {
	s := &sensors{
		counted: sdk.Trigger[Counted](p, "counted", "A number was counted."),
		found:   sdk.TriggerWith[Wanted, Found](p, "found", "What a rule asks for is there."),
	}
	sdk.Poll(p, "counter", "Counts two numbers in each look.", 10*time.Second, sdk.Raises(s.counted), s.count)
	sdk.Poll(p, "finder", "Finds what rules ask for.", 1500*time.Millisecond, sdk.Raises(s.found), s.find)
	sdk.Poll(p, "faulty", "Fails.", time.Minute, sdk.Raises(s.counted), s.fail)
	sdk.Poll(p, "panicking", "Panics.", time.Minute, sdk.Raises(s.counted), s.panic)
	sdk.Passive(p, "ticker", "Counts as fast as the host stores.", sdk.Raises(s.counted), s.tick)
	sdk.Passive(p, "idler", "Waits for its end.", sdk.Raises(s.counted), s.idle)
	sdk.Passive(p, "follower", "Follows what rules ask for.", sdk.Raises(s.found), s.follow)
	sdk.Passive(p, "stubborn", "Does not care about errors.", sdk.Raises(s.counted), s.ignore)
	sdk.Passive(p, "quitter", "Returns at once.", sdk.Raises(s.counted), s.quit)
}

// count emits two batches of one number.
func (s *sensors) count(ctx context.Context, w *sdk.Sensor[Place]) error {
	turn := int(s.turns.Add(1))
	for range 2 {
		n := w.Cursor().N
		if err := w.Emit(ctx, Place{n + 1}, s.counted.Event(Counted{n, turn}).Tagged("tag")); err != nil {
			return err
		}
	}
	return nil
}

func (s *sensors) find(ctx context.Context, w *sdk.Sensor[sdk.None]) error {
	asked, err := s.found.Asked(w)
	if err != nil {
		return err
	}
	var events []sdk.Event
	for _, a := range asked {
		for range a.Parameters.Times {
			events = append(events, s.found.EventFor(a, Found{a.Parameters.Name}))
		}
	}
	return w.Emit(ctx, sdk.None{}, events...)
}

func (s *sensors) fail(context.Context, *sdk.Sensor[Place]) error {
	return errors.New("nothing to see")
}

func (s *sensors) panic(context.Context, *sdk.Sensor[Place]) error { panic("cannot look") }

func (s *sensors) tick(ctx context.Context, w *sdk.Sensor[Place]) error {
	for {
		n := w.Cursor().N
		if err := w.Emit(ctx, Place{n + 1}, s.counted.Event(Counted{N: n})); err != nil {
			return err
		}
		if err := sdk.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *sensors) idle(ctx context.Context, _ *sdk.Sensor[Place]) error {
	sdk.Log(ctx).Info("idle")
	<-ctx.Done()
	return nil
}

// follow emits what is asked for each time that changes.
func (s *sensors) follow(ctx context.Context, w *sdk.Sensor[sdk.None]) error {
	for {
		if err := w.Await(ctx); err != nil {
			return err
		}
		if err := s.find(ctx, w); err != nil {
			return err
		}
	}
}

func (s *sensors) ignore(ctx context.Context, w *sdk.Sensor[Place]) error {
	for ctx.Err() == nil {
		_ = w.Emit(ctx, Place{w.Cursor().N + 1}, s.counted.Event(Counted{N: w.Cursor().N}))
	}
	return nil
}

func (s *sensors) quit(context.Context, *sdk.Sensor[Place]) error { return nil }
