package router

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Sources runs the code of enabled sensors, each on one node at a time.
//
// An enabled sensor is an item of the queue "sources". The node that pulled it holds the
// delivery while the sensor runs, and whatever the sensor delivers is stored together with
// that hold. A node that lost its lease can therefore write nothing, and the one that took
// over goes on at the stored cursor. A node that stops gives its deliveries back.
type Sources struct {
	router *Router
	code   FindSource
	log    *slog.Logger
	known  store.Cached[*sensorIndex]
	nudge  chan struct{} // a sensor has begun: see whether the catalogue changed meanwhile

	mu      sync.Mutex
	running map[string]*feed
	ended   sync.WaitGroup
	silent  map[string]bool // sensors without code that were remarked on
}

// FindSource makes a source of a sensor; false when this server has no code for it now.
type FindSource func(ctx context.Context, s core.Sensor) (core.Source, bool)

// NewSources returns what runs sensors. code is asked again before each life of a sensor,
// for packs come and go.
func NewSources(r *Router, code FindSource) *Sources {
	return &Sources{
		router: r, code: code, log: r.Log, known: store.Cached[*sensorIndex]{Load: loadSensors},
		nudge: make(chan struct{}, 1), running: map[string]*feed{}, silent: map[string]bool{},
	}
}

// sensorIndex is what the catalogue says of sensors now.
type sensorIndex struct {
	sensors  map[string]*core.Sensor
	triggers map[string][]core.Trigger // by trigger type, ordered by ref
}

func loadSensors(ctx context.Context, s *store.Store) (*sensorIndex, error) {
	ix := &sensorIndex{sensors: map[string]*core.Sensor{}, triggers: map[string][]core.Trigger{}}
	sensors, err := s.Sensors().All(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range sensors {
		ix.sensors[x.Ref()] = x
	}
	triggers, err := s.Triggers().All(ctx)
	for _, t := range triggers {
		ix.triggers[t.Type] = append(ix.triggers[t.Type], *t)
	}
	return ix, err
}

// of returns the triggers a sensor is to raise.
func (ix *sensorIndex) of(s *core.Sensor) []core.Trigger {
	set := []core.Trigger{}
	for _, typeRef := range s.TriggerTypes {
		set = append(set, ix.triggers[typeRef]...)
	}
	return set
}

// Run runs sensors until ctx is done and all of them have ended.
func (s *Sources) Run(ctx context.Context) error {
	defer s.ended.Wait()
	g, loops := errgroup.WithContext(ctx)
	g.Go(func() error { return s.follow(loops) })
	g.Go(func() error {
		if err := s.queueAll(loops); err != nil {
			return err
		}
		return s.take(loops)
	})
	if err := g.Wait(); ctx.Err() == nil {
		return err
	}
	return nil
}

// LeaseLost ends everything that runs here, because other nodes may run it by now.
func (s *Sources) LeaseLost(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.running {
		f.stop(errors.Join(store.ErrLeaseLost, err))
	}
}

// queueAll queues every enabled sensor. Nearly always they are queued already, which
// makes it a repeat without effect.
func (s *Sources) queueAll(ctx context.Context) error {
	return s.router.Store.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
		ix, err := s.known.In(ctx, tx)
		if err != nil {
			return err
		}
		for ref, sensor := range ix.sensors {
			if sensor.Enabled {
				tx.Push(store.Sources, ref, "", 0)
			}
		}
		return nil
	})
}

// take pulls sensors one at a time, so that nodes which start together share them. One
// that was pulled at the moment ctx ended is given back.
func (s *Sources) take(ctx context.Context) error {
	var inHand *store.Delivery
	err := s.router.Store.Work(ctx, store.Worker{
		Queue: store.Sources, Mode: store.Relaxed, Slots: store.Batch(1), Log: s.log,
		Do: func(ctx context.Context, tx *store.Tx, d store.Delivery) error {
			inHand = &d
			tx.After(func(store.Version) { inHand = nil })
			return s.takeOne(ctx, tx, d)
		},
		GiveUp: func(_ context.Context, tx *store.Tx, d store.Delivery, _ error) error {
			tx.Push(store.Sources, d.ID, "", time.Minute) // a sensor is never given up
			return nil
		},
	})
	if inHand != nil {
		s.giveBack(ctx, *inHand)
	}
	return err
}

// soon is how long a stopping node takes at most to give a sensor back.
const soon = 5 * time.Second

