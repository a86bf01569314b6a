package regex

import "unicode"

// foldGroups are characters that Python takes for the same under IGNORECASE although
// Unicode's simple folding keeps them apart.
func foldGroups() [4][]rune {
	return [...][]rune{
		{'I', 'i', 0x130, 0x131}, // dotted and dotless i
		{0x390, 0x1fd3},
		{0x3b0, 0x1fe3},
		{0xfb05, 0xfb06},
	}
}

// foldings gives every character that matches r under IGNORECASE, r included.
// Two characters match when their lower cases are equal, or have one upper case.
func foldings(r rune, ascii bool) []rune {
	if ascii {
		return asciiFoldings(r)
	}
	for _, g := range foldGroups() {
		for _, c := range g {
			if c == r {
				return g
			}
		}
	}
	all := []rune{r}
	for c := unicode.SimpleFold(r); c != r; c = unicode.SimpleFold(c) {
		all = append(all, c)
	}
	return all
}

func asciiFoldings(r rune) []rune {
	switch {
	case 'a' <= r && r <= 'z':
		return []rune{r, r - 'a' + 'A'}
	case 'A' <= r && r <= 'Z':
		return []rune{r, r - 'A' + 'a'}
	}
	return []rune{r}
}

// foldRange adds to s what matches any character of r under IGNORECASE.
func (s *set) foldRange(r runeRange, ascii bool) {
	for _, cr := range unicode.CaseRanges {
		first, last := max(r.lo, rune(cr.Lo)), min(r.hi, rune(cr.Hi))
		for c := first; c <= last; c++ {
			s.addAll(foldings(c, ascii))
		}
	}
	for _, g := range foldGroups() {
		for _, c := range g {
			if r.lo <= c && c <= r.hi {
				s.addAll(foldings(c, ascii))
			}
		}
	}
}
