// Package timer works out when timers go off.
//
// It is pure: it has no clock and no store. [Parse] reads a trigger's parameters into a
// [Schedule] (interval.go, date.go, cron*.go); [Policy.Due] says which of the times that
// have come are to be honoured (misfire.go).
// st2: triggers-rules reference, timers; the cron fields are APScheduler's.
package timer

import (
	"bytes"
	"encoding/json"
	"time"
	_ "time/tzdata" // a machine without zone files, such as a bare container, knows the zones too

	"github.com/petrelhq/petrel/core"
)

// The trigger types that are timers.
const (
	IntervalType = "core.st2.IntervalTimer"
	DateType     = "core.st2.DateTimer"
	CronType     = "core.st2.CronTimer"
)

// Types returns the trigger types that are timers.
func Types() []string { return []string{IntervalType, DateType, CronType} }

// Is reports whether a trigger type is a timer.
func Is(typeRef string) bool {
	return typeRef == IntervalType || typeRef == DateType || typeRef == CronType
}

// Schedule is the times a timer goes off.
type Schedule interface {
	// Next returns the first time after the given one; zero when there is none.
	Next(after time.Time) time.Time
}

// Basis is what a schedule rests on besides its parameters.
type Basis struct {
	Anchor time.Time      // when the timer was made: intervals count from here
	Zone   *time.Location // of timers whose parameters name none; nil is UTC
}

// Parse reads the parameters of a trigger of a timer type. Errors are Invalid and name
// the field, trigger.parameters.<name>, and the fix.
func Parse(typeRef string, parameters json.RawMessage, b Basis) (Schedule, error) {
	p, err := readParameters(parameters)
	if err != nil {
		return nil, err
	}
	zone, err := p.zone(b.Zone)
	if err != nil {
		return nil, err
	}
	switch typeRef {
	case IntervalType:
		return parseInterval(p, b.Anchor)
	case DateType:
		return parseDate(p, zone)
	case CronType:
		return parseCron(p, zone)
	}
	return nil, core.Errorf(core.Invalid, "trigger type %q is no timer", typeRef)
}

// Upcoming returns the next n times after the given one, fewer when there are no more.
func Upcoming(s Schedule, after time.Time, n int) []time.Time {
	var times []time.Time
	for t := s.Next(after); !t.IsZero() && len(times) < n; t = s.Next(t) {
		times = append(times, t)
	}
	return times
}

// parameters are a trigger's, without those that are null.
type parameters map[string]any

func readParameters(raw json.RawMessage) (parameters, error) {
	p := parameters{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&p); err != nil {
		return nil, core.FieldErrorf("trigger.parameters", "trigger.parameters need to be an object: %w", err)
	}
	for name, v := range p {
		if v == nil {
			delete(p, name)
		}
	}
	return p, nil
}

// text returns a parameter as text: strings and numbers as they are written.
func (p parameters) text(name string) (text string, given bool, err error) {
	switch v := p[name].(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	case json.Number:
		return v.String(), true, nil
	}
	return "", true, wrong(name, "needs to be text")
}

// wrong is an error of one parameter.
func wrong(name, format string, args ...any) error {
	field := "trigger.parameters." + name
	return core.FieldErrorf(field, field+" "+format, args...)
}

// zone finds the time zone that the parameters name.
func (p parameters) zone(otherwise *time.Location) (*time.Location, error) {
	name, _, err := p.text("timezone")
	if err != nil {
		return nil, err
	}
	if name == "" {
		if otherwise == nil {
			return time.UTC, nil
		}
		return otherwise, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, wrong("timezone", "%q is no time zone; write a name such as Europe/Berlin, America/New_York or UTC", name)
	}
	return zone, nil
}
