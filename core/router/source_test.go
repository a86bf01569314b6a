package router_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/store"
)

const thermometer = "test.Thermometer"

// node is one server's Sources over a shared store, with the lives of its sensor.
type node struct {
	w     *world
	s     *router.Sources
	lives chan *sensorLife
	log   *lockedText
	stop  func()
}

// sensorLife is one run of the sensor's code, which does what the test asks for.
type sensorLife struct {
	feed core.Feed
	do   chan func(ctx context.Context) error // an error ends the life
	over chan struct{}
}

func (l *sensorLife) Run(ctx context.Context) error {
	defer close(l.over)
	for {
		select {
		case <-ctx.Done():
			return nil
		case f := <-l.do:
			if err := f(ctx); err != nil {
				return err
			}
		}
	}
}

type sensorCode struct{ lives chan *sensorLife }

func (c sensorCode) Run(ctx context.Context, f core.Feed) error {
	l := &sensorLife{feed: f, do: make(chan func(context.Context) error), over: make(chan struct{})}
	select {
	case c.lives <- l:
	case <-ctx.Done():
		return nil
	}
	return l.Run(ctx)
}

type lockedText struct {
	mu    sync.Mutex
	b     bytes.Buffer
	wrote chan struct{}
}

func (t *lockedText) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.wrote <- struct{}{}:
	default:
	}
	return t.b.Write(p)
}

// await waits until the text holds part.
func (t *lockedText) await(tt *testing.T, part string) {
	tt.Helper()
	late := time.After(patience)
	for !strings.Contains(t.String(), part) {
		select {
		case <-t.wrote:
		case <-late:
			tt.Fatalf("%q was not said: %s", part, t)
		}
	}
}

func (t *lockedText) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// newSensorWorld has a sensor that reads temperatures in rooms which rules name.
func newSensorWorld(t *testing.T) *world {
	w := newWorld(t)
	w.update(func(tx *store.Tx) error {
		for _, tt := range []*core.TriggerType{
			{Pack: "test", Name: "room", Parameters: map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}}},
			{Pack: "core", Name: "st2.sensor.process_spawn"}, {Pack: "core", Name: "st2.sensor.process_exit"},
		} {
			if err := w.router.Declare(t.Context(), tx, tt); err != nil {
				return err
			}
		}
		return nil
	})
	w.switchSensor(true)
	return w
}

func (w *world) switchSensor(enabled bool) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		s := &core.Sensor{ID: core.DeriveID("s"), Pack: "test", Class: "Thermometer", Enabled: enabled,
			TriggerTypes: []string{"test.alarm", "test.room"}}
		if enabled {
			tx.Push(store.Sources, s.Ref(), "", 0)
		}
		return tx.Sensors().Put(w.t.Context(), s)
	})
}

// queue makes the sensor ready to be taken.
func (w *world) queue() {
	w.t.Helper()
	w.update(func(tx *store.Tx) error { tx.Push(store.Sources, thermometer, "", 0); return nil })
}

func (w *world) node() *node {
	w.t.Helper()
	n := &node{w: w, lives: make(chan *sensorLife), log: &lockedText{wrote: make(chan struct{}, 1)}}
	r := router.New(w.store, slog.New(slog.NewTextHandler(n.log, nil)))
	n.s = router.NewSources(r, func(_ context.Context, s core.Sensor) (core.Source, bool) {
		return sensorCode{n.lives}, s.Ref() == thermometer
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.s.Run(ctx) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run ended with %v", err)
		}
	})
	w.t.Cleanup(n.stop)
	return n
}

const patience = 20 * time.Second

// life waits until the sensor's code runs on the node.
func (n *node) life() *sensorLife {
	n.w.t.Helper()
	select {
	case l := <-n.lives:
		return l
	case <-time.After(patience):
		n.w.t.Fatal("the sensor does not run")
		return nil
	}
}

// ended waits until the life is over.
func (l *sensorLife) ended(t *testing.T) {
	t.Helper()
	select {
	case <-l.over:
	case <-time.After(patience):
		t.Fatal("the sensor does not end")
	}
}

