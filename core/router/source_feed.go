package router

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/supervise"
)

// feed is one sensor that this node runs. It implements core.Feed.
type feed struct {
	s        *Sources
	ref      string
	sensor   *core.Sensor
	delivery store.Delivery
	stop     context.CancelCauseFunc
	done     chan struct{}
	triggers chan []core.Trigger // holds the newest set the source has not received

	mu      sync.Mutex
	set     []core.Trigger
	offered bool
	cursor  []byte
	dropped int // events that did not fit their trigger, since the feed began
}

func newFeed(s *Sources, sensor *core.Sensor, d store.Delivery) *feed {
	return &feed{
		s: s, ref: sensor.Ref(), sensor: sensor, delivery: d,
		done: make(chan struct{}), triggers: make(chan []core.Trigger, 1),
	}
}

// keep runs the sensor again and again until ctx is done, then gives it back.
// st2 differs: there, a sensor that failed twice, or ended by itself, stays dead.
func (f *feed) keep(ctx context.Context) {
	tasks := supervise.Supervisor{Log: f.s.log}
	tasks.Add("sensor "+f.ref, f.live)
	tasks.Run(ctx)
	if errors.Is(context.Cause(ctx), store.ErrLeaseLost) {
		f.s.log.Warn("a sensor is no longer ours: another node runs it now or will", "sensor", f.ref)
	}
	f.s.giveBack(ctx, f.delivery) // when the lease is lost that does nothing, unless we got a new one meanwhile
}

// live is one life of the sensor, from the stored cursor on.
func (f *feed) live(ctx context.Context) error {
	if err := f.recall(ctx); err != nil {
		return err
	}
	source, ok := f.s.code(ctx, *f.sensor)
	if !ok {
		return core.Errorf(core.Unavailable, "this server has no code for the sensor %s any more", f.ref)
	}
	f.offerAgain()
	f.spawned(ctx)
	err := source.Run(ctx, f)
	f.exited(context.WithoutCancel(ctx), err != nil || ctx.Err() == nil)
	if errors.Is(err, store.ErrLeaseLost) {
		<-ctx.Done() // Emit has stopped the feed
		return nil
	}
	return err
}

// recall reads how far the sensor has come.
func (f *feed) recall(ctx context.Context) error {
	c, err := f.s.router.Store.Cursors().Get(ctx, f.ref)
	if core.KindOf(err) == core.NotFound {
		c, err = &store.Cursor{}, nil
	}
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursor = c.Value
	return nil
}

// Cursor returns what stood with the last batch that was stored; nil at first.
func (f *feed) Cursor() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.Clone(f.cursor)
}

// Triggers receives the whole current set at the start and after each change.
func (f *feed) Triggers() <-chan []core.Trigger { return f.triggers }

// offer puts a changed set in the place of one that the source has not received yet.
func (f *feed) offer(set []core.Trigger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.offered && sameTriggers(set, f.set) {
		return
	}
	f.set, f.offered = set, true
	f.replace()
}

// offerAgain gives the current set to a new life.
func (f *feed) offerAgain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.replace()
}

func (f *feed) replace() {
	select {
	case <-f.triggers:
	default:
	}
	f.triggers <- f.set
}

// Emit stores a batch. Events that do not fit their trigger are dropped, counted and
// said. Errors: store.ErrLeaseLost when another node may run the sensor, Conflict when
// the cursor had been passed before, Unavailable; the source ends with any of them.
// st2: triggers-rules reference, trigger instances, payload validation at dispatch.
func (f *feed) Emit(ctx context.Context, b core.Batch) error {
	var dropped []error
	err := f.s.router.Store.Update(ctx, store.Wait, func(tx *store.Tx) (err error) {
		tx.Hold(f.delivery)
		dropped, err = f.store(ctx, tx, b)
		return err
	})
	if errors.Is(err, store.ErrLeaseLost) {
		f.stop(err)
	}
	if err != nil {
		return err
	}
	f.mu.Lock()
	if len(b.Cursor) > 0 {
		f.cursor = bytes.Clone(b.Cursor)
	}
	f.dropped += len(dropped)
	n := f.dropped
	f.mu.Unlock()
	if len(dropped) > 0 {
		f.s.log.Warn("a sensor's events were dropped", "sensor", f.ref, "events", len(dropped), "since_start", n, "reason", dropped[0])
	}
	return nil
}

