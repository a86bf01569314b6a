package timer

import (
	"encoding/json"
	"math/big"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
)

// Interval goes off again and again: one span after its anchor, two spans after it, and
// so on, however long whoever watches it was away.
// st2 differs: StackStorm counts from each start of its timer engine.
type Interval struct {
	Anchor time.Time
	Every  time.Duration
}

// Next implements Schedule.
func (i Interval) Next(after time.Time) time.Time {
	if after.Before(i.Anchor) {
		return i.Anchor.Add(i.Every)
	}
	spans := after.Sub(i.Anchor) / i.Every
	return i.Anchor.Add((spans + 1) * i.Every)
}

var units = map[string]time.Duration{
	"weeks": 7 * 24 * time.Hour, "days": 24 * time.Hour, "hours": time.Hour, "minutes": time.Minute, "seconds": time.Second,
}

var unitNames = []string{"weeks", "days", "hours", "minutes", "seconds"}

// longest is the longest interval: sums of it and a date stay within what a Duration holds.
const longest = 100 * 365 * 24 * time.Hour

// parseInterval reads {unit, delta}.
// st2 differs: a delta of 0, which APScheduler quietly takes for a second, is refused.
func parseInterval(p parameters, anchor time.Time) (Schedule, error) {
	unit, _, err := p.text("unit")
	if err != nil {
		return nil, err
	}
	length, ok := units[unit]
	if !ok {
		hint := "write one of " + strings.Join(unitNames, ", ")
		if near := core.Nearest(unit, unitNames); near != "" {
			hint = "did you mean \"" + near + "\"?"
		}
		return nil, wrong("unit", "%q is no unit; %s", unit, hint)
	}
	delta, err := p.delta()
	if err != nil {
		return nil, err
	}
	if most := int64(longest / length); !delta.IsInt64() || delta.Int64() > most {
		return nil, wrong("delta", "%s %s are too long; at most %d (100 years)", delta, unit, most)
	}
	return Interval{Anchor: anchor, Every: time.Duration(delta.Int64()) * length}, nil
}

func (p parameters) delta() (*big.Int, error) {
	number, ok := p["delta"].(json.Number)
	delta := new(big.Int)
	if _, isInt := delta.SetString(number.String(), 10); !ok || !isInt {
		return nil, wrong("delta", "needs to be a whole number of units, such as 5")
	}
	if delta.Sign() <= 0 {
		return nil, wrong("delta", "%s lets no time pass; it needs to be at least 1", delta)
	}
	return delta, nil
}
