package main

import (
	"context"
	"maps"
	"time"

	"github.com/petrelhq/petrel/sdk"
)

// Condition is what the sensor has to remember of an endpoint. It is stored with the
// events it stands for, so a change is told once, whatever happens in between.
type Condition struct {
	Down     bool      `json:"down,omitempty"`
	Failures int       `json:"failures,omitempty"` // in a row, until it counted as down
	Since    time.Time `json:"since,omitzero"`     // of the first failure
}

// Cursor holds the endpoints that do not answer as they should, by name.
type Cursor map[string]Condition

// look checks every endpoint once.
func look(ctx context.Context, s *sdk.Sensor[Cursor]) error {
	config, err := settings.Get(ctx)
	if err != nil {
		return err
	}
	before, next := s.Cursor(), Cursor{}
	var events []sdk.Event
	found := []State{}
	for _, e := range config.Endpoints {
		if _, twice := next[e.Name]; twice {
			return sdk.Errorf(sdk.Invalid, "the configuration has two endpoints called %q", e.Name)
		}
		a := e.ask(ctx)
		now := sdk.Now(ctx)
		was := before[e.Name]
		is, event := was.after(e, a, config.Failures, now)
		events = append(events, event...)
		next[e.Name] = is
		found = append(found, State{Name: e.Name, URL: e.URL, State: is.word(), Checked: now, Answer: a})
	}
	maps.DeleteFunc(next, func(_ string, c Condition) bool { return c == Condition{} })
	if !maps.Equal(before, next) {
		if err := s.Emit(ctx, next, events...); err != nil {
			return err
		}
	}
	return sdk.KV(ctx).SetJSON(statesKey, found)
}

// after is the condition after a check, with the event when it went down or came back.
func (c Condition) after(e Endpoint, a Answer, allowed int, now time.Time) (Condition, []sdk.Event) {
	if a.Up {
		if c.Down {
			back := Recovery{Name: e.Name, URL: e.URL, Since: c.Since, Seconds: int(now.Sub(c.Since).Seconds())}
			return Condition{}, []sdk.Event{up.Event(back)}
		}
		return Condition{}, nil
	}
	if c.Down {
		return c, nil
	}
	if c.Failures == 0 {
		c.Since = now
	}
	if c.Failures++; c.Failures < allowed {
		return c, nil
	}
	c.Down = true
	gone := Outage{Name: e.Name, URL: e.URL, Error: a.Error, Status: a.Status, Failures: c.Failures, Since: c.Since}
	return c, []sdk.Event{down.Event(gone)}
}

// word says in what state an endpoint is.
func (c Condition) word() string {
	switch {
	case c.Down:
		return "down"
	case c.Failures > 0:
		return "failing"
	}
	return "up"
}
