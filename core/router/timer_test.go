package router_test

import (
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
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/timer"
)

// clock is a clock the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// timerWorld is one backend, a clock, and any number of servers on them.
type timerWorld struct {
	t       *testing.T
	backend backend.Backend
	clock   clock
	misfire timer.Policy
	seen    firings
}

// firings are the times told by the instances that came out of the queue.
type firings struct {
	mu    sync.Mutex
	times []string
	came  chan struct{}
}

func (f *firings) add(at string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.times = append(f.times, at)
	select {
	case f.came <- struct{}{}:
	default:
	}
}

func (f *firings) sorted() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(slices.Values(f.times))
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newTimerWorld(t *testing.T, misfire timer.Policy) *timerWorld {
	t.Helper()
	b, err := local.Open(t.TempDir()+"/s", local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w := &timerWorld{t: t, backend: b, clock: clock{now: noon}, misfire: misfire, seen: firings{came: make(chan struct{}, 1)}}
	n := w.server()
	n.run(n.consume)
	for _, name := range []string{"st2.IntervalTimer", "st2.DateTimer", "st2.CronTimer"} {
		n.update(func(tx *store.Tx) error {
			return n.router.Declare(t.Context(), tx, &core.TriggerType{Pack: "core", Name: name, Parameters: map[string]any{"type": "object"}})
		})
	}
	return w
}

// server is one server; stop ends its timers.
type server struct {
	*timerWorld
	store  *store.Store
	router *router.Router
	stop   func()
}

// server makes a server that does not run its timers yet.
func (w *timerWorld) server() *server {
	n := &server{timerWorld: w, store: store.New(w.backend, w.clock.Now)}
	n.router = router.New(n.store, slog.New(slog.DiscardHandler))
	n.router.Timing.Misfire = w.misfire
	return n
}

// start lets a server's timers go off until stop or the test's end.
func (n *server) start() *server {
	n.stop = n.run(n.router.RunTimers)
	return n
}

func (n *server) run(loop func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- loop(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			n.t.Errorf("a loop ended with %v", err)
		}
	})
	n.t.Cleanup(stop)
	return stop
}

// consume takes the instances out of the queue, as the rules do.
func (n *server) consume(ctx context.Context) error {
	return n.store.Work(ctx, store.Worker{
		Queue: store.Triggers, Mode: store.Relaxed, Slots: store.Batch(100), Log: n.router.Log,
		Do: func(ctx context.Context, tx *store.Tx, d store.Delivery) error {
			i, err := tx.Instances().Get(ctx, d.ID)
			if err != nil {
				return err
			}
			var p struct {
				At string `json:"executed_at"`
			}
			if err := json.Unmarshal(i.Payload, &p); err != nil {
				return err
			}
			at := strings.TrimSuffix(strings.TrimPrefix(p.At, "2026-11-22 "), ".000000+00:00")
			tx.After(func(store.Version) { n.seen.add(at) })
			return nil
		},
	})
}

func (n *server) update(fn func(tx *store.Tx) error) {
	n.t.Helper()
	if err := n.store.Update(context.Background(), store.Wait, fn); err != nil {
		n.t.Fatal(err)
	}
}

// timer acquires a timer, as a rule does.
func (n *server) timer(typeRef, parameters string) (made *core.Trigger) {
	n.t.Helper()
	n.update(func(tx *store.Tx) (err error) {
		made, err = n.router.Acquire(n.t.Context(), tx, typeRef, json.RawMessage(parameters))
		return err
	})
	return made
}

func (n *server) release(t *core.Trigger) {
	n.t.Helper()
	n.update(func(tx *store.Tx) error { return n.router.Release(n.t.Context(), tx, t.Ref()) })
}

// await waits until a timer has fired that was due at a time.
func (n *server) await(at time.Time) {
	n.t.Helper()
	n.until(func(seen []string) bool { return slices.Contains(seen, at.Format(time.TimeOnly)) })
}

// expect waits until as many have fired as are wanted, and compares.
func (n *server) expect(want ...string) {
	n.t.Helper()
	n.until(func(seen []string) bool { return len(seen) >= len(want) })
	if got := n.seen.sorted(); !slices.Equal(got, want) {
		n.t.Errorf("fired %v, want %v", got, want)
	}
}

func (n *server) until(done func(seen []string) bool) {
	n.t.Helper()
	patience := time.NewTimer(20 * time.Second)
	defer patience.Stop()
	for !done(n.seen.sorted()) {
		select {
		case <-n.seen.came:
		case <-patience.C:
			n.t.Fatalf("waited in vain; fired: %v", n.seen.sorted())
		}
	}
}

// pass sets the clock forward and lets everybody notice.
func (n *server) pass(d time.Duration) {
	n.clock.set(n.clock.Now().Add(d))
	n.store.Wake(context.Background(), store.TopicCatalogue)
}