// emit delivers a batch of temperatures from within the sensor.
func (l *sensorLife) emit(cursor string, temps ...string) error {
	b := core.Batch{Cursor: []byte(cursor)}
	for _, temp := range temps {
		b.Events = append(b.Events, core.Event{Trigger: "test.alarm", Payload: json.RawMessage(`{"temp":` + temp + `}`)})
	}
	result := make(chan error, 1)
	select {
	case l.do <- func(ctx context.Context) error {
		err := l.feed.Emit(ctx, b)
		result <- err
		return err
	}:
		return <-result
	case <-l.over:
		return errors.New("the sensor has ended")
	}
}

// rooms waits for a set of triggers that are these rooms, and the alarm.
func (l *sensorLife) rooms(t *testing.T, want ...string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case set := <-l.feed.Triggers():
			var got []string
			for _, x := range set {
				got = append(got, string(x.Parameters))
			}
			slices.Sort(got)
			if slices.Equal(got, append(slices.Sorted(slices.Values(want)), "{}")) {
				return
			}
		case <-late:
			t.Fatalf("the set did not become %q", want)
		}
	}
}

func (w *world) payloads() []string {
	var all []string
	for _, i := range w.instances() {
		all = append(all, i.Trigger+" "+string(i.Payload))
	}
	slices.Sort(all)
	return all
}

func (w *world) expect(want ...string) {
	w.t.Helper()
	if got := w.payloads(); !slices.Equal(got, want) {
		w.t.Fatalf("instances %q, want %q", got, want)
	}
}

