package timer

import (
	"fmt"
	"time"
)

// Policy says what becomes of times at which nobody was there to notice.
type Policy string

const (
	// Skip passes over them. st2: APScheduler's way in StackStorm.
	Skip Policy = "skip"
	// Last makes up for the newest of them.
	Last Policy = "last"
	// All makes up for each of them.
	All Policy = "all"
)

// ParsePolicy reads a policy; none is Skip.
func ParsePolicy(text string) (Policy, error) {
	switch p := Policy(text); p {
	case "":
		return Skip, nil
	case Skip, Last, All:
		return p, nil
	}
	return "", fmt.Errorf("misfire: %q is no policy; write skip, last or all", text)
}

// Grace is how late a time may be noticed without having been missed.
// st2: APScheduler's misfire_grace_time, there 1 s.
const Grace = 2 * time.Second

// Batch is how many times one Plan honours; there may be More.
const Batch = 64

// MostMissed is how far a Plan counts what it passes over.
const MostMissed = 1000

// Plan says what to do about the times that have come.
type Plan struct {
	Fire    []time.Time // to be honoured, in order
	Settled time.Time   // up to here all is dealt with; zero: no time has come
	Missed  int         // times that are passed over; MostMissed means that many or more
	Late    int         // of Fire, those that were missed and are made up for
	More    bool        // ask again: there is more than a batch
}

// Due returns what to do about the times of s after settled and up to now.
func (p Policy) Due(s Schedule, settled, now time.Time) Plan {
	first := s.Next(settled)
	if first.IsZero() || first.After(now) {
		return Plan{}
	}
	if p == All {
		return makeUp(s, first, now)
	}
	plan := passOver(s, first, now)
	if p == Last && len(plan.Fire) == 0 {
		plan.Fire, plan.Late = []time.Time{plan.Settled}, 1
		plan.Missed--
	}
	return plan
}

// makeUp honours every time from first on.
func makeUp(s Schedule, first, now time.Time) Plan {
	var plan Plan
	for t := first; !t.IsZero() && !t.After(now); t = s.Next(t) {
		if len(plan.Fire) == Batch {
			plan.More = true
			break
		}
		if now.Sub(t) > Grace {
			plan.Late++
		}
		plan.Fire = append(plan.Fire, t)
		plan.Settled = t
	}
	return plan
}

// passOver honours the times that are not late, and counts the others from first on.
func passOver(s Schedule, first, now time.Time) Plan {
	t := first
	plan := Plan{Settled: first}
	for ; late(t, now) && plan.Missed < MostMissed; t = s.Next(t) {
		plan.Missed++
		plan.Settled = t
	}
	if late(t, now) {
		t = s.Next(now.Add(-Grace - time.Nanosecond))
		plan.Settled = newest(s, plan.Settled, now.Add(-Grace))
	}
	for ; !t.IsZero() && !t.After(now); t = s.Next(t) {
		plan.Fire = append(plan.Fire, t)
		plan.Settled = t
	}
	return plan
}

func late(t, now time.Time) bool { return !t.IsZero() && now.Sub(t) > Grace }

// newest returns the last time of s up to now; known is one that is not after it. It
// looks back in growing strides, so as not to go through all that lies between.
func newest(s Schedule, known, now time.Time) time.Time {
	for stride := Grace; now.Add(-stride).After(known); stride *= 2 {
		if t := s.Next(now.Add(-stride)); !t.IsZero() && !t.After(now) {
			known = t
			break
		}
	}
	for t := s.Next(known); !t.IsZero() && !t.After(now); t = s.Next(known) {
		known = t
	}
	return known
}
