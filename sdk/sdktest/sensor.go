package sdktest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Turn is what a sensor has done in one turn.
type Turn struct {
	Events []wire.Event // those stored
	Err    *wire.Error
}

// Poll is one look of a polled sensor. It begins where the last one has stored its cursor.
func (w *World) Poll(sensor string) Turn {
	w.t.Helper()
	return w.turn(w.t.Context(), sensor)
}

// Listen is a turn of a passive sensor: it ends when the sensor has delivered at least n
// events, or by itself.
func (w *World) Listen(sensor string, n int) Turn {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	stored := w.Do
	turn := w.turnWith(ctx, sensor, func(ctx context.Context, op wire.Op) wire.Reply {
		r := stored(ctx, op)
		if op.Name == wire.OpEmit && len(w.Events()) >= n {
			cancel()
		}
		return r
	})
	if ctx.Err() != nil && turn.Err != nil && turn.Err.Kind == wire.Canceled {
		turn.Err = nil
	}
	return turn
}

func (w *World) turn(ctx context.Context, sensor string) Turn {
	w.t.Helper()
	return w.turnWith(ctx, sensor, w.Do)
}

func (w *World) turnWith(ctx context.Context, sensor string, host func(context.Context, wire.Op) wire.Reply) Turn {
	w.t.Helper()
	if !slices.ContainsFunc(w.pack.Sensors, func(s wire.Sensor) bool { return s.Name == sensor }) {
		w.t.Fatalf("the pack has no sensor %q", sensor)
	}
	w.begin(sensor)
	watch := wire.Watch{Sensor: sensor, Pack: w.pack.Name, Cursor: w.stored(sensor), Triggers: w.set(), Config: w.config}
	r := w.handle(ctx, wire.Request{Version: wire.Version, Method: wire.Observe, Watch: &watch}, host)
	return Turn{Events: w.Events(), Err: r.Error}
}

// Cursor reads what the sensor has stored last into what into points to, and tells whether
// there is anything.
func (w *World) Cursor(sensor string, into any) bool {
	w.t.Helper()
	raw := w.stored(sensor)
	if len(raw) == 0 {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		w.t.Fatalf("the cursor of %s: %v in %s", sensor, err, raw)
	}
	return true
}

// Ask adds a trigger with parameters, as a rule does that waits for the pack's trigger type,
// and returns its reference.
func (w *World) Ask(triggerType string, params any) string {
	w.t.Helper()
	raw, err := json.Marshal(params)
	if err != nil {
		w.t.Fatalf("the parameters of %s: %v", triggerType, err)
	}
	ref := fmt.Sprintf("%s.%s-%d", w.pack.Name, triggerType, len(w.set())+1)
	w.SetTriggers(append(w.set(), wire.Trigger{Ref: ref, Type: w.pack.Name + "." + triggerType, Parameters: raw})...)
	return ref
}

// SetTriggers replaces the set of triggers that sensors see.
func (h *Host) SetTriggers(set ...wire.Trigger) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.triggers = set
	h.generation++
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *Host) set() []wire.Trigger {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.triggers)
}

// stored is the cursor of a sensor.
func (h *Host) stored(sensor string) json.RawMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cursors[sensor]
}

// current answers with the set of triggers, when it is asked to wait only with a new one.
func (h *Host) current(ctx context.Context, a wire.Triggers) wire.Reply {
	for {
		h.mu.Lock()
		r, changed := wire.TriggersReply{Generation: h.generation, Triggers: slices.Clone(h.triggers)}, h.changed
		h.mu.Unlock()
		if !a.Wait || r.Generation != a.Seen {
			return answer(r)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return refuse(wire.Canceled, "%v", context.Cause(ctx))
		}
	}
}

// begin makes sensor the one that batches are from.
func (h *Host) begin(sensor string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sensor, h.events = sensor, nil
}

// store takes a batch, once for each cursor.
func (h *Host) store(b wire.Batch) wire.Reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(b.Cursor) > 0 && bytes.Equal(b.Cursor, h.cursors[h.sensor]) {
		return wire.Reply{}
	}
	if len(b.Cursor) > 0 {
		h.cursors[h.sensor] = b.Cursor
	}
	h.events = append(h.events, b.Events...)
	return wire.Reply{}
}

// Events are those stored in the turn of a sensor that was begun last.
func (h *Host) Events() []wire.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}
