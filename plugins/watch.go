package plugins

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// watch is one turn of a sensor. It is its host's voice and events.
type watch struct {
	host   *host
	sensor core.Sensor
	feed   core.Feed
	set    *triggerSet
	budget *budget
	line   *slog.Logger
	stop   context.CancelCauseFunc // ends the turn

	emitting sync.Mutex // batches are stored in the order they come
	failed   error      // of emitting: the sensor ends with it
}

// log writes to the server's log.
func (w *watch) log(level, message string, fields map[string]any) {
	ok, dropped := w.budget.take()
	if dropped > 0 {
		w.line.Warn(said(dropped))
	}
	if !ok {
		return
	}
	args := make([]any, 0, 2*len(fields))
	for name, value := range fields {
		args = append(args, slog.Any(name, value))
	}
	w.line.With(slog.Group("fields", args...)).Log(context.Background(), slogLevel(level), message)
}

func slogLevel(level string) slog.Level {
	return map[string]slog.Level{"debug": slog.LevelDebug, "warning": slog.LevelWarn, "error": slog.LevelError}[level]
}

func (w *watch) print(stream, text string) {
	w.log("info", cut(w.host.secrets.mask(text), maxMessage), map[string]any{"stream": stream})
}

// emit delivers a batch. After an error of the feed nothing more can be delivered: the
// turn ends, and the sensor with it.
func (w *watch) emit(ctx context.Context, b wire.Batch) error {
	w.emitting.Lock()
	defer w.emitting.Unlock()
	if w.failed != nil {
		return elsewhere()
	}
	events, err := w.host.eventsOf(ctx, b, w.sensor.TriggerTypes)
	if err != nil {
		return err
	}
	cursor, err := cursorOf(b.Cursor)
	if err != nil || len(events) == 0 && cursor == nil {
		return err
	}
	err = w.feed.Emit(ctx, core.Batch{Events: events, Cursor: cursor})
	if err == nil {
		return nil
	}
	w.failed = err
	w.stop(err)
	if core.KindOf(err) == core.Internal || errors.Is(err, context.Canceled) {
		return elsewhere()
	}
	return w.host.onWire(context.WithoutCancel(ctx), wire.OpEmit, err) // it tells more than that the turn has ended
}

// elsewhere tells code that what it delivers is not wanted any more.
func elsewhere() error {
	return &wire.Error{Kind: wire.Elsewhere, Message: "the batch was not stored: another node may run this sensor by now"}
}

// failure is why emitting failed, nil when it did not.
func (w *watch) failure() error {
	w.emitting.Lock()
	defer w.emitting.Unlock()
	return w.failed
}

func (w *watch) triggers(ctx context.Context, t wire.Triggers) (wire.TriggersReply, error) {
	if t.Wait {
		return w.set.other(ctx, t.Seen)
	}
	r, _ := w.set.now()
	return r, nil
}

// triggerSet is what rules want of a sensor now.
type triggerSet struct {
	mu      sync.Mutex
	reply   wire.TriggersReply
	changed chan struct{} // closed when reply is another
}

func newTriggerSet() *triggerSet { return &triggerSet{changed: make(chan struct{})} }

func (s *triggerSet) put(set []core.Trigger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply = wire.TriggersReply{Generation: s.reply.Generation + 1, Triggers: onWire(set)}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *triggerSet) now() (wire.TriggersReply, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reply, s.changed
}

// other waits for a set that is not of the generation seen.
func (s *triggerSet) other(ctx context.Context, seen uint64) (wire.TriggersReply, error) {
	for {
		r, changed := s.now()
		if r.Generation != seen {
			return r, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return r, ended(ctx)
		}
	}
}

func onWire(set []core.Trigger) []wire.Trigger {
	all := make([]wire.Trigger, 0, len(set))
	for _, t := range set {
		params := t.Parameters
		if len(params) == 0 {
			params = json.RawMessage("{}")
		}
		all = append(all, wire.Trigger{Ref: t.Ref(), Type: t.Type, Parameters: params})
	}
	return all
}