// store puts a batch into tx, unless it is there already, and returns why events of it
// were left out.
func (f *feed) store(ctx context.Context, tx *store.Tx, b core.Batch) (dropped []error, err error) {
	if len(b.Cursor) > 0 {
		stored, err := f.advance(ctx, tx, b)
		if stored || err != nil {
			return nil, err
		}
	}
	for i, e := range b.Events {
		_, err := f.s.router.emit(ctx, tx, f.instanceID(tx, b, i), e)
		if core.KindOf(err) == core.Invalid {
			dropped = append(dropped, err)
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return dropped, nil
}

// advance moves the cursor, or reports that the batch is stored.
func (f *feed) advance(ctx context.Context, tx *store.Tx, b core.Batch) (stored bool, err error) {
	c, err := tx.Cursors().Get(ctx, f.ref)
	if core.KindOf(err) == core.NotFound {
		c, err = &store.Cursor{Source: f.ref}, nil
	}
	if err != nil {
		return false, err
	}
	if bytes.Equal(c.Value, b.Cursor) {
		return true, tx.Cursors().Confirm(f.ref)
	}
	if err := f.neverPassed(ctx, tx, b); err != nil {
		return false, err
	}
	c.Value, c.At = b.Cursor, tx.Time()
	return false, tx.Cursors().Put(ctx, c)
}

// neverPassed refuses a batch whose first instance exists: an older one, come again.
func (f *feed) neverPassed(ctx context.Context, tx *store.Tx, b core.Batch) error {
	if len(b.Events) == 0 {
		return nil
	}
	_, err := tx.Instances().Get(ctx, f.instanceID(tx, b, 0))
	switch {
	case core.KindOf(err) == core.NotFound:
		return nil
	case err != nil:
		return err
	}
	return core.Errorf(core.Conflict, "sensor %s delivered a batch whose cursor it had passed before; each batch needs a cursor of its own", f.ref)
}

// instanceID derives an event's id from its place, so that it is stored once.
func (f *feed) instanceID(tx *store.Tx, b core.Batch, i int) string {
	if len(b.Cursor) == 0 {
		return core.NewID(tx.Store().Now())
	}
	return core.DeriveID(f.ref, string(b.Cursor), strconv.Itoa(i))
}

// The trigger types of sensors' lives.
const (
	spawnType = "core.st2.sensor.process_spawn"
	exitType  = "core.st2.sensor.process_exit"
)

// spawned raises the trigger of a sensor that starts. Sensors inside this server have its
// process. st2: triggers-rules reference, internal trigger types.
func (f *feed) spawned(ctx context.Context) {
	f.tell(ctx, spawnType, map[string]any{"id": f.sensor.Class, "pid": os.Getpid(), "cmd": os.Args[0]})
}

func (f *feed) exited(ctx context.Context, failed bool) {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	code := 0
	if failed {
		code = 1
	}
	f.tell(ctx, exitType, map[string]any{"id": f.sensor.Class, "exit_code": code})
}

// tell raises an internal trigger if an enabled rule waits for it. A failure does not
// concern the sensor.
func (f *feed) tell(ctx context.Context, trigger string, payload map[string]any) {
	r := f.s.router
	payload["timestamp"] = r.Store.Now().Unix()
	err := r.Store.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
		raw, err := json.Marshal(payload)
		if err != nil {
			return err
		}
		return r.EmitWatched(ctx, tx, core.Event{Trigger: trigger, Payload: raw})
	})
	if err != nil && ctx.Err() == nil {
		f.s.log.Warn("the trigger of a sensor's life was not raised", "sensor", f.ref, "trigger", trigger, "error", err)
	}
}
