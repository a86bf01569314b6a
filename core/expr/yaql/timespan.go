package yaql

import (
	"fmt"
	"math"

	"github.com/petrelhq/petrel/core/expr"
)

// Timespan is a length of time in microseconds. st2 differs: it ends at 292,000 years, not at a billion days.
type Timespan int64

// Units of time spans.
const (
	microsecond Timespan = 1
	millisecond          = 1000 * microsecond
	second               = 1000 * millisecond
	minute               = 60 * second
	hour                 = 60 * minute
	day                  = 24 * hour
)

// TypeName implements expr.Object.
func (Timespan) TypeName() string { return "datetime.timedelta" }

// Truthy implements expr.Truther.
func (t Timespan) Truthy() (bool, error) { return t != 0, nil }

// Order implements expr.Orderer.
func (t Timespan) Order(other Value) (int, bool, error) {
	u, ok := other.(Timespan)
	switch {
	case t < u:
		return -1, ok, nil
	case t > u:
		return 1, ok, nil
	}
	return 0, ok, nil
}

// parts are days, seconds and microseconds, the latter two never negative.
func (t Timespan) parts() (days, seconds, micros int64) {
	d := int64(t / day)
	rest := t % day
	if rest < 0 {
		d--
		rest += day
	}
	return d, int64(rest / second), int64(rest % second)
}

// Str implements expr.Stringer: "1 day, 2:03:04.000005".
func (t Timespan) Str(*expr.Budget) (string, error) {
	d, s, us := t.parts()
	text := fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	if us != 0 {
		text += fmt.Sprintf(".%06d", us)
	}
	switch d {
	case 0:
		return text, nil
	case 1, -1:
		return fmt.Sprintf("%d day, %s", d, text), nil
	}
	return fmt.Sprintf("%d days, %s", d, text), nil
}

// Repr implements expr.Reprer.
func (t Timespan) Repr(*expr.Budget) (string, error) {
	d, s, us := t.parts()
	text := ""
	for _, p := range []struct {
		name string
		n    int64
	}{{"days", d}, {"seconds", s}, {"microseconds", us}} {
		if p.n != 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%s=%d", p.name, p.n)
		}
	}
	if text == "" {
		text = "0"
	}
	return "datetime.timedelta(" + text + ")", nil
}

// spanOf makes a time span of a number of microseconds, which may be rounded.
func spanOf(us float64) (Value, error) {
	us = math.RoundToEven(us)
	if !(math.Abs(us) < 1<<63) {
		return nil, expr.Errorf("OverflowError", "the time span is too long")
	}
	return Timespan(us), nil
}

// times multiplies without overflow.
func (t Timespan) times(n int64) (Timespan, error) {
	r := t * Timespan(n)
	if n != 0 && (r/Timespan(n) != t || math.Abs(float64(t)*float64(n)) >= 1<<63) {
		return 0, expr.Errorf("OverflowError", "the time span is too long")
	}
	return r, nil
}

// over is t divided by n, halves rounded to the even side.
func (t Timespan) over(n int64) Timespan {
	q, m := t/Timespan(n), t%Timespan(n)
	if m == 0 {
		return q
	}
	if (m < 0) != (n < 0) { // round down first
		q--
		m += Timespan(n)
	}
	twice := 2 * m
	if n < 0 {
		twice, n = -twice, -n
	}
	if twice > Timespan(n) || twice == Timespan(n) && q%2 != 0 {
		q++
	}
	return q
}