// giveBack lets another node have a sensor, also after ctx is done. If the delivery is not
// ours any more nothing changes.
func (s *Sources) giveBack(ctx context.Context, d store.Delivery) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), soon)
	defer cancel()
	err := s.router.Store.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
		tx.Retry(d, 0)
		return nil
	})
	if err != nil && !errors.Is(err, store.ErrLeaseLost) {
		s.log.Warn("a sensor could not be given back; another node takes it when our lease ends", "sensor", d.ID, "error", err)
	}
}

// elsewhere is how long a sensor waits that this server has no code for.
const elsewhere = time.Minute

// takeOne begins to run a sensor. One that is disabled or gone leaves the queue, unless it
// is enabled at the same moment.
func (s *Sources) takeOne(ctx context.Context, tx *store.Tx, d store.Delivery) error {
	sensor, err := tx.Sensors().Get(ctx, d.ID)
	if core.KindOf(err) == core.NotFound || err == nil && !sensor.Enabled {
		return tx.Sensors().Confirm(d.ID)
	}
	if err != nil {
		return err
	}
	ix, err := s.known.In(ctx, tx)
	if err != nil {
		return err
	}
	if _, ok := s.code(ctx, *sensor); !ok {
		tx.Retry(d, elsewhere)
		tx.After(func(store.Version) { s.remark(sensor) }) // else the catalogue was out of date
		return nil
	}
	tx.Hold(d)
	tx.After(func(store.Version) { s.start(ctx, newFeed(s, sensor, d), ix.of(sensor)) })
	return nil
}

// remark says once that a sensor stays idle.
func (s *Sources) remark(sensor *core.Sensor) {
	if !s.silent[sensor.Ref()] {
		s.silent[sensor.Ref()] = true
		s.log.Warn("this server has no code for a sensor: it stays idle; disable it to be rid of this message",
			"sensor", sensor.Ref(), "entry_point", sensor.EntryPoint)
	}
}

// start runs a feed in a goroutine of its own, after the one before it has ended.
func (s *Sources) start(ctx context.Context, f *feed, set []core.Trigger) {
	ctx, f.stop = context.WithCancelCause(ctx)
	f.offer(set)
	s.mu.Lock()
	before := s.running[f.ref]
	s.running[f.ref] = f
	s.mu.Unlock()
	s.ended.Go(func() {
		defer close(f.done)
		if before != nil {
			before.stop(store.ErrLeaseLost) // else there would be no delivery for another
			<-before.done
		}
		f.keep(ctx)
		f.stop(nil)
		s.gone(f)
	})
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

func (s *Sources) gone(f *feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[f.ref] == f {
		delete(s.running, f.ref)
	}
}

// lookAgain is how often the catalogue is looked at though nothing said it changed:
// wake-ups can be lost.
const lookAgain = 5 * time.Second

// follow hands changes of sensors and triggers to what runs.
func (s *Sources) follow(ctx context.Context) error {
	wakes, err := s.router.Store.Wakes(ctx, store.TopicCatalogue)
	if err != nil {
		return err
	}
	t := time.NewTicker(lookAgain)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-wakes:
			if !open {
				wakes = nil // the backend is closed, or ctx is done
			}
		case <-s.nudge:
		case <-t.C:
		}
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("sensors: cannot look at the catalogue; trying again", "error", err)
		}
	}
}

// look compares what runs with the catalogue. A sensor that is no more as it was when it
// began is ended and given back; whoever takes it next sees what became of it.
func (s *Sources) look(ctx context.Context) error {
	var ix *sensorIndex
	err := s.router.Store.Update(ctx, store.Relaxed, func(tx *store.Tx) (err error) {
		ix, err = s.known.In(ctx, tx) // inside a Tx it is never out of date
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for ref, f := range s.running {
		if now := ix.sensors[ref]; now == nil || !sameSensor(now, f.sensor) {
			f.stop(errChanged)
			continue
		}
		f.offer(ix.of(f.sensor))
	}
	return nil
}

var errChanged = errors.New("the sensor was changed or disabled")

func sameSensor(a, b *core.Sensor) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// sameTriggers compares what matters to a source; how many rules share a trigger does not.
func sameTriggers(a, b []core.Trigger) bool {
	return slices.EqualFunc(a, b, func(x, y core.Trigger) bool {
		return x.ID == y.ID && x.Ref() == y.Ref() && bytes.Equal(x.Parameters, y.Parameters)
	})
}
