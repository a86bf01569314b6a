package expr

import "strconv"

// DefaultLimits are the limits of an evaluation that is given none.
func DefaultLimits() Limits { return defaultLimits }

// LimitText writes a limit for people: 2,000,000.
func LimitText(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
