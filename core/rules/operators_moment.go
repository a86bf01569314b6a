package rules

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// parseMoment reads a point in time written in any of the ways people and programs
// write one: ISO 8601 with and without its punctuation, RFC 822, ctime, 6/15/2024 3:04 pm,
// 15 June 2024. What is missing is taken from today, midnight; without a zone it is UTC.
// The error's class is ParserError.
// st2: dateutil's parser with its defaults: month before day, unless it cannot be.
func parseMoment(text string, now time.Time) (time.Time, error) {
	r := &momentReader{text: text, tokens: momentTokens.FindAllString(text, -1), now: now, zone: time.UTC}
	for r.i < len(r.tokens) {
		if !r.token() {
			return time.Time{}, expr.Errorf("ParserError", "Unknown string format: %s", text)
		}
	}
	if !r.timed && r.month == 0 && len(r.numbers) == 0 {
		return time.Time{}, expr.Errorf("ParserError", "String does not contain a date: %s", text)
	}
	return r.moment()
}

var momentTokens = regexp.MustCompile(`\d+|\pL+|\S`)

type momentReader struct {
	text   string
	tokens []string
	i      int
	now    time.Time

	numbers []dateNumber // of the date, in order
	month   int          // by name

	timed                      bool
	hour, minute, second, nano int
	zoneAt                     int // the token after the time of day, where a zone may be
	zone                       *time.Location
}

// dateNumber is a number of a date that may be day, month or year.
type dateNumber struct {
	n    int
	year bool // it cannot be anything else
}

// peek is the token k places on, or "".
func (r *momentReader) peek(k int) string {
	if r.i+k >= len(r.tokens) {
		return ""
	}
	return r.tokens[r.i+k]
}

// token takes one or more tokens; false when they make no sense.
func (r *momentReader) token() bool {
	t := r.peek(0)
	switch {
	case isNumber(t) && r.peek(1) == ":" && !r.timed:
		return r.clock()
	case isNumber(t) && isHalf(r.peek(1)) && !r.timed:
		r.hour, _ = strconv.Atoi(t)
		r.timed = true
		r.i++
		return true
	case isNumber(t):
		return r.number(t)
	case (t == "+" || t == "-") && r.zoneAt == r.i && r.timed && isNumber(r.peek(1)):
		return r.offset(t)
	case strings.Contains(`,;./-'()`, t):
		r.i++
		return true
	}
	return r.word(strings.ToLower(t))
}

func isNumber(t string) bool { return t != "" && t[0] >= '0' && t[0] <= '9' }

func isHalf(t string) bool { t = strings.ToLower(t); return t == "am" || t == "pm" }

// clock reads 15:04, 15:04:05 and 15:04:05.678.
func (r *momentReader) clock() bool {
	if !isNumber(r.peek(2)) {
		return false
	}
	r.hour, _ = strconv.Atoi(r.peek(0))
	r.minute, _ = strconv.Atoi(r.peek(2))
	r.timed = true
	r.i += 3
	defer func() { r.zoneAt = r.i }()
	if r.peek(0) != ":" || !isNumber(r.peek(1)) {
		return r.peek(0) != ":"
	}
	r.second, _ = strconv.Atoi(r.peek(1))
	r.i += 2
	if (r.peek(0) == "." || r.peek(0) == ",") && isNumber(r.peek(1)) {
		r.nano = nanos(r.peek(1))
		r.i += 2
	}
	return true
}

// nanos reads the digits behind a second's point, down to microseconds.
func nanos(digits string) int {
	n, _ := strconv.Atoi((digits + "000000")[:6])
	return n * 1000
}

// number reads a number of the date, or a date and time written without punctuation.
func (r *momentReader) number(t string) bool {
	r.i++
	dated := len(r.numbers) > 0 || r.month > 0
	switch n := len(t); {
	case !dated && (n == 8 || n == 12 || n == 14):
		r.numbers = append(r.numbers, dateNumber{atoi(t[:4]), true}, dateNumber{n: atoi(t[4:6])}, dateNumber{n: atoi(t[6:8])})
		if n > 8 {
			r.compactClock(t[8:])
		}
		return true
	case dated && !r.timed && (n == 6 || n == 4 && len(r.numbers) == 3):
		r.compactClock(t)
		return true
	}
	n, err := strconv.Atoi(t)
	if err != nil || len(r.numbers) == 3 {
		return false
	}
	r.numbers = append(r.numbers, dateNumber{n, len(t) > 2 || n > 31})
	return true
}

// compactClock reads 1504 and 150405.
func (r *momentReader) compactClock(t string) {
	r.hour, r.minute = atoi(t[:2]), atoi(t[2:4])
	r.timed = true
	defer func() { r.zoneAt = r.i }()
	if len(t) < 6 {
		return
	}
	r.second = atoi(t[4:6])
	if r.peek(0) == "." && isNumber(r.peek(1)) {
		r.nano = nanos(r.peek(1))
		r.i += 2
	}
}

// atoi reads digits that are known to be few.
func atoi(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// offset reads +02:00, +0200 and +02.
func (r *momentReader) offset(sign string) bool {
	digits := r.peek(1)
	r.i += 2
	if len(digits) <= 2 && r.peek(0) == ":" && isNumber(r.peek(1)) {
		digits = ("0" + digits)[len(digits)-1:] + r.peek(1)
		r.i += 2
	}
	if len(digits) <= 2 {
		digits += "00"
	}
	if len(digits) < 3 || len(digits) > 4 {
		return false
	}
	seconds := atoi(digits[:len(digits)-2])*3600 + atoi(digits[len(digits)-2:])*60
	if sign == "-" {
		seconds = -seconds
	}
	r.zone = time.FixedZone("", seconds)
	return seconds > -24*3600 && seconds < 24*3600
}

// word reads the name of a month, a weekday, a zone or half a day, and passes over
// words that only join.
func (r *momentReader) word(w string) bool {
	r.i++
	if m := prefixOf(w, "january february march april may june july august september october november december"); m > 0 {
		r.month = m
		return true
	}
	if prefixOf(w, "monday tuesday wednesday thursday friday saturday sunday") > 0 {
		return true
	}
	if r.zoneAt == r.i-1 {
		r.zoneAt = r.i // GMT+2, or 3:04 pm +0200
	}
	switch w {
	case "t", "at", "on", "and", "of", "ad", "st", "nd", "rd", "th", "z", "utc", "gmt":
		return true
	case "am", "pm":
		return r.half(w)
	}
	// A zone that is no offset is not known to us; dateutil takes it for UTC, too.
	return r.timed && len(w) >= 3 && len(w) <= 5
}

// prefixOf finds the one of the names that w is, or is short for, counted from 1.
func prefixOf(w, names string) int {
	if w == "sept" {
		w = "sep"
	}
	for i, name := range strings.Fields(names) {
		if w == name || len(w) == 3 && strings.HasPrefix(name, w) {
			return i + 1
		}
	}
	return 0
}

func (r *momentReader) half(w string) bool {
	switch {
	case w == "pm" && r.hour < 12:
		r.hour += 12
	case w == "am" && r.hour == 12:
		r.hour = 0
	}
	return r.timed
}
