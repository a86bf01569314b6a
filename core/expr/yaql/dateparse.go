package yaql

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/petrelhq/petrel/core/expr"
)

// dateReader reads a date in whatever common form: numbers in some order, names of months and days,
// a clock time, an offset. Ambiguous numbers are month, day, year, unless they cannot be.
type dateReader struct {
	text   string
	words  []string
	at     int
	f      dateFields
	nums   []dateNumber // parts of the date in order of appearance
	month  int          // index into nums of a month given by name, -1 for none
	seen   bool         // something that belongs to a date was there
	offset bool
}

type dateNumber struct {
	n      int64
	digits int
}

// parseDate reads text; what it does not name is taken from today. ParserError when it is no date.
func parseDate(text string, today time.Time) (dateFields, error) {
	y, m, d := today.UTC().Date()
	r := &dateReader{text: text, words: dateWords(text), month: -1, f: dateFields{year: int64(y), month: int64(m), day: int64(d)}}
	for r.at < len(r.words) {
		if !r.step() {
			return dateFields{}, expr.Errorf("ParserError", "Unknown string format: %s", text)
		}
	}
	if !r.seen {
		return dateFields{}, expr.Errorf("ParserError", "String does not contain a date: %s", text)
	}
	if !r.resolve() {
		return dateFields{}, expr.Errorf("ParserError", "Unknown string format: %s", text)
	}
	return r.f, nil
}

// dateWords cuts text into numbers (with fractions), names and single characters.
func dateWords(text string) []string {
	var out []string
	for s := []rune(text); len(s) > 0; {
		n := 1
		if dots := dottedDate(s); dots > 0 {
			out = append(out, strings.Split(string(s[:dots]), ".")...)
			s = s[dots:]
			continue
		}
		switch {
		case isDigit(s[0]):
			for n < len(s) && (isDigit(s[n]) || s[n] == '.' && n+1 < len(s) && isDigit(s[n+1]) && !strings.ContainsRune(string(s[:n]), '.')) {
				n++
			}
		case unicode.IsLetter(s[0]):
			for n < len(s) && unicode.IsLetter(s[n]) {
				n++
			}
		}
		out = append(out, string(s[:n]))
		s = s[n:]
	}
	return out
}

func isDigit(c rune) bool { return c >= '0' && c <= '9' }

// dottedDate is the length of three numbers parted by dots, as in 02.01.2024; else 0.
func dottedDate(s []rune) int {
	dots, n := 0, 0
	for n < len(s) && (isDigit(s[n]) || s[n] == '.' && n > 0 && s[n-1] != '.') {
		if s[n] == '.' {
			dots++
		}
		n++
	}
	if dots != 2 || s[n-1] == '.' {
		return 0
	}
	return n
}

func (r *dateReader) peek(i int) string {
	if r.at+i < len(r.words) {
		return r.words[r.at+i]
	}
	return ""
}

// step reads one thing; false when it belongs to no date.
func (r *dateReader) step() bool {
	w := r.peek(0)
	c := []rune(w)[0]
	switch {
	case isDigit(c):
		return r.number(w)
	case unicode.IsLetter(c):
		return r.word(w)
	case (w == "+" || w == "-") && r.hasTime():
		return r.zoneOffset(w)
	case strings.ContainsRune(" ,;/-.:", c) || isSpace(c):
		r.at++
		return true
	}
	return false
}

func (r *dateReader) hasTime() bool {
	p := r.peek(1)
	return r.offset && p != "" && isDigit(rune(p[0]))
}

func (r *dateReader) number(w string) bool {
	r.seen = true
	if r.peek(1) == ":" && r.peek(2) != "" {
		return r.clock(w)
	}
	whole, fraction, hasFraction := strings.Cut(w, ".")
	r.at++
	switch {
	case hasFraction && len(r.nums) == 3 && (len(whole) == 4 || len(whole) == 6):
		return r.compactTime(whole) && r.micros(fraction)
	case hasFraction:
		return false
	case len(whole) == 8 && len(r.nums) == 0:
		return r.add(whole[:4]) && r.add(whole[4:6]) && r.add(whole[6:])
	case (len(whole) == 12 || len(whole) == 14) && len(r.nums) == 0:
		return r.add(whole[:4]) && r.add(whole[4:6]) && r.add(whole[6:8]) && r.compactTime(whole[8:])
	case (len(whole) == 4 || len(whole) == 6) && len(r.nums) == 3:
		return r.compactTime(whole)
	case len(whole) == 6 && len(r.nums) == 0:
		return r.add(whole[:2]) && r.add(whole[2:4]) && r.add(whole[4:])
	}
	if half, n := r.half(); half != 0 {
		r.at += n
		return r.set(&r.f.hour, whole) && r.halfDay(half)
	}
	if len(whole) == 2 && len(r.nums) == 3 && (r.peek(0) == "" || isBlank(r.peek(0))) {
		return r.set(&r.f.hour, whole)
	}
	return r.add(whole)
}

func (r *dateReader) add(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	r.nums = append(r.nums, dateNumber{n, len(s)})
	return err == nil && len(r.nums) <= 3
}

func (r *dateReader) set(field *int64, s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	*field = n
	r.offset = true
	return err == nil
}

// compactTime reads 0304 or 030405.
func (r *dateReader) compactTime(s string) bool {
	ok := len(s) >= 4 && r.set(&r.f.hour, s[:2]) && r.set(&r.f.minute, s[2:4])
	if len(s) == 6 {
		ok = ok && r.set(&r.f.second, s[4:])
	}
	return ok
}

