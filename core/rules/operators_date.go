package rules

import (
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// moment puts together what was read.
func (r *momentReader) moment() (time.Time, error) {
	year, month, day := r.date()
	if year < 1 || year > 9999 {
		return time.Time{}, r.outOfRange("year", year)
	}
	if month < 1 || month > 12 {
		return time.Time{}, r.outOfRange("month", month)
	}
	if day < 1 || day > daysIn(year, month) {
		return time.Time{}, r.outOfRange("day", day)
	}
	if r.hour > 23 || r.minute > 59 || r.second > 59 {
		return time.Time{}, expr.Errorf("ParserError", "the time of day is out of range: %s", r.text)
	}
	return time.Date(year, time.Month(month), day, r.hour, r.minute, r.second, r.nano, r.zone), nil
}

func (r *momentReader) outOfRange(what string, n int) error {
	return expr.Errorf("ParserError", "%s %d is out of range: %s", what, n, r.text)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// date works out which number is what. Today stands in for what is missing.
func (r *momentReader) date() (year, month, day int) {
	year, month, day = r.now.Year(), int(r.now.Month()), r.now.Day()
	if r.month > 0 {
		month = r.month
	}
	switch {
	case len(r.numbers) == 0:
	case r.month > 0 && len(r.numbers) <= 2:
		year, day = r.besideMonth(year, day)
	case len(r.numbers) == 1:
		if n := r.numbers[0]; n.year {
			year = r.century(n)
		} else {
			day = n.n
		}
	case len(r.numbers) == 2:
		year, month, day = r.twoNumbers(year, day)
	default:
		year, month, day = r.threeNumbers()
	}
	if !r.dayGiven() {
		day = min(day, daysIn(year, max(1, min(month, 12))))
	}
	return year, month, day
}

// besideMonth reads the one or two numbers that stand beside a month's name.
func (r *momentReader) besideMonth(year, day int) (int, int) {
	a := r.numbers[0]
	if len(r.numbers) == 1 {
		if a.year {
			return r.century(a), day
		}
		return year, a.n
	}
	b := r.numbers[1]
	if a.year {
		return r.century(a), b.n
	}
	return r.century(b), a.n
}

func (r *momentReader) twoNumbers(year, day int) (int, int, int) {
	a, b := r.numbers[0], r.numbers[1]
	switch {
	case a.year:
		return r.century(a), b.n, day
	case b.year:
		return r.century(b), a.n, day
	case a.n > 12:
		return year, b.n, a.n
	}
	return year, a.n, b.n
}

func (r *momentReader) threeNumbers() (year, month, day int) {
	a, b, c := r.numbers[0], r.numbers[1], r.numbers[2]
	switch {
	case a.year && b.n > 12:
		return r.century(a), c.n, b.n
	case a.year:
		return r.century(a), b.n, c.n
	case a.n > 12:
		return r.century(c), b.n, a.n
	}
	return r.century(c), a.n, b.n
}

// dayGiven reports whether one of the numbers is the day.
func (r *momentReader) dayGiven() bool {
	years := 0
	for _, n := range r.numbers {
		if n.year {
			years = 1
		}
	}
	rest := len(r.numbers) - years
	return rest >= 2 || rest == 1 && (r.month > 0 || len(r.numbers) == 1)
}

// century puts a year of two digits within fifty years of now.
func (r *momentReader) century(n dateNumber) int {
	if n.n > 99 {
		return n.n
	}
	year := n.n + r.now.Year()/100*100
	switch {
	case year >= r.now.Year()+50:
		return year - 100
	case year < r.now.Year()-50:
		return year + 100
	}
	return year
}
