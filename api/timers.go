package api

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/timer"
)

// listTimers returns the triggers that are timers. st2: rest-api reference, timers.
func (c *call) listTimers() error {
	wanted := c.text("timer_type")
	if types := timer.Types(); wanted != "" && !slices.Contains(types, wanted) {
		return core.FieldErrorf("timer_type", "Timer type %s not in supported types - ['%s'].", wanted, strings.Join(types, "', '"))
	}
	timers, err := c.s.Router.Timers(c.ctx())
	if err != nil {
		return err
	}
	timers = slices.DeleteFunc(timers, func(t router.TimerView) bool { return wanted != "" && t.Type != wanted })
	return sendAll(c, timers, writeTimer)
}

func (c *call) getTimer() error {
	t, err := c.s.Router.Timer(c.ctx(), c.Params("ref"))
	if core.KindOf(err) == core.NotFound {
		return noResource(c.Params("ref"))
	}
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, t, writeTimer)
}

// writeTimer appends a timer as the API shows it: its trigger, and when it fires.
// st2 differs: next_firings and last_firing are not there.
func writeTimer(b []byte, t router.TimerView) ([]byte, error) {
	o := begin(b, nil)
	o.trigger(t.Trigger)
	next := make([]string, len(t.Next))
	for i, at := range t.Next {
		next[i] = at.String()
	}
	list(o, "next_firings", next)
	o.at("last_firing", t.Fired)
	return o.end()
}
