package sdk

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Sensor is one turn of a sensor: where it stands and where it delivers. It may be used by
// many goroutines at once.
type Sensor[Cursor any] struct {
	*watching
	cursor Cursor
}

// Cursor is that of the last batch the host has stored; the zero value at first.
func (s *Sensor[Cursor]) Cursor() Cursor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor
}

// Emit delivers events together with the cursor that stands behind the last of them, and
// returns when both are stored: not before is anything sure. Batches are stored in the
// order of the calls. A batch whose cursor is stored already is not stored again, so the
// cursor goes on with every batch; it may also go on without events.
//
// When the error is of kind [Elsewhere] another machine runs the sensor by now, and ctx
// ends.
func (s *Sensor[Cursor]) Emit(ctx context.Context, cursor Cursor, events ...Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := cursorJSON(cursor)
	if err != nil {
		return err
	}
	if err := s.emit(ctx, wire.Batch{Cursor: raw}, events); err != nil {
		return err
	}
	s.cursor = cursor
	return nil
}

// Refresh asks the host for the current set of triggers, which [AskedTriggerType.Asked]
// reads. A polled sensor has it at the start of each look anyway.
func (s *Sensor[Cursor]) Refresh(ctx context.Context) error { return s.refresh(ctx, false) }

// Await waits until the set of triggers changes. The first call returns at once.
func (s *Sensor[Cursor]) Await(ctx context.Context) error { return s.refresh(ctx, true) }

// cursorJSON is nothing for sensors that have no cursor.
func cursorJSON(cursor any) (json.RawMessage, error) {
	if _, none := cursor.(None); none {
		return nil, nil
	}
	raw, err := json.Marshal(cursor)
	if err != nil {
		return nil, Errorf(Invalid, "the cursor cannot be written as JSON: %v", err)
	}
	return raw, nil
}

// watching is what a Sensor is, whatever its cursor.
type watching struct {
	name   string
	raises []string
	cursor json.RawMessage // at the start of the turn
	stop   context.CancelCauseFunc

	mu   sync.Mutex // of the cursor; held while a batch is on its way
	set  sync.Mutex // of what follows
	seen uint64
	want []wire.Trigger
}

// emit adds events to b and has it stored.
func (w *watching) emit(ctx context.Context, b wire.Batch, events []Event) error {
	b.Events = make([]wire.Event, 0, len(events))
	for _, e := range events {
		if !slices.Contains(w.raises, e.of) {
			return Errorf(Invalid, "sensor %s does not raise %s: list it with sdk.Raises", w.name, e.of)
		}
		event, err := e.onWire()
		if err != nil {
			return Errorf(Invalid, "%v", err)
		}
		b.Events = append(b.Events, event)
	}
	err := Ask(ctx, wire.OpEmit, b, nil)
	if err != nil && KindOf(err) == Elsewhere {
		w.stop(err)
	}
	return err
}

// triggers is the current set of triggers that rules wait for.
func (w *watching) triggers() []wire.Trigger {
	w.set.Lock()
	defer w.set.Unlock()
	return slices.Clone(w.want)
}

func (w *watching) refresh(ctx context.Context, wait bool) error {
	w.set.Lock()
	ask := wire.Triggers{Wait: wait, Seen: w.seen}
	w.set.Unlock()
	var r wire.TriggersReply
	if err := Ask(ctx, wire.OpTriggers, ask, &r); err != nil {
		return err
	}
	w.set.Lock()
	defer w.set.Unlock()
	if r.Generation >= w.seen {
		w.seen, w.want = r.Generation, r.Triggers
	}
	return nil
}
