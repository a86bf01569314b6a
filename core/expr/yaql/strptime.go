package yaql

import (
	"strconv"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// layoutReader reads a date by a format of Python's strptime.
type layoutReader struct {
	text, rest string
	layout     string
	f          dateFields
	pm         int // 1 AM, 2 PM
	yearDay    int64
}

// parseByFormat is Python's datetime.strptime; a text without offset counts as UTC.
func parseByFormat(text, layout string) (dateFields, error) {
	r := &layoutReader{text: text, rest: text, layout: layout, f: dateFields{year: 1900, month: 1, day: 1}}
	for i := 0; i < len(layout); i++ {
		var err error
		switch c := layout[i]; {
		case c == '%' && i+1 < len(layout):
			i++
			err = r.directive(layout[i])
		case isSpace(rune(c)):
			if trimmed := strings.TrimLeftFunc(r.rest, isSpace); len(trimmed) < len(r.rest) {
				r.rest = trimmed
			} else {
				err = r.mismatch()
			}
		default:
			err = r.literal(layout[i : i+1])
		}
		if err != nil {
			return dateFields{}, err
		}
	}
	if r.rest != "" {
		return dateFields{}, expr.Errorf("ValueError", "unconverted data remains: %s", r.rest)
	}
	return r.finish(), nil
}

func (r *layoutReader) mismatch() error {
	return expr.Errorf("ValueError", "time data %s does not match format %s", expr.QuoteText(r.text), expr.QuoteText(r.layout))
}

func (r *layoutReader) literal(s string) error {
	if len(r.rest) < len(s) || !strings.EqualFold(r.rest[:len(s)], s) {
		return r.mismatch()
	}
	r.rest = r.rest[len(s):]
	return nil
}

// number reads up to most digits whose value lies between least and largest.
func (r *layoutReader) number(most int, least, largest int64) (int64, error) {
	n := 0
	for n < most && n < len(r.rest) && r.rest[n] >= '0' && r.rest[n] <= '9' {
		n++
	}
	for ; n > 0; n-- {
		v, err := strconv.ParseInt(r.rest[:n], 10, 64)
		if err == nil && v >= least && v <= largest {
			r.rest = r.rest[n:]
			return v, nil
		}
	}
	return 0, r.mismatch()
}

// numericDirectives are the directives that fill one field with a number.
var numericDirectives = map[byte]struct {
	digits         int
	least, largest int64
	field          func(r *layoutReader) *int64
}{
	'd': {2, 1, 31, func(r *layoutReader) *int64 { return &r.f.day }},
	'm': {2, 1, 12, func(r *layoutReader) *int64 { return &r.f.month }},
	'Y': {4, 0, 9999, func(r *layoutReader) *int64 { return &r.f.year }},
	'H': {2, 0, 23, func(r *layoutReader) *int64 { return &r.f.hour }},
	'I': {2, 1, 12, func(r *layoutReader) *int64 { return &r.f.hour }},
	'M': {2, 0, 59, func(r *layoutReader) *int64 { return &r.f.minute }},
	'S': {2, 0, 61, func(r *layoutReader) *int64 { return &r.f.second }},
	'j': {3, 1, 366, func(r *layoutReader) *int64 { return &r.yearDay }},
}

func (r *layoutReader) directive(c byte) error {
	if d, ok := numericDirectives[c]; ok {
		if c == 'Y' && !fourDigits(r.rest) {
			return r.mismatch()
		}
		n, err := r.number(d.digits, d.least, d.largest)
		*d.field(r) = n
		return err
	}
	switch c {
	case 'y':
		n, err := r.number(2, 0, 99)
		r.f.year = 1900 + n
		if n < 69 {
			r.f.year += 100
		}
		return err
	case 'f':
		return r.fraction()
	case 'p':
		return r.name([]string{"am", "pm"}, func(i int) { r.pm = i + 1 })
	case 'a', 'A':
		return r.name(weekdayNames(c == 'A'), func(int) {})
	case 'b', 'B':
		return r.name(monthNames(c == 'B'), func(i int) { r.f.month = int64(i + 1) })
	case 'z':
		return r.offset()
	case 'Z':
		return r.name([]string{"utc", "gmt"}, func(int) {})
	case '%':
		return r.literal("%")
	}
	return expr.Errorf("ValueError", "'%c' is a bad directive in format %s", c, expr.QuoteText(r.layout))
}

func fourDigits(s string) bool {
	if len(s) < 4 {
		return false
	}
	_, err := strconv.ParseUint(s[:4], 10, 32)
	return err == nil
}

func weekdayNames(full bool) []string {
	return names(7, full, func(i int) string { return time.Weekday(i).String() })
}

func monthNames(full bool) []string {
	return names(12, full, func(i int) string { return time.Month(i + 1).String() })
}

func names(n int, full bool, name func(i int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = name(i)
		if !full {
			out[i] = out[i][:3]
		}
	}
	return out
}

func (r *layoutReader) name(names []string, found func(i int)) error {
	for i, n := range names {
		if len(r.rest) >= len(n) && strings.EqualFold(r.rest[:len(n)], n) {
			r.rest = r.rest[len(n):]
			found(i)
			return nil
		}
	}
	return r.mismatch()
}

// fraction reads one to six digits of a second.
func (r *layoutReader) fraction() error {
	before := len(r.rest)
	n, err := r.number(6, 0, 999999)
	for i := before - len(r.rest); i < 6; i++ {
		n *= 10
	}
	r.f.micros = n
	return err
}

// offset reads Z, +0200, +02:00 or with seconds.
func (r *layoutReader) offset() error {
	if r.literal("Z") == nil {
		return nil
	}
	if r.rest == "" || r.rest[0] != '+' && r.rest[0] != '-' {
		return r.mismatch()
	}
	sign := int64(1)
	if r.rest[0] == '-' {
		sign = -1
	}
	r.rest = r.rest[1:]
	h, err := r.number(2, 0, 23)
	if err != nil {
		return err
	}
	r.rest = strings.TrimPrefix(r.rest, ":")
	m, err := r.number(2, 0, 59)
	r.f.offset = span(sign * (h*hour + m*minute))
	return err
}

func (r *layoutReader) finish() dateFields {
	switch {
	case r.pm == 1 && r.f.hour == 12:
		r.f.hour = 0
	case r.pm == 2 && r.f.hour < 12:
		r.f.hour += 12
	}
	if r.yearDay > 0 {
		t := time.Date(int(r.f.year), 1, int(r.yearDay), 0, 0, 0, 0, time.UTC)
		r.f.month, r.f.day = int64(t.Month()), int64(t.Day())
	}
	return r.f
}
