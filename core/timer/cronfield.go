package timer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// part is a place in a time on the wall.
type part int

const (
	yearPart part = iota
	monthPart
	dayPart
	hourPart
	minutePart
	secondPart

	noPart part = -1 // of fields that are no place of their own: week, day_of_week
)

// fieldKind is what is known of a field before it is given.
type fieldKind struct {
	name           string
	part           part
	least, most    int
	anyUnlessGiven bool     // its default is always "*"
	names          []string // of its values, the first is that of least
}

var (
	weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	months   = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
)

// cronFields are the fields, the most significant first.
var cronFields = []fieldKind{
	{name: "year", part: yearPart, least: 1970, most: 9999, anyUnlessGiven: true},
	{name: "month", part: monthPart, least: 1, most: 12, names: months},
	{name: "day", part: dayPart, least: 1, most: 31},
	{name: "week", part: noPart, least: 1, most: 53, anyUnlessGiven: true},
	{name: "day_of_week", part: noPart, least: 0, most: 6, anyUnlessGiven: true, names: weekdays},
	{name: "hour", part: hourPart, least: 0, most: 23},
	{name: "minute", part: minutePart, least: 0, most: 59},
	{name: "second", part: secondPart, least: 0, most: 59},
}

// field is a field with what it was given.
type field struct {
	*fieldKind
	expressions []expression
}

// value returns what a time on the wall has in the field's place.
func (k *fieldKind) value(wall time.Time) int {
	switch k.part {
	case yearPart:
		return wall.Year()
	case monthPart:
		return int(wall.Month())
	case dayPart:
		return wall.Day()
	case hourPart:
		return wall.Hour()
	case minutePart:
		return wall.Minute()
	case secondPart:
		return wall.Second()
	}
	if k.name == "week" {
		_, week := wall.ISOWeek()
		return week
	}
	return weekday(wall)
}

// weekday counts from Monday, 0.
func weekday(wall time.Time) int { return (int(wall.Weekday()) + 6) % 7 }

