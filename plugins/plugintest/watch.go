package plugintest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk/wire"
)

var watches = []promise{
	{"turns with a cursor and a memory", counting},
	{"what rules ask for", finding},
	{"a set of triggers that changes", following},
	{"a passive sensor ends", ticking},
	{"a passive sensor that only waits ends", idling},
	{"elsewhere", elsewhere},
	{"a batch that is refused", refusedBatch},
	{"failure", failingTurns},
	{"unknown sensor", unknownSensor},
	{"sensors at once", sensorsAtOnce},
}

// look is one turn of a sensor.
func (s *subject) look(ctx context.Context, h *host, sensor, cursor string, triggers ...wire.Trigger) error {
	s.Helper()
	w := wire.Watch{Sensor: sensor, Pack: specimen.Name, Triggers: triggers, Config: json.RawMessage("{}")}
	if cursor != "" {
		w.Cursor = json.RawMessage(cursor)
	}
	defer h.dismiss()
	return s.isWire(s.Watch(ctx, w, h))
}

// looks is a turn that succeeds.
func (s *subject) looks(h *host, sensor, cursor string, triggers ...wire.Trigger) {
	s.Helper()
	if err := s.look(s.ctx, h, sensor, cursor, triggers...); err != nil {
		s.Fatalf("a turn of %s: %v", sensor, err)
	}
}

// recorder is a host that keeps each batch, and tells of it.
func (s *subject) recorder() (h *host, batches <-chan wire.Batch) {
	stored := make(chan wire.Batch, 1024)
	h = s.host()
	return h.on(wire.OpEmit, func(ctx context.Context, op wire.Op) wire.Reply {
		var b wire.Batch
		if err := json.Unmarshal(op.Body, &b); err != nil {
			s.Errorf("a batch %s: %v", op.Body, err)
		}
		r := h.Host.Do(ctx, op)
		if r.Error == nil {
			select {
			case stored <- b:
			case <-ctx.Done(): // nobody reads any more
			}
		}
		return r
	}), stored
}

func counted(n, turn int) wire.Event {
	return wire.Event{
		Trigger: "counted", TraceTag: "tag",
		Payload: json.RawMessage(fmt.Sprintf(`{"n":%d,"turn":%d}`, n, turn)),
	}
}

// counting wants the turns of one sensor to see the same instance, whatever else goes on,
// and the cursor to be the host's.
func counting(s *subject) {
	s.works()
	for i, turn := range []struct {
		cursor string
		want   []wire.Event
	}{
		{"", []wire.Event{counted(0, 1), counted(1, 1)}},
		{`{"n":2}`, []wire.Event{counted(2, 2), counted(3, 2)}},
		{`{"n":41}`, []wire.Event{counted(41, 3), counted(42, 3)}},
		{`null`, []wire.Event{counted(0, 4), counted(1, 4)}},
	} {
		h, batches := s.recorder()
		s.looks(h, "counter", turn.cursor)
		s.equal(fmt.Sprintf("the events of turn %d", i+1), h.Events(), turn.want)
		s.equal("the number of batches", len(batches), 2)
		first := <-batches
		s.equal("the first cursor", string(first.Cursor), fmt.Sprintf(`{"n":%d}`, number(s, turn.want[0])+1))
		s.looks(s.host(), "finder", "")
		s.works()
	}
}

// number is the one that an event has counted.
func number(s *subject, e wire.Event) int {
	s.Helper()
	var c specimen.Counted
	if err := json.Unmarshal(e.Payload, &c); err != nil {
		s.Fatal(err)
	}
	return c.N
}

func wanted(ref, parameters string) wire.Trigger {
	return wire.Trigger{Ref: "specimen." + ref, Type: "specimen.found", Parameters: json.RawMessage(parameters)}
}

func found(ref, name string) wire.Event {
	return wire.Event{Trigger: "specimen." + ref, Payload: json.RawMessage(`{"name":"` + name + `"}`)}
}

func finding(s *subject) {
	h := s.host()
	other := wire.Trigger{Ref: "specimen.counted", Type: "specimen.counted"}
	s.looks(h, "finder", "", wanted("a", `{"name":"x","times":2}`), other, wanted("b", `{"name":"y"}`))
	s.equal("the events", h.Events(), []wire.Event{found("a", "x"), found("a", "x"), found("b", "y")})
	err := s.look(s.ctx, s.host(), "finder", "", wanted("c", `{"times":1}`))
	s.refused("parameters that do not fit", err, wire.Invalid)
}

