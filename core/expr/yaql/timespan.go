package yaql

import (
	"cmp"
	"fmt"
	"math"
	"math/big"

	"github.com/petrelhq/petrel/core/expr"
)

// Timespan is a length of time of up to a billion days, to the microsecond.
type Timespan struct {
	days   int64 // rounded down
	micros int64 // of the last day, never negative
}

// Units of time, in microseconds.
const (
	microsecond int64 = 1
	millisecond       = 1000 * microsecond
	second            = 1000 * millisecond
	minute            = 60 * second
	hour              = 60 * minute
	day               = 24 * hour
)

// maxDays bounds time spans in both directions.
const maxDays = 999_999_999

// span is a time span of a number of microseconds.
func span(us int64) Timespan {
	t := Timespan{us / day, us % day}
	if t.micros < 0 {
		t.days--
		t.micros += day
	}
	return t
}

// spanOf is a time span of a number of microseconds, a float rounded to the even side; OverflowError beyond a billion days.
func spanOf(us Value) (Value, error) {
	if f, ok := us.(float64); ok {
		var err error
		if us, err = expr.Trunc(math.RoundToEven(f)); err != nil {
			return nil, err
		}
	}
	if n, ok := us.(int64); ok {
		return span(n), nil
	}
	days, micros := new(big.Int).DivMod(us.(*big.Int), big.NewInt(day), new(big.Int))
	if !days.IsInt64() || days.Int64() > maxDays || days.Int64() < -maxDays {
		return nil, expr.Errorf("OverflowError", "the time span is longer than %d days", maxDays)
	}
	return Timespan{days.Int64(), micros.Int64()}, nil
}

// Micros is the time span in microseconds, an int value.
func (t Timespan) Micros() Value {
	n := new(big.Int).Mul(big.NewInt(t.days), big.NewInt(day))
	return expr.Int(n.Add(n, big.NewInt(t.micros)))
}

// seconds is a short time span in whole seconds, rounded down.
func (t Timespan) seconds() int64 { return t.days*(day/second) + t.micros/second }

// TypeName implements expr.Object.
func (Timespan) TypeName() string { return "datetime.timedelta" }

// Truthy implements expr.Truther.
func (t Timespan) Truthy() (bool, error) { return t != Timespan{}, nil }

// Order implements expr.Orderer.
func (t Timespan) Order(other Value) (int, bool, error) {
	u, ok := other.(Timespan)
	return cmp.Or(cmp.Compare(t.days, u.days), cmp.Compare(t.micros, u.micros)), ok, nil
}

// Str implements expr.Stringer: "1 day, 2:03:04.000005".
func (t Timespan) Str(*expr.Budget) (string, error) {
	s, us := t.micros/second, t.micros%second
	text := fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	if us != 0 {
		text += fmt.Sprintf(".%06d", us)
	}
	switch t.days {
	case 0:
		return text, nil
	case 1, -1:
		return fmt.Sprintf("%d day, %s", t.days, text), nil
	}
	return fmt.Sprintf("%d days, %s", t.days, text), nil
}

// Repr implements expr.Reprer.
func (t Timespan) Repr(*expr.Budget) (string, error) {
	text := ""
	for _, p := range []struct {
		name string
		n    int64
	}{{"days", t.days}, {"seconds", t.micros / second}, {"microseconds", t.micros % second}} {
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

// with is the time span op a number of microseconds (+ and -) or a plain number (* and /).
func (t Timespan) with(b *expr.Budget, op string, n Value) (Value, error) {
	us, err := expr.Binary(b, op, t.Micros(), n)
	if err != nil {
		return nil, err
	}
	return spanOf(us)
}

// over is how many times u goes into the time span.
func (t Timespan) over(u Timespan) (Value, error) {
	us, err := expr.Float(t.Micros())
	if err != nil {
		return nil, err
	}
	return expr.Binary(nil, "/", us, u.Micros())
}
