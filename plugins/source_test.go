package plugins_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

// feed is what the router gives a source: it keeps the cursor and shows the batches.
type feed struct {
	sets    chan []core.Trigger
	batches chan core.Batch

	mu     sync.Mutex
	cursor []byte
	err    error // of Emit
}

func newFeed(set ...core.Trigger) *feed {
	f := &feed{sets: make(chan []core.Trigger, 1), batches: make(chan core.Batch, 100)}
	f.sets <- set
	return f
}

func (f *feed) Triggers() <-chan []core.Trigger { return f.sets }

func (f *feed) Cursor() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cursor
}

func (f *feed) Emit(_ context.Context, b core.Batch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	if b.Cursor != nil {
		f.cursor = b.Cursor
	}
	f.batches <- b
	return nil
}

func door(interval float64) core.Sensor {
	return core.Sensor{Pack: "hello", Class: "Door", EntryPoint: "hello.wasm", PollInterval: interval, TriggerTypes: []string{"hello.door.opened", "hello.room"}}
}

// sense runs the sensor until the test is over; stop ends it earlier and returns how.
func (w *world) sense(s core.Sensor, f core.Feed) (stop func() error, ended <-chan error) {
	w.t.Helper()
	src, ok := w.loader.Source(w.t.Context(), s)
	if !ok {
		w.t.Fatal("no source")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- src.Run(ctx, f) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return soon(w.t, done, "the end of the sensor")
	})
	return stop, done
}

// watches says what the pack's sensor does from now on.
func (w *world) watches(watch func(ctx context.Context, x wire.Watch, h plugins.Host) error) {
	w.change(func() { w.next.watch = watch })
}

func emit(ctx context.Context, h plugins.Host, cursor any, triggers ...string) *wire.Error {
	b := wire.Batch{Events: []wire.Event{}}
	for _, name := range triggers {
		b.Events = append(b.Events, wire.Event{Trigger: name, Payload: json.RawMessage(`{"n":1}`)})
	}
	b.Cursor, _ = json.Marshal(cursor)
	return h.Do(ctx, opOf(wire.OpEmit, b)).Error
}

func TestWhichSensorsHaveCode(t *testing.T) {
	w := newWorld(t)
	for entry, want := range map[string]bool{"hello.wasm": true, "": true, "old.py": false} {
		if _, ok := w.loader.Source(t.Context(), core.Sensor{Pack: "hello", Class: "Door", EntryPoint: entry}); ok != want {
			t.Errorf("%q: %v", entry, ok)
		}
	}
	if _, ok := w.loader.Source(t.Context(), core.Sensor{Pack: "bye"}); ok {
		t.Error("a pack that is not there has code")
	}
	w.change(func() { w.pack = &core.Pack{Ref: "hello"} })
	if _, ok := w.loader.Source(t.Context(), core.Sensor{Pack: "hello"}); ok {
		t.Error("a pack without a runtime has code")
	}
}

