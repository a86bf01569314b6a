package router

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/timer"
)

// alarm is one timer on this server: it waits for the timer's times and lets it fire.
type alarm struct {
	router   *Router
	log      *slog.Logger
	trigger  *core.Trigger
	schedule timer.Schedule // nil: the stored parameters are wrong
	entry    cron.EntryID

	calls atomic.Int64 // of goOff that are not answered yet

	mu      sync.Mutex
	settled time.Time     // up to here all is dealt with, as far as this server knows
	due     time.Time     // the first time after settled; zero: none
	pause   time.Duration // until another try, when something is due and not dealt with
	behind  bool          // the clock was found behind settled, and that was said
}

// Pauses between tries double from first to longest.
const (
	firstTry   = 100 * time.Millisecond
	longestTry = 5 * time.Second
)

func newAlarm(r *Router, t *core.Trigger, state *store.Timer) *alarm {
	a := &alarm{router: r, trigger: t, pause: firstTry,
		log: r.Log.With("timer", t.Ref(), "parameters", string(t.Parameters))}
	schedule, err := r.schedule(t, state.Anchor)
	if err != nil {
		a.log.Error("the timer cannot run: correct the trigger, or delete it and make it anew by a rule", "error", err)
		return a
	}
	a.schedule = schedule
	a.settle(state.Last().Std())
	if a.due.IsZero() && state.Settled == 0 {
		a.log.Warn("the timer never goes off: its time has passed, or no time is like that")
	}
	return a
}

// rings reports whether the alarm is one for the trigger as it is now.
func (a *alarm) rings(t *core.Trigger) bool {
	return a.trigger.Type == t.Type && bytes.Equal(a.trigger.Parameters, t.Parameters)
}

// backwards is how far the clock may be behind a timer's last time before it is remarked on.
const backwards = 5 * time.Second

// catchUp takes note of what other servers have dealt with.
func (a *alarm) catchUp(state *store.Timer) {
	a.settle(state.Last().Std())
	a.mu.Lock()
	defer a.mu.Unlock()
	behind := a.settled.Sub(a.router.Store.Now())
	if behind > backwards && !a.behind {
		a.log.Warn("the clock is behind the timer's last firing; nothing fires twice, so the timer waits for the clock", "behind", behind, "last", a.settled)
	}
	a.behind = behind > backwards
}

// settle moves settled forward.
func (a *alarm) settle(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.After(a.settled) && a.schedule != nil {
		a.settled, a.due = t, a.schedule.Next(t)
	}
}

// overdue reports whether a time has come that is not dealt with.
func (a *alarm) overdue() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.due.IsZero() && !a.due.After(a.router.Store.Now())
}

// Next implements cron.Schedule: when to wake up, by the machine's clock. What is due
// already is tried again after a pause, should the call that goes off now not deal with it.
func (a *alarm) Next(time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	now, machine := a.router.Store.Now(), time.Now().Round(0)
	wake := a.due
	if wake.IsZero() {
		return wake
	}
	if !wake.After(now) {
		wake = now.Add(a.pause)
		if next := a.schedule.Next(now); !next.IsZero() && next.Before(wake) {
			wake = next
		}
	}
	return machine.Add(wake.Sub(now))
}

// goOff deals with all times that have come. Of several calls at once one does the work,
// and looks again for the others.
func (a *alarm) goOff(ctx context.Context) {
	if a.calls.Add(1) > 1 {
		return
	}
	for {
		seen := a.calls.Load()
		a.tryAll(ctx)
		if a.calls.CompareAndSwap(seen, 0) {
			return
		}
	}
}

func (a *alarm) tryAll(ctx context.Context) {
	for more := true; more && ctx.Err() == nil; {
		var err error
		more, err = a.fire(ctx)
		if pause := a.rest(err); err != nil && ctx.Err() == nil {
			a.log.Warn("the timer could not fire; trying again", "after", pause, "error", err)
			return
		}
	}
}

// rest returns the pause until another try, which grows while there are errors.
func (a *alarm) rest(err error) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pause = min(2*a.pause, longestTry)
	if err == nil {
		a.pause = firstTry
	}
	return a.pause
}

// fire deals with the times that have come, at most a batch: in one Apply the timer's
// state is moved on and the instances are made, so however many servers try, one does it.
func (a *alarm) fire(ctx context.Context) (more bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	now := a.router.Store.Now()
	var plan timer.Plan
	var last time.Time
	err = a.router.Store.Update(ctx, store.Wait, func(tx *store.Tx) error {
		state, err := tx.Timers().Get(ctx, a.trigger.ID)
		if core.KindOf(err) == core.NotFound { // the trigger was removed meanwhile
			plan, last = timer.Plan{}, now
			return nil
		}
		if err != nil {
			return err
		}
		plan = a.router.Timing.Misfire.Due(a.schedule, state.Last().Std(), now)
		if plan.Settled.IsZero() {
			last = state.Last().Std()
			return nil
		}
		last = plan.Settled
		return a.carryOut(ctx, tx, state, plan)
	})
	if err != nil {
		return false, err
	}
	a.settle(last)
	a.report(plan)
	return plan.More, nil
}

// carryOut writes what a plan says.
func (a *alarm) carryOut(ctx context.Context, tx *store.Tx, state *store.Timer, plan timer.Plan) error {
	for _, at := range plan.Fire {
		state.Fired = core.At(at)
		id := core.DeriveID(a.trigger.ID, "timer", state.Fired.String())
		if _, err := a.router.raise(tx, a.trigger.Ref(), id, a.event(at)); err != nil {
			return err
		}
	}
	state.Settled = core.At(plan.Settled)
	state.Missed += int64(plan.Missed)
	return tx.Timers().Put(ctx, state)
}

// event is what a timer's trigger tells.
// st2: triggers-rules reference, timers: schedule is always null, and the trace tag is the
// type's name and the trigger's. st2 differs: executed_at is when the timer was due, the
// same on whichever server it fires, not when it got round to it.
func (a *alarm) event(at time.Time) core.Event {
	_, name, _ := core.SplitRef(a.trigger.Type)
	payload, _ := json.Marshal(struct {
		ExecutedAt string `json:"executed_at"`
		Schedule   any    `json:"schedule"`
	}{at.UTC().Format(pythonTime), nil})
	return core.Event{Payload: payload, TraceTag: name + "-" + a.trigger.Name}
}

// report says what was not as usual.
func (a *alarm) report(plan timer.Plan) {
	if plan.Missed > 0 {
		a.log.Warn("times of the timer were missed and are passed over; misfire: all would make up for them",
			"missed", plan.Missed, "up_to", plan.Settled)
	}
	if plan.Late > 0 {
		a.log.Info("making up for missed times of the timer", "times", plan.Late, "from", plan.Fire[0], "to", plan.Settled, "more", plan.More)
	}
}