func TestBatchIsStoredOnce(t *testing.T) {
	w := newSensorWorld(t)
	n := w.node()
	l := n.life()
	if c := l.feed.Cursor(); c != nil {
		t.Errorf("cursor %q at first", c)
	}
	for range 2 { // the second is a repeat
		if err := l.emit("a", "1", "2"); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.emit("b", "3"); err != nil {
		t.Fatal(err)
	}
	if c := string(l.feed.Cursor()); c != "b" {
		t.Errorf("cursor %q", c)
	}
	if err := l.emit("a", "1", "2"); core.KindOf(err) != core.Conflict {
		t.Errorf("an older batch got %v", err)
	}
	l.ended(t)
	l = n.life() // the sensor failed, and is started again
	if c := string(l.feed.Cursor()); c != "b" {
		t.Errorf("cursor %q after the failure", c)
	}
	if err := l.emit("", "4"); err != nil { // a source without a cursor
		t.Fatal(err)
	}
	w.expect(`test.alarm {"temp":1}`, `test.alarm {"temp":2}`, `test.alarm {"temp":3}`, `test.alarm {"temp":4}`)
	n.stop()

	n = w.node()
	if c := string(n.life().feed.Cursor()); c != "b" {
		t.Errorf("cursor %q after a restart", c)
	}
}

func TestEventsThatDoNotFitAreDropped(t *testing.T) {
	w := newSensorWorld(t)
	n := w.node()
	l := n.life()
	if err := l.emit("a", `"hot"`, "2"); err != nil {
		t.Fatal(err)
	}
	w.expect(`test.alarm {"temp":2}`)
	if c := string(l.feed.Cursor()); c != "a" {
		t.Errorf("cursor %q", c)
	}
	if log := n.log.String(); !strings.Contains(log, "were dropped") || !strings.Contains(log, "events=1") {
		t.Errorf("nothing was said of it: %s", log)
	}
}

func TestTriggersFollowRules(t *testing.T) {
	w := newSensorWorld(t)
	l := w.node().life()
	l.rooms(t)
	var kitchen, hall *core.Trigger
	w.update(func(tx *store.Tx) (err error) {
		if kitchen, err = w.router.Acquire(t.Context(), tx, "test.room", json.RawMessage(`{"name":"kitchen"}`)); err != nil {
			return err
		}
		hall, err = w.router.Acquire(t.Context(), tx, "test.room", json.RawMessage(`{"name":"hall"}`))
		return err
	})
	l.rooms(t, string(kitchen.Parameters), string(hall.Parameters))
	w.update(func(tx *store.Tx) error { return w.router.Release(t.Context(), tx, hall.Ref()) })
	l.rooms(t, string(kitchen.Parameters))
}

func TestStoppingNodeHandsOver(t *testing.T) {
	w := newSensorWorld(t)
	first := w.node()
	l := first.life()
	second := w.node()
	if err := l.emit("a", "1"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-second.lives:
		t.Fatal("two nodes run one sensor")
	default:
	}
	first.stop()
	took := second.life()
	if c := string(took.feed.Cursor()); c != "a" {
		t.Errorf("the new owner begins at %q", c)
	}
	if err := took.emit("b", "2"); err != nil {
		t.Fatal(err)
	}
	w.expect(`test.alarm {"temp":1}`, `test.alarm {"temp":2}`)
}

func TestNodeWithoutLeaseWritesNothing(t *testing.T) {
	w := newSensorWorld(t)
	first := w.node()
	old := first.life()
	if err := old.emit("a", "1"); err != nil {
		t.Fatal(err)
	}
	if err := first.s.Rob(t.Context(), thermometer); err != nil {
		t.Fatal(err)
	}
	if err := old.emit("b", "stale"); !errors.Is(err, store.ErrLeaseLost) {
		t.Fatalf("a node without lease got %v", err)
	}
	old.ended(t)
	second := w.node()   // which queues the sensor again
	var took *sensorLife // by either node: the first may pull it again
	select {
	case took = <-first.lives:
	case took = <-second.lives:
	case <-time.After(patience):
		t.Fatal("nobody took over")
	}
	if err := took.emit("b", "2"); err != nil {
		t.Fatal(err)
	}
	w.expect(`test.alarm {"temp":1}`, `test.alarm {"temp":2}`)
}

// A lost lease is told to sensors that deliver nothing, too.
func TestLeaseLostEndsSensors(t *testing.T) {
	w := newSensorWorld(t)
	n := w.node()
	old := n.life()
	if err := n.s.Rob(t.Context(), thermometer); err != nil {
		t.Fatal(err)
	}
	n.s.LeaseLost(errors.New("redis was away"))
	old.ended(t)
	w.queue()
	if err := n.life().emit("a", "1"); err != nil {
		t.Fatal(err)
	}
}

func TestSwitchedSensor(t *testing.T) {
	w := newSensorWorld(t)
	n := w.node()
	l := n.life()
	w.switchSensor(false)
	l.ended(t)
	w.switchSensor(true)
	l = n.life()
	w.update(func(tx *store.Tx) error { return tx.Sensors().Delete(t.Context(), thermometer) })
	l.ended(t)
}

func TestSensorsLivesAreTriggers(t *testing.T) {
	w := newSensorWorld(t)
	for i, trigger := range []string{"core.st2.sensor.process_spawn", "core.st2.sensor.process_exit"} {
		w.update(func(tx *store.Tx) error {
			return tx.Rules().Put(t.Context(), &core.Rule{ID: core.NewID(time.Now()), Pack: "test", Name: string(rune('a' + i)), Enabled: true,
				Trigger: core.RuleTrigger{Type: trigger, Ref: trigger}})
		})
	}
	n := w.node()
	l := n.life()
	l.do <- func(context.Context) error { return errors.New("broken") }
	n.life()
	n.stop()
	var got []string
	for _, i := range w.instances() {
		var p struct {
			ID   string `json:"id"`
			At   int64  `json:"timestamp"`
			PID  int    `json:"pid"`
			Cmd  string `json:"cmd"`
			Code int    `json:"exit_code"`
		}
		if err := json.Unmarshal(i.Payload, &p); err != nil || p.ID != "Thermometer" || p.At != w.now.Unix() || (p.PID == 0) != (p.Cmd == "") {
			t.Errorf("payload %s", i.Payload)
		}
		got = append(got, i.Trigger+" "+string(rune('0'+p.Code)))
	}
	slices.Sort(got)
	want := []string{"core.st2.sensor.process_exit 0", "core.st2.sensor.process_exit 1", "core.st2.sensor.process_spawn 0", "core.st2.sensor.process_spawn 0"}
	if !slices.Equal(got, want) {
		t.Errorf("instances %q", got)
	}
}

func TestSensorWithoutCodeIsSaid(t *testing.T) {
	w := newSensorWorld(t)
	w.update(func(tx *store.Tx) error {
		tx.Push(store.Sources, "test.Alien", "", 0)
		return tx.Sensors().Put(t.Context(), &core.Sensor{ID: core.DeriveID("a"), Pack: "test", Class: "Alien", Enabled: true, EntryPoint: "alien.py"})
	})
	w.node().log.await(t, "sensor=test.Alien entry_point=alien.py")
}