// expectEverySecond wants one firing for each of n seconds after noon.
func (n *server) expectEverySecond(seconds int) {
	n.t.Helper()
	want := make([]string, seconds)
	for i := range want {
		want[i] = noon.Add(time.Duration(i+1) * time.Second).Format(time.TimeOnly)
	}
	n.expect(want...)
}

func TestIntervalCountsFromItsAnchor(t *testing.T) {
	w := newTimerWorld(t, timer.Skip)
	n := w.server().start()
	five := n.timer(timer.IntervalType, `{"unit":"minutes","delta":5}`)
	n.pass(5 * time.Minute)
	n.await(noon.Add(5 * time.Minute))
	is, _, err := n.store.Instances().List(t.Context(), store.Query{})
	if err != nil || len(is) != 1 {
		t.Fatal(is, err)
	}
	if want := `{"executed_at":"2026-11-22 12:05:00.000000+00:00","schedule":null}`; string(is[0].Payload) != want {
		t.Errorf("payload %s, want %s", is[0].Payload, want)
	}
	if want := "st2.IntervalTimer-" + five.Name; is[0].TraceTag != want || is[0].Trigger != five.Ref() {
		t.Errorf("trace tag %s, want %s; trigger %s", is[0].TraceTag, want, is[0].Trigger)
	}
	n.pass(4 * time.Minute)
	n.stop()

	again := w.server().start() // a restart keeps the grid
	again.pass(time.Minute)
	again.await(noon.Add(10 * time.Minute))
	again.expect("12:05:00", "12:10:00")
}

func TestMisfires(t *testing.T) {
	for policy, want := range map[timer.Policy][]string{
		timer.Skip: {"12:01:20"},
		timer.Last: {"12:01:00", "12:01:20"},
		timer.All:  {"12:00:20", "12:00:40", "12:01:00", "12:01:20"},
	} {
		t.Run(string(policy), func(t *testing.T) {
			n := newTimerWorld(t, policy).server()
			n.timer(timer.IntervalType, `{"unit":"seconds","delta":20}`)
			n.pass(65 * time.Second) // nobody runs
			n.start()
			if policy != timer.Skip {
				n.await(noon.Add(time.Minute))
			}
			n.pass(15 * time.Second)
			n.await(noon.Add(80 * time.Second))
			n.expect(want...)
		})
	}
}

// TestAllMakesUpForMoreThanABatch is ten minutes of seconds that nobody saw.
func TestAllMakesUpForMoreThanABatch(t *testing.T) {
	w := newTimerWorld(t, timer.All)
	n := w.server()
	n.timer(timer.IntervalType, `{"unit":"seconds","delta":1}`)
	n.pass(10 * time.Minute)
	n.start().await(noon.Add(10 * time.Minute))
	n.expectEverySecond(600)
}

func TestTwoServersFireOnce(t *testing.T) {
	w := newTimerWorld(t, timer.All)
	a, b := w.server().start(), w.server().start()
	a.timer(timer.IntervalType, `{"unit":"seconds","delta":1}`)
	for range 50 {
		a.pass(time.Second)
	}
	b.await(noon.Add(50 * time.Second))
	a.stop()
	for range 10 {
		b.pass(time.Second)
	}
	b.await(noon.Add(time.Minute))
	b.expectEverySecond(60)
}

func TestEqualParametersShareATimer(t *testing.T) {
	w := newTimerWorld(t, timer.Skip)
	n := w.server().start()
	one := n.timer(timer.CronType, `{"minute":"*/10","timezone":"UTC"}`)
	two := n.timer(timer.CronType, `{"timezone":"UTC","minute":"*/10"}`)
	if one.ID != two.ID {
		t.Errorf("two timers, %s and %s", one.Ref(), two.Ref())
	}
	n.pass(10 * time.Minute)
	n.await(noon.Add(10 * time.Minute))
	n.release(one)
	n.pass(10 * time.Minute)
	n.await(noon.Add(20 * time.Minute))
	n.expect("12:10:00", "12:20:00")

	n.release(two)
	if left, err := n.store.Timers().All(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("left of the removed timer: %v %v", left, err)
	}
	n.timer(timer.IntervalType, `{"unit":"hours","delta":1}`)
	n.pass(time.Hour)
	n.await(noon.Add(80 * time.Minute))
	n.expect("12:10:00", "12:20:00", "13:20:00")
}

func TestTheClockGoesBackAndNothingFiresTwice(t *testing.T) {
	w := newTimerWorld(t, timer.All)
	n := w.server().start()
	n.timer(timer.IntervalType, `{"unit":"minutes","delta":1}`)
	n.pass(3 * time.Minute)
	n.await(noon.Add(3 * time.Minute))
	n.pass(-2 * time.Minute)
	n.pass(time.Minute)
	n.pass(2 * time.Minute)
	n.await(noon.Add(4 * time.Minute))
	n.expect("12:01:00", "12:02:00", "12:03:00", "12:04:00")
}

