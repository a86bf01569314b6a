package plugins

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// Source returns what runs a sensor, if its code lies in its pack's code.
func (l *Loader) Source(ctx context.Context, s core.Sensor) (core.Source, bool) {
	p, err := l.Pack(ctx, s.Pack)
	if core.KindOf(err) == core.NotFound {
		return nil, false
	}
	if err == nil { // else running it tells what is wrong
		r, err := runtimeOf(p)
		if err != nil || s.EntryPoint != "" && s.EntryPoint != r.File() {
			return nil, false
		}
	}
	return source{l, s, newBudget(l.Now)}, true
}

// source runs one sensor, turn by turn. Each turn uses the code as it is then.
type source struct {
	l      *Loader
	sensor core.Sensor
	budget *budget // of log lines, of all turns together
}

// maxLook is how long one look of a polled sensor may take, if its interval is not longer.
const maxLook = 5 * time.Minute

// errStale is the cause of a passive sensor's end when there is newer code.
var errStale = errors.New("there is a newer version of the code")

// Run implements core.Source. An error ends the sensor; who supervises it begins anew.
func (s source) Run(ctx context.Context, feed core.Feed) error {
	set := newTriggerSet()
	select {
	case first := <-feed.Triggers():
		set.put(first)
	case <-ctx.Done():
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		set.follow(ctx, feed)
	}()
	defer func() {
		cancel()
		<-followed
	}()
	for {
		seen, changed := set.now()
		interval, err := s.turn(ctx, feed, set, seen)
		if ctx.Err() != nil && !failedAt(err) {
			return nil
		}
		if errors.Is(err, errStale) {
			continue
		}
		if err != nil {
			return err
		}
		if interval == 0 {
			return fmt.Errorf("the sensor %s ended by itself: a passive sensor goes on until it is told to end", s.sensor.Ref())
		}
		if !pause(ctx, interval, changed) {
			return nil
		}
	}
}

// emitError is a failure of the feed, which the feed's owner has to see.
type emitError struct{ error }

func (e emitError) Unwrap() error { return e.error }

func failedAt(err error) bool {
	var e emitError
	return errors.As(err, &e)
}

// pause waits for the next look: until the interval is over or rules want something else.
// It reports false when ctx ended first.
func pause(ctx context.Context, interval time.Duration, changed <-chan struct{}) bool {
	t := time.NewTimer(interval)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-changed:
	}
	return true
}

// follow keeps the set up to date.
func (s *triggerSet) follow(ctx context.Context, feed core.Feed) {
	for {
		select {
		case <-ctx.Done():
			return
		case set := <-feed.Triggers():
			s.put(set)
		}
	}
}

// turn is one look of a polled sensor, or a passive one's life until its code is outdated.
// It returns the time until the next look, 0 for passive sensors.
func (s source) turn(ctx context.Context, feed core.Feed, set *triggerSet, seen wire.TriggersReply) (time.Duration, error) {
	x, err := s.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer s.l.release(x)
	interval, err := s.interval(ctx, x)
	if err != nil {
		return 0, err
	}
	settings, err := s.l.settings(ctx, s.sensor.Pack, "")
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if interval > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, max(interval, maxLook))
		defer cancel()
	} else {
		defer s.endWith(ctx, x, stop)()
	}
	w := s.newWatch(feed, set, settings, stop)
	err = x.plugin.Watch(ctx, s.onWire(ctx, feed, seen, settings), w.host)
	w.host.over.Store(true)
	if n := w.budget.rest(); n > 0 {
		w.line.Warn(said(n))
	}
	if failed := w.failure(); failed != nil { // also when it was cut off by newer code: the batch may be stored
		return 0, emitError{failed}
	}
	if errors.Is(context.Cause(ctx), errStale) {
		return 0, errStale
	}
	if err != nil {
		return 0, fmt.Errorf("the sensor %s failed: %s", s.sensor.Ref(), w.host.secrets.mask(err.Error()))
	}
	return interval, nil
}

func (s source) acquire(ctx context.Context) (*loaded, error) {
	p, err := s.l.Pack(ctx, s.sensor.Pack)
	if err != nil {
		return nil, err
	}
	r, err := runtimeOf(p)
	if err != nil {
		return nil, err
	}
	return s.l.acquire(ctx, p, r)
}

// endWith ends a turn when its code is outdated. The function it returns ends the waiting.
func (s source) endWith(ctx context.Context, x *loaded, stop context.CancelCauseFunc) func() {
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-x.stale:
			stop(errStale)
		case <-ctx.Done():
		}
	}()
	return func() {
		stop(nil)
		<-over
	}
}

// interval is the time between two looks: what the metadata says, else what the code says.
func (s source) interval(ctx context.Context, x *loaded) (time.Duration, error) {
	if s.sensor.PollInterval > 0 {
		return asDuration(s.sensor.PollInterval), nil
	}
	p, err := x.describe(ctx)
	if err != nil {
		return 0, err
	}
	for _, known := range p.Sensors {
		if known.Name == s.sensor.Class {
			return asDuration(known.Interval), nil
		}
	}
	return 0, core.Errorf(core.Invalid, "the code of the pack %s has no sensor %s, which its metadata names", s.sensor.Pack, s.sensor.Class)
}

func asDuration(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second))
}

func (s source) newWatch(feed core.Feed, set *triggerSet, settings Settings, stop context.CancelCauseFunc) *watch {
	w := &watch{
		sensor: s.sensor, feed: feed, set: set, budget: s.budget, stop: stop,
		line: s.l.Log.With("sensor", s.sensor.Ref()),
	}
	w.host = &host{l: s.l, pack: s.sensor.Pack, secrets: newSecrets(settings.Secrets), voice: w, events: w}
	return w
}

func (s source) onWire(ctx context.Context, feed core.Feed, set wire.TriggersReply, settings Settings) wire.Watch {
	deadline, _ := ctx.Deadline()
	return wire.Watch{
		Sensor: s.sensor.Class, Pack: s.sensor.Pack, Cursor: feed.Cursor(), Triggers: set.Triggers,
		Config: settings.Values, Deadline: deadline,
	}
}
