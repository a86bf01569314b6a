package timer

import "time"

// expression is one condition on a field.
type expression interface {
	// next returns the least value from the given one on that fits, at that time on the wall.
	next(f *field, wall time.Time, value int) (int, bool)
}

// open is the end of a span that has none but the field's.
const open = -1

// span is every step-th value from first to last; a step of 0 is one of 1.
type span struct{ first, last, step int }

func (s span) next(f *field, wall time.Time, value int) (int, bool) {
	last := f.most(wall)
	if s.last != open {
		last = min(last, s.last)
	}
	n := max(value, s.first)
	if s.step > 0 {
		n += (s.step - (n-s.first)%s.step) % s.step
	}
	return n, n <= last
}

// lastDay is the last day of the month.
type lastDay struct{}

func (lastDay) next(_ *field, wall time.Time, _ int) (int, bool) { return daysIn(wall), true }

// position is a weekday's first to fifth day of the month, place 0 to 4, or its last, place -1.
type position struct{ place, weekday int }

func (p position) next(_ *field, wall time.Time, value int) (int, bool) {
	monthBegins := weekday(wall.AddDate(0, 0, 1-wall.Day()))
	first := 1 + (p.weekday-monthBegins+7)%7
	day, days := first+7*p.place, daysIn(wall)
	if p.place < 0 {
		day = first + (days-first)/7*7
	}
	return day, day >= value && day <= days
}
