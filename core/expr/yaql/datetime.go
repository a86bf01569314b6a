package yaql

import (
	"fmt"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// DateTime is a date and time to the microsecond, with an offset from UTC unless naive.
type DateTime struct {
	wall  time.Time // in a zone of the offset; in UTC when naive
	naive bool
}

// NewDateTime makes a date of a Go time; its offset is kept, its zone is not.
func NewDateTime(t time.Time) *DateTime {
	_, offset := t.Zone()
	return &DateTime{wall: t.Truncate(time.Microsecond).In(zone(span(int64(offset) * second)))}
}

// Time is the date as a Go time; a naive one is taken for UTC.
func (d *DateTime) Time() time.Time { return d.wall }

// zone is a fixed offset.
func zone(offset Timespan) *time.Location {
	if offset == (Timespan{}) {
		return time.UTC
	}
	return time.FixedZone("", int(offset.seconds()))
}

func (d *DateTime) offset() Timespan {
	_, s := d.wall.Zone()
	return span(int64(s) * second)
}

// TypeName implements expr.Object.
func (*DateTime) TypeName() string { return "datetime.datetime" }

// EqualTo implements expr.Equaler: the same moment, whatever the offset.
func (d *DateTime) EqualTo(_ *expr.Budget, other Value) (bool, error) {
	e, ok := other.(*DateTime)
	return ok && d.naive == e.naive && d.wall.Equal(e.wall), nil
}

// HashKey implements expr.Hasher.
func (d *DateTime) HashKey() (any, error) { return momentKey{d.wall.UnixMicro(), d.naive}, nil }

type momentKey struct {
	micros int64
	naive  bool
}

// Order implements expr.Orderer.
func (d *DateTime) Order(other Value) (int, bool, error) {
	e, ok := other.(*DateTime)
	if !ok {
		return 0, false, nil
	}
	if d.naive != e.naive {
		return 0, false, expr.Errorf("TypeError", "can't compare offset-naive and offset-aware datetimes")
	}
	return d.wall.Compare(e.wall), true, nil
}

// ISO is the date as 2024-02-29T13:45:30+00:00.
func (d *DateTime) ISO() string { return d.text("T") }

// Str implements expr.Stringer: the date as 2024-02-29 13:45:30+00:00.
func (d *DateTime) Str(*expr.Budget) (string, error) { return d.text(" "), nil }

func (d *DateTime) text(sep string) string {
	s := d.wall.Format("2006-01-02" + sep + "15:04:05")
	if us := d.wall.Nanosecond() / 1000; us != 0 {
		s += fmt.Sprintf(".%06d", us)
	}
	if d.naive {
		return s
	}
	return s + offsetText(d.offset(), ":")
}

// offsetText is +02:00, with seconds where there are any.
func offsetText(offset Timespan, sep string) string {
	sign, n := "+", offset.seconds()
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%s%02d%s%02d", sign, n/3600, sep, n/60%60)
	if n%60 != 0 {
		s += fmt.Sprintf("%s%02d", sep, n%60)
	}
	return s
}

// Repr implements expr.Reprer.
func (d *DateTime) Repr(*expr.Budget) (string, error) {
	w := d.wall
	s := fmt.Sprintf("datetime.datetime(%d, %d, %d, %d, %d", w.Year(), int(w.Month()), w.Day(), w.Hour(), w.Minute())
	us := w.Nanosecond() / 1000
	if w.Second() != 0 || us != 0 {
		s += fmt.Sprintf(", %d", w.Second())
	}
	if us != 0 {
		s += fmt.Sprintf(", %d", us)
	}
	switch {
	case d.naive:
	case d.offset() == Timespan{}:
		s += ", tzinfo=tzutc()"
	default:
		s += fmt.Sprintf(", tzinfo=tzoffset(None, %d)", d.offset().seconds())
	}
	return s + ")", nil
}

// dateFields are the parts of a date as datetime() takes them.
type dateFields struct {
	year, month, day, hour, minute, second, micros int64
	offset                                         Timespan
	naive                                          bool
}

func (d *DateTime) fields() dateFields {
	w := d.wall
	return dateFields{
		int64(w.Year()), int64(w.Month()), int64(w.Day()), int64(w.Hour()), int64(w.Minute()), int64(w.Second()),
		int64(w.Nanosecond() / 1000), d.offset(), d.naive,
	}
}

// make checks the fields and makes a date of them; ValueError names the wrong one.
func (f dateFields) make() (*DateTime, error) {
	if f.year < 1 || f.year > 9999 {
		return nil, expr.Errorf("ValueError", "year %d is out of range", f.year)
	}
	if f.month < 1 || f.month > 12 {
		return nil, expr.Errorf("ValueError", "month must be in 1..12")
	}
	if f.day < 1 || f.day > int64(daysIn(int(f.year), int(f.month))) {
		return nil, expr.Errorf("ValueError", "day is out of range for month")
	}
	for _, part := range []struct {
		name    string
		n, most int64
	}{{"hour", f.hour, 23}, {"minute", f.minute, 59}, {"second", f.second, 59}, {"microsecond", f.micros, 999999}} {
		if part.n < 0 || part.n > part.most {
			return nil, expr.Errorf("ValueError", "%s must be in 0..%d", part.name, part.most)
		}
	}
	if err := checkOffset(f.offset); err != nil {
		return nil, err
	}
	t := time.Date(int(f.year), time.Month(f.month), int(f.day), int(f.hour), int(f.minute), int(f.second), int(f.micros)*1000, zone(f.offset))
	return &DateTime{t, f.naive}, nil
}

func checkOffset(t Timespan) error {
	if t.days != 0 && (t.days != -1 || t.micros == 0) {
		return expr.Errorf("ValueError", "offset must be strictly between -24 and 24 hours")
	}
	return nil
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// plus moves the date; OverflowError outside the years 1 to 9999.
func (d *DateTime) plus(t Timespan) (Value, error) {
	if t.days > 4_000_000 || t.days < -4_000_000 {
		return nil, expr.Errorf("OverflowError", "date value out of range")
	}
	w := d.wall.AddDate(0, 0, int(t.days)).Add(time.Duration(t.micros) * time.Microsecond)
	if w.Year() < 1 || w.Year() > 9999 {
		return nil, expr.Errorf("OverflowError", "date value out of range")
	}
	return &DateTime{w, d.naive}, nil
}

// minus is the time between two dates.
func (d *DateTime) minus(e *DateTime) (Value, error) {
	if d.naive != e.naive {
		return nil, expr.Errorf("TypeError", "can't subtract offset-naive and offset-aware datetimes")
	}
	return span(d.wall.UnixMicro() - e.wall.UnixMicro()), nil
}

// timeArithmetic is x op y where one is a date or time span; ok is false when op does not know them.
func (r *run) timeArithmetic(op string, x, y Value) (v Value, ok bool, err error) {
	if d, isDate := x.(*DateTime); isDate {
		return dateArithmetic(op, d, y)
	}
	t, isSpan := x.(Timespan)
	if !isSpan {
		u, isSpan := y.(Timespan)
		if op == "*" && isSpan && isNumber(x) {
			v, err = u.with(r.budget, op, x)
			return v, true, err
		}
		return nil, false, nil
	}
	switch z := y.(type) {
	case *DateTime:
		if op == "+" {
			v, err = z.plus(t)
			return v, true, err
		}
	case Timespan:
		return spanArithmetic(op, t, z)
	default:
		if isNumber(y) && (op == "*" || op == "/") {
			v, err = t.with(r.budget, op, y)
			return v, true, err
		}
	}
	return nil, false, nil
}

func dateArithmetic(op string, d *DateTime, y Value) (v Value, ok bool, err error) {
	switch z := y.(type) {
	case *DateTime:
		if op == "-" {
			v, err = d.minus(z)
			return v, true, err
		}
	case Timespan:
		switch op {
		case "-":
			if v, err = z.with(nil, "*", int64(-1)); err != nil {
				return nil, true, err
			}
			z = v.(Timespan)
			fallthrough
		case "+":
			v, err = d.plus(z)
			return v, true, err
		}
	}
	return nil, false, nil
}

func spanArithmetic(op string, t, u Timespan) (v Value, ok bool, err error) {
	switch op {
	case "+", "-":
		v, err = t.with(nil, op, u.Micros())
		return v, true, err
	case "/":
		v, err = t.over(u)
		return v, true, err
	}
	return nil, false, nil
}