func daysIn(wall time.Time) int {
	return time.Date(wall.Year(), wall.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// most returns the greatest value of the field at a time.
func (f *field) most(wall time.Time) int {
	if f.part == dayPart {
		return daysIn(wall)
	}
	return f.fieldKind.most
}

// set returns the time with the field's place changed, and all places below it at their least.
func (k *fieldKind) set(wall time.Time, value int) time.Time {
	year, month, day := wall.Date()
	hour, minute, second := wall.Clock()
	places := [...]int{year, int(month), day, hour, minute, second}
	lowest := [...]int{1970, 1, 1, 0, 0, 0}
	places[k.part] = value
	copy(places[k.part+1:], lowest[k.part+1:])
	return time.Date(places[0], time.Month(places[1]), places[2], places[3], places[4], places[5], 0, time.UTC)
}

// next returns the least value from the given one on that fits.
func (f *field) next(wall time.Time, value int) (int, bool) {
	least, found := 0, false
	for _, e := range f.expressions {
		if n, ok := e.next(f, wall, value); ok && (!found || n < least) {
			least, found = n, true
		}
	}
	return least, found
}

// The forms of an expression. st2: triggers-rules reference, timers, cron fields.
var (
	anyForm      = regexp.MustCompile(`^\*(?:/(\d+))?$`)
	rangeForm    = regexp.MustCompile(`^(\d+)(?:-(\d+))?(?:/(\d+))?$`)
	nameForm     = regexp.MustCompile(`^([a-z]+)(?:-([a-z]+))?$`)
	positionForm = regexp.MustCompile(`^(1st|2nd|3rd|4th|5th|last) +(\w+)$`)
)

// parseField reads a list of expressions.
// st2 differs: APScheduler ignores what follows an expression that it knows, as in
// "mon-fri/2"; here that is refused.
func parseField(k *fieldKind, text string) (field, error) {
	f := field{fieldKind: k}
	for one := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		e, err := k.expression(strings.ToLower(strings.Trim(one, " ")))
		if err != nil {
			return f, err
		}
		f.expressions = append(f.expressions, e)
	}
	return f, nil
}

func (k *fieldKind) expression(text string) (expression, error) {
	if m := anyForm.FindStringSubmatch(text); m != nil {
		return k.span(text, strconv.Itoa(k.least), "", m[1])
	}
	if m := rangeForm.FindStringSubmatch(text); m != nil {
		return k.span(text, m[1], m[2], m[3])
	}
	if k.part == dayPart && text == "last" {
		return lastDay{}, nil
	}
	if m := positionForm.FindStringSubmatch(text); k.part == dayPart && m != nil {
		return k.position(text, m[1], m[2])
	}
	if m := nameForm.FindStringSubmatch(text); k.names != nil && m != nil {
		return k.named(text, m[1], m[2])
	}
	return nil, wrong(k.name, "%q is not understood; write %s", text, k.forms())
}

// forms tells what the field takes.
func (k *fieldKind) forms() string {
	numbers := "a number from " + strconv.Itoa(k.least) + " to " + strconv.Itoa(k.most)
	also := ", *, */n, a-b, a-b/n or a list of these with commas"
	switch {
	case k.part == dayPart:
		return numbers + ", last, a weekday's place such as \"3rd fri\" or \"last sun\"" + also
	case k.names != nil:
		return numbers + ", a name (" + strings.Join(k.names, ", ") + ") or a range of names such as " + k.names[0] + "-" + k.names[4] + also
	}
	return numbers + also
}

// span makes an expression of its numbers; those that are empty are not given.
// st2: APScheduler's checks of ranges and steps.
func (k *fieldKind) span(text, first, last, step string) (expression, error) {
	s := span{last: open}
	for _, n := range []struct {
		text string
		into *int
	}{{first, &s.first}, {last, &s.last}, {step, &s.step}} {
		var err error
		if n.text == "" {
			continue
		}
		if *n.into, err = strconv.Atoi(n.text); err != nil {
			return nil, wrong(k.name, "%q: %s is out of range; write %s", text, n.text, k.forms())
		}
	}
	if last == "" && step == "" && !strings.HasPrefix(text, "*") {
		s.last = s.first
	}
	switch {
	case step != "" && s.step == 0:
		return nil, wrong(k.name, "%q: a step of 0 leads nowhere; it needs to be at least 1", text)
	case s.first < k.least || max(s.first, s.last) > k.most:
		return nil, wrong(k.name, "%q is out of range; write %s", text, k.forms())
	case s.last != open && s.first > s.last:
		return nil, wrong(k.name, "%q ends before it begins; write it as two, such as \"%d-%d,%d-%d\"", text, s.first, k.most, k.least, s.last)
	case s.step > k.reach(s):
		return nil, wrong(k.name, "%q: the step is longer than the range; it needs to be at most %d", text, k.reach(s))
	}
	return s, nil
}

// reach is how long a step in a range may be.
func (k *fieldKind) reach(s span) int {
	last := s.last
	if last == open || last == 0 { // APScheduler takes an end of 0 for none
		last = k.most
	}
	return min(last-s.first, k.most-k.least)
}

func (k *fieldKind) named(text, first, last string) (expression, error) {
	a, b := slices.Index(k.names, first), slices.Index(k.names, last)
	if last == "" {
		b = a
	}
	switch {
	case a < 0:
		return nil, wrong(k.name, "%q: %q is none of %s", text, first, strings.Join(k.names, ", "))
	case b < 0:
		return nil, wrong(k.name, "%q: %q is none of %s", text, last, strings.Join(k.names, ", "))
	case a > b:
		return nil, wrong(k.name, "%q ends before it begins; write it as two, such as \"%s-%s,%s-%s\"",
			text, first, k.names[len(k.names)-1], k.names[0], last)
	}
	return span{first: a + k.least, last: b + k.least}, nil
}

func (k *fieldKind) position(text, place, name string) (expression, error) {
	day := slices.Index(weekdays, name)
	if day < 0 {
		return nil, wrong(k.name, "%q: %q is none of %s", text, name, strings.Join(weekdays, ", "))
	}
	return position{place: slices.Index([]string{"1st", "2nd", "3rd", "4th", "5th"}, place), weekday: day}, nil
}
