package plugins

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// What one batch may hold.
const (
	maxEvents = 1000
	maxBatch  = 4 << 20  // bytes of payloads
	maxCursor = 64 << 10 // bytes
)

// eventsOf checks a batch and makes references of its triggers' names. own are references
// of trigger types that the sensor is declared to raise.
func (h *host) eventsOf(ctx context.Context, b wire.Batch, own []string) ([]core.Event, error) {
	if len(b.Events) > maxEvents {
		return nil, core.Errorf(core.TooLarge, "events: a batch has at most %d, this one has %d: deliver them in parts, each with its cursor", maxEvents, len(b.Events))
	}
	if len(b.Cursor) > maxCursor {
		return nil, core.Errorf(core.TooLarge, "cursor: at most %d bytes, this one has %d", maxCursor, len(b.Cursor))
	}
	size, events := 0, make([]core.Event, 0, len(b.Events))
	for _, e := range b.Events {
		if size += len(e.Payload); size > maxBatch {
			return nil, core.Errorf(core.TooLarge, "events: the payloads of a batch have at most %d bytes: deliver them in parts, each with its cursor", maxBatch)
		}
		ref, err := h.triggerRef(ctx, e.Trigger, own)
		if err != nil {
			return nil, err
		}
		if len(e.Payload) == 0 {
			e.Payload = json.RawMessage("{}")
		}
		events = append(events, core.Event{Trigger: ref, Payload: e.Payload, TraceTag: e.TraceTag})
	}
	return events, nil
}

// triggerRef is the reference that code means: a name of its own pack, or a reference.
// Those of other packs need a permission.
func (h *host) triggerRef(ctx context.Context, name string, own []string) (string, error) {
	if name == "" {
		return "", core.FieldErrorf("trigger", "trigger: an event needs one")
	}
	if mine := core.Ref(h.pack, name); !strings.Contains(name, ".") || slices.Contains(own, mine) {
		return mine, nil
	}
	if strings.HasPrefix(name, h.pack+".") {
		return name, nil
	}
	return name, h.check(ctx, mayRaise, name)
}

// cursorOf is a cursor as it is stored: without blanks, none for null.
func cursorOf(raw json.RawMessage) ([]byte, error) {
	var buf bytes.Buffer
	if len(raw) == 0 {
		return nil, nil
	}
	if err := json.Compact(&buf, raw); err != nil {
		return nil, core.FieldErrorf("cursor", "cursor: %v", err)
	}
	if buf.String() == "null" {
		return nil, nil
	}
	return buf.Bytes(), nil
}
