package regex

import (
	"slices"
	"unicode"
)

// runeRange is the characters lo to hi, both included.
type runeRange struct{ lo, hi rune }

// set is a character class.
type set struct {
	ranges    []runeRange
	digit     bool // holds \d of Unicode
	notDigit  bool // holds \D of Unicode
	word      bool // holds \w of Unicode
	notWord   bool // holds \W of Unicode
	negate    bool
	canonical bool // ranges are sorted and merged
}

func (s *set) add(lo, hi rune) {
	s.ranges = append(s.ranges, runeRange{lo, hi})
	s.canonical = false
}

func (s *set) addAll(rs []rune) {
	for _, r := range rs {
		s.add(r, r)
	}
}

// addCategory adds \d, \s, \w or, in upper case, what is not in them.
func (s *set) addCategory(c rune, ascii bool) {
	switch {
	case ascii || c == 's' || c == 'S':
		s.addRanges(categoryRanges(unicode.ToLower(c), ascii), unicode.IsUpper(c))
	case c == 'd':
		s.digit = true
	case c == 'D':
		s.notDigit = true
	case c == 'w':
		s.word = true
	case c == 'W':
		s.notWord = true
	}
}

// addRanges adds sorted ranges, or everything outside them.
func (s *set) addRanges(rs []runeRange, outside bool) {
	next := rune(0)
	for _, r := range rs {
		if !outside {
			s.add(r.lo, r.hi)
		} else if next < r.lo {
			s.add(next, r.lo-1)
		}
		next = r.hi + 1
	}
	if outside {
		s.add(next, unicode.MaxRune)
	}
}

// categoryRanges spells out \d, \s and \w for ASCII, and \s for Unicode, where it
// holds the separators 0x1c to 0x1f too.
func categoryRanges(c rune, ascii bool) []runeRange {
	switch {
	case c == 'd':
		return []runeRange{{'0', '9'}}
	case c == 'w':
		return []runeRange{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	case ascii:
		return []runeRange{{'\t', '\r'}, {' ', ' '}}
	}
	return []runeRange{
		{'\t', '\r'}, {0x1c, ' '}, {0x85, 0x85}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a},
		{0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
	}
}

// has reports whether r is in the set.
func (s *set) has(r rune) bool {
	in := s.digit && unicode.IsDigit(r) || s.notDigit && !unicode.IsDigit(r) ||
		s.word && isWord(r) || s.notWord && !isWord(r)
	for _, rr := range s.ranges {
		in = in || rr.lo <= r && r <= rr.hi
	}
	return in != s.negate
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// empty reports whether nothing is listed in the set.
func (s *set) empty() bool {
	return len(s.ranges) == 0 && !s.digit && !s.notDigit && !s.word && !s.notWord
}

// canon sorts and merges the ranges.
func (s *set) canon() {
	if s.canonical {
		return
	}
	slices.SortFunc(s.ranges, func(a, b runeRange) int { return int(a.lo - b.lo) })
	merged := s.ranges[:0]
	for _, r := range s.ranges {
		if n := len(merged); n > 0 && r.lo <= merged[n-1].hi+1 {
			merged[n-1].hi = max(merged[n-1].hi, r.hi)
			continue
		}
		merged = append(merged, r)
	}
	s.ranges, s.canonical = merged, true
}

// onlyASCII is the part of s that can match ASCII text.
func (s *set) onlyASCII() *set {
	ascii := &set{}
	for r := rune(0); r <= unicode.MaxASCII; r++ {
		if s.has(r) {
			ascii.add(r, r)
		}
	}
	ascii.canon()
	return ascii
}