// Each look begins at the cursor that the last batch stored.
func TestPolledSensor(t *testing.T) {
	w := newWorld(t)
	w.settings.Values = json.RawMessage(`{"a":1}`)
	w.grant.Events = []string{"other.thing"}
	w.watches(func(ctx context.Context, x wire.Watch, h plugins.Host) error {
		n := 0
		_ = json.Unmarshal(x.Cursor, &n)
		if x.Sensor != "Door" || x.Pack != "hello" || string(x.Config) != `{"a":1}` || x.Deadline.IsZero() || x.Triggers[0].Ref != "hello.t" {
			t.Errorf("watch %+v", x)
		}
		if err := emit(ctx, h, n+1, "opened", "door.opened", "hello.x", "other.thing"); err != nil {
			t.Error(err)
		}
		return nil
	})
	f := newFeed(core.Trigger{Pack: "hello", Name: "t", Type: "hello.t"})
	stop, _ := w.sense(door(0.001), f)
	for i := range 5 {
		b := soon(t, f.batches, "a batch")
		var refs []string
		for _, e := range b.Events {
			refs = append(refs, e.Trigger)
		}
		if got, want := fmt.Sprint(string(b.Cursor), refs), fmt.Sprint(i+1, "[hello.opened hello.door.opened hello.x other.thing]"); got != want {
			t.Errorf("batch %s, want %s", got, want)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// The interval comes from the code where the metadata says none, and a change of triggers
// makes the next look come at once.
func TestNewTriggersAreLookedAtAtOnce(t *testing.T) {
	w := newWorld(t)
	looks := make(chan []wire.Trigger, 10)
	w.next.describe = func() wire.Pack { return wire.Pack{Sensors: []wire.Sensor{{Name: "Door", Interval: 3600}}} }
	w.watches(func(_ context.Context, x wire.Watch, _ plugins.Host) error {
		looks <- x.Triggers
		return nil
	})
	f := newFeed()
	stop, _ := w.sense(door(0), f)
	if set := soon(t, looks, "the first look"); len(set) > 0 {
		t.Errorf("looked for %v", set)
	}
	f.sets <- []core.Trigger{{Pack: "hello", Name: "r1", Type: "hello.room", Parameters: json.RawMessage(`{"name":"kitchen"}`)}}
	set := soon(t, looks, "the second look")
	if len(set) != 1 || set[0].Ref != "hello.r1" || set[0].Type != "hello.room" || string(set[0].Parameters) != `{"name":"kitchen"}` {
		t.Errorf("looked for %+v", set)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// passive makes the sensor a passive one.
func (w *world) passive() {
	w.next.describe = func() wire.Pack { return wire.Pack{Sensors: []wire.Sensor{{Name: "Door"}}} }
}

func TestPassiveSensor(t *testing.T) {
	w := newWorld(t)
	w.passive()
	sets := make(chan wire.TriggersReply, 10)
	w.watches(func(ctx context.Context, x wire.Watch, h plugins.Host) error {
		if !x.Deadline.IsZero() {
			t.Error("a passive sensor has a deadline")
		}
		var r wire.TriggersReply
		for ctx.Err() == nil {
			reply := h.Do(ctx, opOf(wire.OpTriggers, wire.Triggers{Wait: true, Seen: r.Generation}))
			if reply.Error != nil {
				return reply.Error
			}
			_ = json.Unmarshal(reply.Body, &r)
			sets <- r
		}
		return nil
	})
	f := newFeed()
	stop, _ := w.sense(door(0), f)
	soon(t, sets, "the first set")
	f.sets <- []core.Trigger{{Pack: "hello", Name: "r1"}}
	if r := soon(t, sets, "the second set"); len(r.Triggers) != 1 || string(r.Triggers[0].Parameters) != "{}" {
		t.Errorf("got %+v", r)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A passive sensor goes on with new code, at its cursor, without ending.
func TestPassiveSensorIsUpgraded(t *testing.T) {
	w := newWorld(t)
	w.passive()
	cursors := make(chan string, 10)
	w.watches(func(ctx context.Context, x wire.Watch, h plugins.Host) error {
		cursors <- string(x.Cursor)
		emit(ctx, h, "c", "opened")
		<-ctx.Done()
		return &wire.Error{Kind: wire.Canceled, Message: "ended"}
	})
	f := newFeed()
	stop, _ := w.sense(door(0), f)
	soon(t, cursors, "the first life")
	soon(t, f.batches, "the batch")
	old := soon(t, w.opened, "the opening")
	w.write("hello.wasm", "another")
	soon(t, old.closed, "the closing of the old code")
	if c := soon(t, cursors, "the second life"); c != `"c"` {
		t.Errorf("goes on at %s", c)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestSensorsThatEnd(t *testing.T) {
	lost := errors.New("lease lost")
	for name, c := range map[string]struct {
		interval float64
		emitErr  error
		watch    func(ctx context.Context, h plugins.Host) error
		want     string
	}{
		"fails":  {1, nil, func(context.Context, plugins.Host) error { return &wire.Error{Kind: wire.Broken, Message: "trap"} }, "hello.Door failed: trap"},
		"leaves": {0, nil, func(context.Context, plugins.Host) error { return nil }, "ended by itself"},
		"lost": {0, lost, func(ctx context.Context, h plugins.Host) error {
			if err := emit(ctx, h, 1, "opened"); err == nil || err.Kind != wire.Elsewhere {
				t.Errorf("the code was told %v", err)
			}
			<-ctx.Done() // the turn ends with the feed's error
			if err := emit(context.Background(), h, 2, "opened"); err == nil || err.Kind != wire.Elsewhere {
				t.Errorf("the code was told %v", err)
			}
			return nil
		}, "lease lost"},
		"passed": {1, core.Errorf(core.Conflict, "passed before"), func(ctx context.Context, h plugins.Host) error {
			if err := emit(ctx, h, 1, "opened"); err == nil || err.Kind != wire.Invalid {
				t.Errorf("the code was told %v", err)
			}
			return nil
		}, "passed before"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.passive()
			w.watches(func(ctx context.Context, _ wire.Watch, h plugins.Host) error { return c.watch(ctx, h) })
			f := newFeed()
			f.err = c.emitErr
			_, ended := w.sense(door(c.interval), f)
			err := soon(t, ended, "the end")
			if err == nil || !strings.Contains(err.Error(), c.want) || c.emitErr != nil && !errors.Is(err, c.emitErr) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestSensorWithoutCodeOfThatName(t *testing.T) {
	w := newWorld(t)
	w.next.describe = func() wire.Pack { return wire.Pack{} }
	_, ended := w.sense(door(0), newFeed())
	if err := soon(t, ended, "the end"); core.KindOf(err) != core.Invalid {
		t.Errorf("ended with %v", err)
	}
}

func TestSensorsLogGoesToTheServers(t *testing.T) {
	w := newWorld(t)
	w.keys["hello.password"] = plugins.Key{Value: "s3cret", Secret: true}
	w.passive()
	w.watches(func(ctx context.Context, _ wire.Watch, h plugins.Host) error {
		h.Do(ctx, opOf(wire.OpSecret, wire.Secret{Name: "hello.password"}))
		for range 1100 {
			h.Do(ctx, opOf(wire.OpLog, wire.Log{Level: "warning", Message: "it is s3cret", Fields: map[string]any{"a": "s3cret"}}))
		}
		h.Do(ctx, opOf(wire.OpOutput, wire.Output{Stream: "stdout", Text: "dropped"}))
		return &wire.Error{Kind: wire.Failed, Message: "over with s3cret"}
	})
	_, ended := w.sense(door(0), newFeed())
	err := soon(t, ended, "the end")
	text := w.log.String()
	if n := strings.Count(text, `level=WARN msg="it is ********" sensor=hello.Door fields.a=********`); n != 1000 {
		t.Errorf("%d lines", n)
	}
	if !strings.Contains(text, "101 log lines were dropped") || strings.Contains(text+err.Error(), "s3cret") {
		t.Errorf("logged %s, ended with %v", text[len(text)-500:], err)
	}
}

func TestLogBudgetIsOfAllTurns(t *testing.T) {
	w := newWorld(t)
	turns := make(chan bool, 3)
	w.watches(func(ctx context.Context, _ wire.Watch, h plugins.Host) error {
		for range 600 {
			h.Do(ctx, opOf(wire.OpLog, wire.Log{Level: "warning", Message: "again"}))
		}
		select {
		case turns <- true:
		default:
		}
		return nil
	})
	stop, _ := w.sense(door(0.001), newFeed())
	for range cap(turns) {
		soon(t, turns, "a turn")
	}
	stop()
	if n := strings.Count(w.log.String(), "msg=again"); n != 1000 {
		t.Errorf("%d lines", n)
	}
}

// lateFeed stores its first batch, for all one knows: the answer is lost.
type lateFeed struct {
	*feed
	storing chan struct{}
	lost    atomic.Bool
}

func (f *lateFeed) Emit(ctx context.Context, b core.Batch) error {
	if f.lost.CompareAndSwap(false, true) {
		close(f.storing)
		<-ctx.Done()
		return ctx.Err()
	}
	return f.feed.Emit(ctx, b)
}

// TestUpgradeDuringABatch: whether the batch was stored is not known when it was cut off, so
// the sensor ends, and its next life begins at the cursor that is stored.
func TestUpgradeDuringABatch(t *testing.T) {
	w := newWorld(t)
	w.change(func() {
		w.next.describe = func() wire.Pack {
			return wire.Pack{Version: wire.Version, Name: "hello", Sensors: []wire.Sensor{{Name: "Door"}}}
		}
	})
	cursors := make(chan string, 10)
	w.watches(func(ctx context.Context, x wire.Watch, h plugins.Host) error {
		cursors <- string(x.Cursor)
		emit(ctx, h, "c1", "door.opened")
		<-ctx.Done()
		return ctx.Err()
	})
	f := &lateFeed{feed: newFeed(), storing: make(chan struct{})}
	_, ended := w.sense(door(0), f)
	soon(t, cursors, "the first turn")
	soon(t, f.storing, "the batch")
	w.write("hello.wasm", "the next version")
	if err := soon(t, ended, "the end"); err == nil {
		t.Error("it ended without an error")
	}
	if len(cursors) > 0 {
		t.Errorf("the next version began at the cursor %q, though more may be stored", <-cursors)
	}
}
