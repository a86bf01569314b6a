package yaql

import (
	"fmt"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// strftime writes a date by a format of Python on Linux, in the C locale.
func strftime(d *DateTime, layout string, b *expr.Budget) (string, error) {
	var sb strings.Builder
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i+1 == len(layout) {
			sb.WriteByte(layout[i])
			continue
		}
		i++
		pad := byte(0)
		if strings.IndexByte("-_0^#", layout[i]) >= 0 && i+1 < len(layout) {
			pad = layout[i]
			i++
		}
		s, ok := directive(d, layout[i])
		if !ok {
			s = "%" + strings.Trim(string(pad), "\x00") + layout[i:i+1]
		} else if pad != 0 {
			s = repad(s, pad)
		}
		sb.WriteString(s)
		if err := b.Step(int64(len(s))); err != nil {
			return "", err
		}
	}
	return sb.String(), nil
}

// repad applies the flags of glibc: - no padding, _ blanks, 0 zeros, ^ capitals.
func repad(s string, flag byte) string {
	trimmed := strings.TrimLeft(s, "0 ")
	if trimmed == "" && s != "" {
		trimmed = "0"
	}
	switch flag {
	case '-':
		return trimmed
	case '_':
		return strings.Repeat(" ", len(s)-len(trimmed)) + trimmed
	case '0':
		return strings.Repeat("0", len(s)-len(trimmed)) + trimmed
	case '^':
		return strings.ToUpper(s)
	}
	return s
}

// goLayouts are the directives that Go's own formats cover.
var goLayouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'd': "02", 'm': "01", 'y': "06", 'Y': "2006",
	'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'P': "pm", 'e': "_2",
	'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'D': "01/02/06", 'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04",
	'r': "03:04:05 PM",
}

func directive(d *DateTime, c byte) (string, bool) {
	w := d.wall
	if layout, ok := goLayouts[c]; ok {
		return w.Format(layout), true
	}
	switch c {
	case '%':
		return "%", true
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	case 'f':
		return fmt.Sprintf("%06d", w.Nanosecond()/1000), true
	case 'z':
		if d.naive {
			return "", true
		}
		return offsetText(d.offset(), ""), true
	case 'Z':
		if !d.naive && d.offset() == (Timespan{}) {
			return "UTC", true
		}
		return "", true
	case 'k':
		return fmt.Sprintf("%2d", w.Hour()), true
	case 'l':
		return fmt.Sprintf("%2d", (w.Hour()+11)%12+1), true
	case 's':
		return fmt.Sprint(d.localSeconds()), true
	case 'C':
		return fmt.Sprintf("%02d", w.Year()/100), true
	}
	return weekDirective(w, c)
}

// localSeconds are seconds since 1970 as if the clock showed UTC, which is what C makes of the fields.
func (d *DateTime) localSeconds() int64 { return d.wall.Unix() + d.offset().seconds() }

// weekDirective are the directives that count days and weeks.
func weekDirective(w time.Time, c byte) (string, bool) {
	day, weekday := w.YearDay(), int(w.Weekday())
	year, week := w.ISOWeek()
	switch c {
	case 'j':
		return fmt.Sprintf("%03d", day), true
	case 'w':
		return fmt.Sprint(weekday), true
	case 'u':
		return fmt.Sprint((weekday+6)%7 + 1), true
	case 'U':
		return fmt.Sprintf("%02d", (day+6-weekday)/7), true
	case 'W':
		return fmt.Sprintf("%02d", (day+6-(weekday+6)%7)/7), true
	case 'G':
		return fmt.Sprint(year), true
	case 'g':
		return fmt.Sprintf("%02d", year%100), true
	case 'V':
		return fmt.Sprintf("%02d", week), true
	}
	return "", false
}