func following(s *subject) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	h, batches := s.recorder()
	h.SetTriggers(wanted("a", `{"name":"x"}`))
	ended := goes(func() error { return s.look(ctx, h, "follower", "") })
	s.equal("the first set", await(s, "a batch", patience, batches).Events, []wire.Event{found("a", "x")})
	h.SetTriggers(wanted("b", `{"name":"y"}`))
	s.equal("the second set", await(s, "a batch", patience, batches).Events, []wire.Event{found("b", "y")})
	cancel()
	s.refused("the sensor when canceled", await(s, "its end", soon, ended), wire.Canceled)
}

// ticking ends a busy passive sensor twice and wants it to go on behind its cursor.
func ticking(s *subject) {
	cursor, next := "", 0
	for range 2 {
		ctx, cancel := context.WithCancel(s.ctx)
		h, batches := s.recorder()
		ended := goes(func() error { return s.look(ctx, h, "ticker", cursor) })
		for range 5 {
			b := await(s, "a batch", patience, batches)
			s.equal("the number", number(s, b.Events[0]), next)
			cursor, next = string(b.Cursor), next+1
		}
		cancel()
		s.refused("the sensor when canceled", await(s, "its end", soon, ended), wire.Canceled)
		for len(batches) > 0 { // stored before it ended
			b := <-batches
			cursor, next = string(b.Cursor), next+1
		}
	}
	s.works()
}

func idling(s *subject) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	h, lines := s.logging()
	ended := goes(func() error { return s.look(ctx, h, "idler", "") })
	await(s, "its beginning", patience, lines)
	s.works()
	cancel()
	s.refused("the sensor when canceled", await(s, "its end", soon, ended), wire.Canceled)
}

// elsewhere wants a sensor to end that another node runs by now, even one that does not
// care.
func elsewhere(s *subject) {
	for _, sensor := range []string{"ticker", "stubborn", "counter"} {
		err := s.look(s.ctx, s.denying(wire.OpEmit, wire.Elsewhere), sensor, "")
		s.refused(sensor, err, wire.Elsewhere)
	}
}

func refusedBatch(s *subject) {
	h := s.denying(wire.OpEmit, wire.TooLarge)
	s.refused("the turn", s.look(s.ctx, h, "counter", `{"n":5}`), wire.TooLarge)
	h = s.host()
	s.looks(h, "counter", `{"n":5}`)
	s.equal("the first number afterwards", number(s, h.Events()[0]), 5)
}

func failingTurns(s *subject) {
	for sensor, message := range map[string]string{
		"faulty": "nothing to see", "panicking": "panic: cannot look", "quitter": "returned",
	} {
		for range 2 {
			err := s.look(s.ctx, s.host(), sensor, "")
			s.refused(sensor, err, wire.Failed)
			if err != nil && !strings.Contains(err.Error(), message) {
				s.Errorf("the error of %s is %q, want %q in it", sensor, err, message)
			}
		}
	}
	err := s.look(s.ctx, s.host(), "counter", `"no place"`)
	s.refused("a cursor of another type", err, wire.Invalid)
}

func unknownSensor(s *subject) {
	s.refused("an unknown sensor", s.look(s.ctx, s.host(), "nothing_like_it", ""), wire.Invalid)
}

// sensorsAtOnce wants sensors to run beside one another and beside calls.
func sensorsAtOnce(s *subject) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	var ends []<-chan error
	for _, sensor := range []string{"ticker", "follower", "idler"} {
		h, batches := s.recorder()
		begun := make(chan struct{}, 1)
		h.on(wire.OpLog, func(context.Context, wire.Op) wire.Reply {
			begun <- struct{}{}
			return wire.Reply{}
		})
		ends = append(ends, goes(func() error { return s.look(ctx, h, sensor, "") }))
		if sensor == "idler" {
			await(s, "its beginning", patience, begun)
			continue
		}
		await(s, "a batch of "+sensor, patience, batches)
	}
	h := s.host()
	s.looks(h, "counter", "")
	s.works()
	cancel()
	for _, end := range slices.Backward(ends) {
		s.refused("a sensor when canceled", await(s, "its end", soon, end), wire.Canceled)
	}
}