func (r *dateReader) micros(fraction string) bool {
	return r.set(&r.f.micros, (fraction + "000000")[:6])
}

// clock reads 3:04, 3:04:05 and 3:04:05.678.
func (r *dateReader) clock(w string) bool {
	if !r.set(&r.f.hour, w) || !r.set(&r.f.minute, r.peek(2)) {
		return false
	}
	r.at += 3
	if r.peek(0) == ":" {
		whole, fraction, hasFraction := strings.Cut(r.peek(1), ".")
		if !r.set(&r.f.second, whole) || hasFraction && !r.micros(fraction) {
			return false
		}
		r.at += 2
	}
	if half, n := r.half(); half != 0 {
		r.at += n
		return r.halfDay(half)
	}
	return true
}

// half looks for am or pm ahead, over blanks; n is how many words that takes.
func (r *dateReader) half() (half, n int) {
	for n = 0; isBlank(r.peek(n)); n++ {
	}
	switch strings.ToLower(r.peek(n)) {
	case "am", "a":
		return 1, n + 1
	case "pm", "p":
		return 2, n + 1
	}
	return 0, 0
}

func isBlank(w string) bool { return w != "" && strings.TrimSpace(w) == "" }

func (r *dateReader) halfDay(half int) bool {
	if r.f.hour < 1 || r.f.hour > 12 {
		return false
	}
	r.f.hour = r.f.hour%12 + int64(half-1)*12
	return true
}

// word reads names: months, days, T between date and time, zones and small words.
func (r *dateReader) word(w string) bool {
	r.at++
	lower := strings.ToLower(w)
	if i := nameIndex(monthNames(true), lower); i >= 0 && r.month < 0 {
		r.seen = true
		r.month = len(r.nums)
		return r.add(strconv.Itoa(i + 1))
	}
	if nameIndex(weekdayNames(true), lower) >= 0 {
		r.seen = true
		return true
	}
	switch lower {
	case "t", "at", "on", "and", "of", "st", "nd", "rd", "th", "ad":
		return true
	case "z", "utc", "gmt":
		return r.offset
	}
	return r.offset && len(w) >= 3 && len(w) <= 5 && strings.ToUpper(w) == w // a zone nobody knows is passed over
}

// nameIndex finds a name written whole or by its first three letters ("sept" and "tues" too).
func nameIndex(names []string, word string) int {
	for i, n := range names {
		n = strings.ToLower(n)
		if word == n || word == n[:3] || len(word) == 4 && strings.HasPrefix(n, word) {
			return i
		}
	}
	return -1
}

// zoneOffset reads +02:00, +0200 or +02.
func (r *dateReader) zoneOffset(sign string) bool {
	w := r.peek(1)
	r.at += 2
	h, m := w, "0"
	switch {
	case len(w) == 4:
		h, m = w[:2], w[2:]
	case r.peek(0) == ":" && len(r.peek(1)) == 2:
		m = r.peek(1)
		r.at += 2
	}
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	offset := int64(hours)*hour + int64(minutes)*minute
	if sign == "-" {
		offset = -offset
	}
	r.f.offset = span(offset)
	return err1 == nil && err2 == nil
}

// resolve decides which number is year, month and day.
func (r *dateReader) resolve() bool {
	order := ""
	switch len(r.nums) {
	case 1:
		order = r.orderOne()
	case 2:
		order = r.orderTwo()
	case 3:
		order = r.orderThree()
	}
	for i, part := range order {
		n := r.nums[i]
		switch part {
		case 'y':
			r.f.year = n.n
			if n.digits <= 2 {
				r.f.year = nearYear(n.n, r.f.year)
			}
		case 'm':
			r.f.month = n.n
		case 'd':
			r.f.day = n.n
		}
	}
	if !strings.Contains(order, "d") && r.f.month >= 1 && r.f.month <= 12 {
		r.f.day = min(r.f.day, int64(daysIn(int(r.f.year), int(r.f.month))))
	}
	return true
}

// isYear tells numbers that can be nothing else.
func (n dateNumber) isYear() bool { return n.n > 31 || n.digits > 2 }

func (r *dateReader) orderOne() string {
	switch {
	case r.month == 0:
		return "m"
	case r.nums[0].isYear():
		return "y"
	}
	return "d"
}

func (r *dateReader) orderTwo() string {
	if r.month >= 0 {
		other := "d"
		if r.nums[1-r.month].isYear() {
			other = "y"
		}
		return [2]string{"m" + other, other + "m"}[r.month]
	}
	switch {
	case r.nums[0].isYear():
		return "ym"
	case r.nums[1].isYear():
		return "my"
	}
	return "md"
}

func (r *dateReader) orderThree() string {
	n := r.nums
	switch r.month {
	case 0:
		if n[1].isYear() {
			return "myd"
		}
		return "mdy"
	case 1:
		if n[0].isYear() {
			return "ymd"
		}
		return "dmy"
	case 2:
		if n[1].isYear() {
			return "dym"
		}
		return "ydm"
	}
	switch {
	case n[0].isYear():
		return "ymd"
	case n[0].n > 12:
		return "dmy"
	}
	return "mdy"
}

// nearYear puts a year of two digits within fifty years of today's.
func nearYear(n, today int64) int64 {
	n += today / 100 * 100
	switch {
	case n >= today+50:
		return n - 100
	case n < today-50:
		return n + 100
	}
	return n
}
