package timer

import "time"

// Date goes off once.
type Date struct{ At time.Time }

// Next implements Schedule.
func (d Date) Next(after time.Time) time.Time {
	if after.Before(d.At) {
		return d.At
	}
	return time.Time{}
}

// parseDate reads {date}. A date without offset is a time on the wall of zone.
// st2 differs: dateutil also guesses at free text ("next week" it takes for today); here
// the form is ISO 8601 or that of mail headers.
func parseDate(p parameters, zone *time.Location) (Schedule, error) {
	text, _, err := p.text("date")
	if err != nil {
		return nil, err
	}
	for _, layout := range zonedLayouts() {
		if t, err := time.Parse(layout, text); err == nil {
			return Date{t.UTC().Truncate(time.Microsecond)}, nil
		}
	}
	for _, layout := range wallLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			second := localize(t.Truncate(time.Second), zone)
			return Date{second.std().Add(time.Duration(t.Nanosecond())).Truncate(time.Microsecond)}, nil
		}
	}
	return nil, wrong("date", "%q is no date; write it like 2030-01-31 08:00:00 or 2030-01-31T08:00:00+01:00", text)
}

// wallLayouts are the forms of a date without offset; fractions of seconds are read too.
var wallLayouts = []string{
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
	"20060102T150405", "20060102",
}

// zonedLayouts are the forms of a date with offset.
func zonedLayouts() []string {
	layouts := []string{time.RFC1123Z, "Mon, 02 Jan 2006 15:04:05 GMT"}
	for _, wall := range wallLayouts[:4] {
		for _, offset := range []string{"Z07:00", "Z0700", "Z07", " Z07:00", " Z0700", " Z07", " UTC"} {
			layouts = append(layouts, wall+offset)
		}
	}
	return append(layouts, wallLayouts[5]+"Z0700")
}
