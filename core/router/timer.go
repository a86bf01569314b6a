package router

import (
	"context"
	"encoding/json"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/timer"
)

// TimerSettings say how timers behave. All servers on one store need the same.
type TimerSettings struct {
	// Zone is that of timers whose parameters name none; nil is UTC.
	// st2 differs: there it is America/Los_Angeles (timersengine.local_timezone).
	Zone *time.Location
	// Misfire says what becomes of times at which no server ran; "" is timer.Skip.
	Misfire timer.Policy
}

// upcoming is how many of its next times a timer tells.
const upcoming = 5

// TimerView is a timer as people look at it.
type TimerView struct {
	*core.Trigger
	Next  []core.Time // its next times, at most five; none: it will not go off again
	Fired core.Time   // the last time that fired; 0: none yet
}

// Timers returns the timers there are, by type.
func (r *Router) Timers(ctx context.Context) ([]TimerView, error) {
	triggers, err := r.timerTriggers(ctx)
	if err != nil {
		return nil, err
	}
	states, err := r.timerStates(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]TimerView, len(triggers))
	for i, t := range triggers {
		views[i] = r.viewTimer(t, states[t.ID])
	}
	return views, nil
}

// Timer returns the timer with a trigger's reference or id. The error is NotFound.
func (r *Router) Timer(ctx context.Context, refOrID string) (TimerView, error) {
	t, err := r.Store.Triggers().Find(ctx, refOrID)
	if err == nil && !timer.Is(t.Type) {
		err = core.Errorf(core.NotFound, "trigger %q is no timer", refOrID)
	}
	if err != nil {
		return TimerView{}, err
	}
	state, err := r.Store.Timers().Get(ctx, t.ID)
	if err != nil && core.KindOf(err) != core.NotFound {
		return TimerView{}, err
	}
	return r.viewTimer(t, state), nil
}

// viewTimer works out what a timer does next; one whose parameters are wrong does nothing.
func (r *Router) viewTimer(t *core.Trigger, state *store.Timer) TimerView {
	v := TimerView{Trigger: t}
	if state == nil { // its trigger was made a moment ago
		state = &store.Timer{Anchor: r.Store.Time()}
	}
	v.Fired = state.Fired
	schedule, err := r.schedule(t, state.Anchor)
	if err != nil {
		return v
	}
	for _, at := range timer.Upcoming(schedule, max(state.Last(), r.Store.Time()).Std(), upcoming) {
		v.Next = append(v.Next, core.At(at))
	}
	return v
}

func (r *Router) schedule(t *core.Trigger, anchor core.Time) (timer.Schedule, error) {
	return timer.Parse(t.Type, t.Parameters, timer.Basis{Anchor: anchor.Std(), Zone: r.Timing.Zone})
}

func (r *Router) timerTriggers(ctx context.Context) ([]*core.Trigger, error) {
	var all []*core.Trigger
	for _, typeRef := range timer.Types() {
		ts, err := r.Store.Triggers().Page(ctx, store.Query{Where: []store.Is{{Index: store.ByType, Value: typeRef}}, Oldest: true})
		if err != nil {
			return nil, err
		}
		all = append(all, ts...)
	}
	return all, nil
}

// timerStates returns how far the timers have come, by trigger id.
func (r *Router) timerStates(ctx context.Context) (map[string]*store.Timer, error) {
	all, err := r.Store.Timers().All(ctx)
	states := make(map[string]*store.Timer, len(all))
	for _, s := range all {
		states[s.ID] = s
	}
	return states, err
}

// CheckTimer refuses parameters with which a timer could not run. The error is Invalid
// and names the field; trigger types that are no timers pass.
func (r *Router) CheckTimer(typeRef string, parameters json.RawMessage) error {
	if !timer.Is(typeRef) {
		return nil
	}
	_, err := timer.Parse(typeRef, parameters, timer.Basis{})
	return err
}

// startTimer begins the count of a new trigger, if it is a timer.
func (r *Router) startTimer(ctx context.Context, tx *store.Tx, t *core.Trigger) error {
	if !timer.Is(t.Type) {
		return nil
	}
	return tx.Timers().Put(ctx, &store.Timer{ID: t.ID, Anchor: tx.Time()})
}

// Remove deletes a trigger, and with it its webhook or timer.
func (r *Router) Remove(ctx context.Context, tx *store.Tx, t *core.Trigger) error {
	if timer.Is(t.Type) {
		if err := tx.Timers().Delete(ctx, t.ID); err != nil {
			return err
		}
	}
	return tx.Triggers().Delete(ctx, t.Ref())
}