func TestDatesFireOnce(t *testing.T) {
	w := newTimerWorld(t, timer.All)
	n := w.server().start()
	past := n.timer(timer.DateType, `{"date":"2026-11-22T11:00:00Z"}`)
	n.timer(timer.DateType, `{"date":"2026-11-22 13:30:00","timezone":"Europe/Berlin"}`)
	n.pass(time.Hour)
	n.await(noon.Add(30 * time.Minute))
	n.pass(24 * time.Hour)
	n.expect("12:30:00")
	views, err := n.router.Timers(t.Context())
	if err != nil || len(views) != 2 {
		t.Fatal(views, err)
	}
	for _, v := range views {
		if len(v.Next) != 0 || (v.ID == past.ID) != (v.Fired == 0) {
			t.Errorf("%s: next %v, fired %v", v.Parameters, v.Next, v.Fired)
		}
	}
}

// TestTriggersWithoutARuleAreTimersToo is a trigger that the API made: nobody began its count.
func TestTriggersWithoutARuleAreTimersToo(t *testing.T) {
	n := newTimerWorld(t, timer.Skip).server()
	broken := &core.Trigger{ID: core.NewID(noon), Pack: "test", Name: "broken", Type: timer.CronType, Parameters: json.RawMessage(`{"hour":"x"}`)}
	made := &core.Trigger{ID: core.NewID(noon), Pack: "test", Name: "tick", Type: timer.IntervalType, Parameters: json.RawMessage(`{"unit":"hours","delta":1}`)}
	n.update(func(tx *store.Tx) error { return errors.Join(tx.Triggers().Create(broken), tx.Triggers().Create(made)) })
	n.start()
	for state := (*store.Timer)(nil); state == nil; { // begun by the loop, at noon
		n.store.Wake(t.Context(), store.TopicCatalogue)
		state, _ = n.store.Timers().Get(t.Context(), made.ID)
	}
	n.pass(time.Hour)
	n.await(noon.Add(time.Hour))

	made.Parameters = json.RawMessage(`{"unit":"minutes","delta":90}`) // a PUT of the API
	n.update(func(tx *store.Tx) error { return tx.Triggers().Put(t.Context(), made) })
	n.pass(30 * time.Minute)
	n.await(noon.Add(90 * time.Minute))
	n.expect("13:00:00", "13:30:00")
	n.update(func(tx *store.Tx) error { return n.router.Remove(t.Context(), tx, made) })
	if _, err := n.store.Timers().Get(t.Context(), made.ID); core.KindOf(err) != core.NotFound {
		t.Errorf("the removed timer's state: %v", err)
	}
}

func TestTimersTellTheirNextTimes(t *testing.T) {
	w := newTimerWorld(t, timer.Skip)
	n := w.server()
	made := n.timer(timer.CronType, `{"day_of_week":"mon-fri","hour":5,"timezone":"Europe/Berlin"}`)
	v, err := n.router.Timer(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	var next []string
	for _, at := range v.Next {
		next = append(next, at.String()[5:16])
	}
	if want := []string{"11-23T04:00", "11-24T04:00", "11-25T04:00", "11-26T04:00", "11-27T04:00"}; !slices.Equal(next, want) {
		t.Errorf("next %v, want %v", next, want)
	}
	if _, err := n.router.Timer(t.Context(), "core.nope"); core.KindOf(err) != core.NotFound {
		t.Errorf("core.nope: %v", err)
	}
}

func TestWrongTimersAreRefused(t *testing.T) {
	w := newTimerWorld(t, timer.Skip)
	n := w.server()
	for _, c := range []struct{ typeRef, parameters, field string }{
		{timer.IntervalType, `{"unit":"seconds","delta":0}`, "delta"},
		{timer.CronType, `{"minute":"sometimes"}`, "minute"},
		{timer.CronType, `{"hour":5,"timezone":"Europe/Brelin"}`, "timezone"},
		{timer.DateType, `{"date":"soon"}`, "date"},
	} {
		err := n.store.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
			_, err := n.router.Acquire(t.Context(), tx, c.typeRef, json.RawMessage(c.parameters))
			return err
		})
		if err == nil || core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "trigger.parameters."+c.field) {
			t.Errorf("%s: %v, want an error that names %s", c.parameters, err, c.field)
		}
	}
}

// TestTimersGoOffByThemselves runs on the machine's clock: nobody wakes the timer.
func TestTimersGoOffByThemselves(t *testing.T) {
	n := newTimerWorld(t, timer.All).server()
	n.store.Now = time.Now
	n.start()
	began := time.Now()
	n.timer(timer.IntervalType, `{"unit":"seconds","delta":1}`)
	n.until(func(seen []string) bool { return len(seen) >= 2 })
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("two seconds took %v", took)
	}
}
