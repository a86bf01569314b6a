package yaql

import (
	"math"
	"math/big"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// dateSpecs are the functions on dates. Dates have properties too: see property.
func dateSpecs() []spec {
	const fields = "year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0, offset: timespan = 0s"
	const changes = "dt: datetime, year: int? = null, month: int? = null, day: int? = null, hour: int? = null, minute: int? = null, second: int? = null, microsecond: int? = null, offset: timespan? = null"
	return []spec{
		{"datetime", AsFunction, fields, dateFromFields, "A date; properties: year, month, day, hour, minute, second, microsecond, weekday, date, time, offset, utc, timestamp.", "datetime(2024, 2, 29).weekday", "3"},
		{"datetime", AsFunction, "string: string, format: string? = null", dateFromText, "A date read from text, by a format such as %Y-%m-%d or else by its looks.", "datetime('2024-02-29T10:00:00Z').hour", "10"},
		{"datetime", AsFunction, "timestamp: number, offset: timespan = 0s", dateFromStamp, "A date from seconds since 1970.", "datetime(0).year", "1970"},
		{"format", AsMethod, "dt: datetime, format: string", formatDate, "The date as text by a format such as %Y-%m-%d %H:%M.", "datetime(2024, 2, 29).format('%d.%m.%Y')", "'29.02.2024'"},
		{"replace", AsMethod, changes, replaceDate, "The date with some parts changed.", "datetime(2024, 2, 29).replace(day => 1).day", "1"},
		{"now", AsFunction, "offset: timespan? = 0s", now, "The date and time now, at an offset from UTC.", "now() > datetime(2020, 1, 1)", "true"},
	}
}

// spanSpecs are the functions on time spans.
func spanSpecs() []spec {
	const units = "days: int = 0, hours: int = 0, minutes: int = 0, seconds: integer = 0, milliseconds: integer = 0, microseconds: integer = 0"
	return []spec{
		{"timespan", AsFunction, units, spanFromUnits, "A time span; its properties days, hours, minutes, seconds, milliseconds and microseconds give it in one unit.", "timespan(hours => 36).days", "1.5"},
		{"utctz", AsFunction, "", func(*Call) (Value, error) { return Timespan{}, nil }, "The offset of UTC.", "utctz()", "timespan()"},
		{"localtz", AsFunction, "", localOffset, "The offset of the server's time zone.", "isTimespan(localtz())", "true"},
	}
}

func (c *Call) span(i int) Timespan { t, _ := c.args[i].(Timespan); return t }

// intsFrom reads several int arguments; those that are null leave their field as it is.
func (c *Call) intsFrom(i int, into ...*int64) error {
	for k, p := range into {
		if c.args[i+k] == nil {
			continue
		}
		n, err := c.int(i + k)
		if err != nil {
			return err
		}
		*p = n
	}
	return nil
}

func dateFromFields(c *Call) (Value, error) {
	f := dateFields{offset: c.span(7)}
	if err := c.intsFrom(0, &f.year, &f.month, &f.day, &f.hour, &f.minute, &f.second, &f.micros); err != nil {
		return nil, err
	}
	return made(f)
}

func made(f dateFields) (Value, error) {
	d, err := f.make()
	if err != nil {
		return nil, err
	}
	return d, nil
}

func replaceDate(c *Call) (Value, error) {
	f := c.args[0].(*DateTime).fields()
	if err := c.intsFrom(1, &f.year, &f.month, &f.day, &f.hour, &f.minute, &f.second, &f.micros); err != nil {
		return nil, err
	}
	if t, ok := c.args[8].(Timespan); ok {
		f.offset, f.naive = t, false
	}
	return made(f)
}

func dateFromText(c *Call) (Value, error) {
	if len(c.text(0)) > maxDateText {
		return nil, expr.Errorf("ParserError", "Unknown string format: %s", cut(c.text(0)))
	}
	var f dateFields
	var err error
	if layout := c.text(1); layout != "" {
		f, err = parseByFormat(c.text(0), layout)
	} else {
		f, err = parseDate(c.text(0), c.sc.run.engine.now())
	}
	if err != nil {
		return nil, err
	}
	f.naive = false
	d, err := f.make()
	if err != nil && c.text(1) == "" {
		return nil, expr.Errorf("ParserError", "%s: %s", err.(*expr.Error).Msg, c.text(0))
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// maxDateText is the longest text that may be a date.
const maxDateText = 1000

func dateFromStamp(c *Call) (Value, error) {
	stamp, err := expr.Float(c.args[0])
	if err != nil {
		return nil, err
	}
	micros := math.RoundToEven(stamp * 1e6)
	if !(math.Abs(micros) < 1<<63) {
		return nil, expr.Errorf("ValueError", "timestamp out of range")
	}
	if err := checkOffset(c.span(1)); err != nil {
		return nil, err
	}
	t := time.UnixMicro(int64(micros)).In(zone(c.span(1)))
	if t.Year() < 1 || t.Year() > 9999 {
		return nil, expr.Errorf("ValueError", "year %d is out of range", t.Year())
	}
	return &DateTime{wall: t}, nil
}

func formatDate(c *Call) (Value, error) {
	s, err := strftime(c.args[0].(*DateTime), c.text(1), c.budget())
	if err != nil {
		return nil, err
	}
	return c.string(s)
}

func now(c *Call) (Value, error) {
	t := c.sc.run.engine.now()
	if c.args[0] == nil {
		f := (&DateTime{wall: t.In(c.sc.run.engine.zone)}).fields()
		f.offset, f.naive = Timespan{}, true
		return made(f)
	}
	if err := checkOffset(c.span(0)); err != nil {
		return nil, err
	}
	return NewDateTime(t.In(zone(c.span(0)))), nil
}

func localOffset(c *Call) (Value, error) {
	_, s := c.sc.run.engine.now().In(c.sc.run.engine.zone).Zone()
	return span(int64(s) * second), nil
}

func spanFromUnits(c *Call) (Value, error) {
	total := new(big.Int)
	for i, unit := range []int64{day, hour, minute, second, millisecond, microsecond} {
		total.Add(total, new(big.Int).Mul(c.big(i), big.NewInt(unit)))
	}
	return spanOf(expr.Int(total))
}

// spanUnits are the properties of time spans.
var spanUnits = map[string]int64{"days": day, "hours": hour, "minutes": minute, "seconds": second, "milliseconds": millisecond}

// dateProperties are the properties of dates.
var dateProperties = map[string]func(d *DateTime) Value{
	"year":        func(d *DateTime) Value { return d.fields().year },
	"month":       func(d *DateTime) Value { return d.fields().month },
	"day":         func(d *DateTime) Value { return d.fields().day },
	"hour":        func(d *DateTime) Value { return d.fields().hour },
	"minute":      func(d *DateTime) Value { return d.fields().minute },
	"second":      func(d *DateTime) Value { return d.fields().second },
	"microsecond": func(d *DateTime) Value { return d.fields().micros },
	"weekday":     func(d *DateTime) Value { return int64(d.wall.Weekday()+6) % 7 },
	"offset":      func(d *DateTime) Value { return d.offset() },
	"timestamp":   func(d *DateTime) Value { return float64(d.wall.UnixMicro()-d.offset().seconds()*second) / 1e6 }, // of utc, see there
	"date": func(d *DateTime) Value {
		y, m, dd := d.wall.Date()
		return &DateTime{time.Date(y, m, dd, 0, 0, 0, 0, d.wall.Location()), d.naive}
	},
	"time": func(d *DateTime) Value {
		f := d.fields()
		return span(f.hour*hour + f.minute*minute + f.second*second + f.micros)
	},
	// The clock's time moves to that of UTC while the offset stays, as in the original.
	"utc": func(d *DateTime) Value {
		return &DateTime{d.wall.Add(-time.Duration(d.offset().seconds()) * time.Second), d.naive}
	},
}

// property is v.name for values that are neither maps nor lists.
func property(v Value, name string) (Value, error) {
	unit, ofSpan := spanUnits[name]
	ofSpan = ofSpan || name == "microseconds"
	get, ofDate := dateProperties[name]
	switch x := v.(type) {
	case Timespan:
		if name == "microseconds" {
			return x.Micros(), nil
		}
		if ofSpan {
			return expr.Binary(nil, "/", x.Micros(), float64(unit))
		}
	case *DateTime:
		if ofDate {
			return get(x), nil
		}
	}
	if ofSpan || ofDate {
		return nil, noMatch("#property#"+name, false, nil)
	}
	return nil, unknown("#property#"+name, false, nil)
}
