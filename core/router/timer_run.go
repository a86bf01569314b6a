package router

import (
	"context"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// lookEvery is how often the timers are looked through without a reason: a wake-up can be
// lost, and the clock can be set.
const lookEvery = 10 * time.Second

// RunTimers lets timers go off until ctx is done. Any number of servers may do so on one
// store: whoever is first to note a firing has made it.
func (r *Router) RunTimers(ctx context.Context) error {
	wakes, err := r.Store.Wakes(ctx, store.TopicCatalogue)
	if err != nil {
		return err
	}
	c := &clockwork{
		router: r, alarms: map[string]*alarm{}, again: make(chan struct{}, 1),
		cron: cron.New(cron.WithLogger(cron.DiscardLogger), cron.WithLocation(time.UTC)),
	}
	ctx, stop := context.WithCancel(ctx)
	defer c.end(stop)
	c.cron.Schedule(cron.Every(lookEvery), cron.FuncJob(c.lookAgain))
	c.cron.Start()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wakes:
		case <-c.again:
		}
		if err := c.look(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// clockwork keeps an alarm for each timer there is.
type clockwork struct {
	router *Router
	cron   *cron.Cron
	alarms map[string]*alarm // by trigger id
	again  chan struct{}
	work   sync.WaitGroup
}

func (c *clockwork) lookAgain() {
	select {
	case c.again <- struct{}{}:
	default:
	}
}

// end stops the alarms and waits for those that are going off.
func (c *clockwork) end(stop context.CancelFunc) {
	stop()
	<-c.cron.Stop().Done()
	c.work.Wait()
}

// look brings the alarms in line with the triggers that are stored now, and sees to those
// that are overdue.
func (c *clockwork) look(ctx context.Context) error {
	triggers, err := c.router.timerTriggers(ctx)
	if err != nil {
		return err
	}
	states, err := c.router.timerStates(ctx)
	if err != nil {
		return err
	}
	present := make(map[string]bool, len(triggers))
	for _, t := range triggers {
		state := states[t.ID]
		if state == nil {
			if state, err = c.router.beginTimer(ctx, t); err != nil {
				return err
			}
		}
		if state != nil {
			present[t.ID] = true
			c.keep(ctx, t, state)
		}
	}
	for id, a := range c.alarms {
		if !present[id] {
			c.drop(id, a)
		}
	}
	return nil
}

// beginTimer begins the count of a trigger that was stored without one; nil when the
// trigger has been removed meanwhile.
func (r *Router) beginTimer(ctx context.Context, t *core.Trigger) (*store.Timer, error) {
	var state *store.Timer
	err := r.Store.Update(ctx, store.Wait, func(tx *store.Tx) (err error) {
		if state, err = tx.Timers().Get(ctx, t.ID); core.KindOf(err) != core.NotFound {
			return err
		}
		if now, err := tx.Triggers().Get(ctx, t.Ref()); err != nil || now.ID != t.ID {
			return err
		}
		state = &store.Timer{ID: t.ID, Anchor: tx.Time()}
		if err := tx.Timers().Put(ctx, state); err != nil {
			return err
		}
		return tx.Triggers().Confirm(t.Ref())
	})
	if core.KindOf(err) == core.NotFound {
		return nil, nil
	}
	return state, err
}

// keep makes an alarm for a trigger that has none with these parameters.
func (c *clockwork) keep(ctx context.Context, t *core.Trigger, state *store.Timer) {
	a := c.alarms[t.ID]
	if a != nil && !a.rings(t) {
		c.drop(t.ID, a)
		a = nil
	}
	if a == nil {
		a = newAlarm(c.router, t, state)
		c.alarms[t.ID] = a
		if a.schedule != nil {
			a.entry = c.cron.Schedule(a, cron.FuncJob(func() { a.goOff(ctx) }))
		}
	}
	a.catchUp(state)
	if a.overdue() {
		c.work.Go(func() { a.goOff(ctx) })
	}
}

func (c *clockwork) drop(id string, a *alarm) {
	if a.schedule != nil {
		c.cron.Remove(a.entry)
	}
	delete(c.alarms, id)
}
