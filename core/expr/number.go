package expr

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// Trunc is Python's int(f) of a float.
func Trunc(f float64) (Value, error) {
	if f != f {
		return nil, Errorf("ValueError", "cannot convert float NaN to integer")
	}
	if f > -1<<63 && f < 1<<63 {
		return int64(f), nil
	}
	n, _ := new(big.Float).SetFloat64(f).Int(nil)
	if n == nil {
		return nil, Errorf("OverflowError", "cannot convert float infinity to integer")
	}
	return Int(n), nil
}

// ParseInt is Python's int(text, base): spaces around, a sign, underscores between digits, prefixes of the base.
func ParseInt(s string, base int) (Value, bool) {
	t := strings.ToLower(asciiDigits(strings.TrimSpace(s)))
	sign := ""
	if t != "" && (t[0] == '-' || t[0] == '+') {
		sign, t = t[:1], t[1:]
	}
	t, ok := trimBase(t, &base)
	if !ok || t == "" || len(t) > maxIntDigits && base == 10 {
		return nil, false
	}
	if strings.HasPrefix(t, "_") || strings.HasSuffix(t, "_") || strings.Contains(t, "__") || strings.ContainsAny(t, "+-") {
		return nil, false
	}
	t = sign + strings.ReplaceAll(t, "_", "")
	if i, err := strconv.ParseInt(t, base, 64); err == nil {
		return i, true
	}
	n, ok := new(big.Int).SetString(t, base)
	if !ok {
		return nil, false
	}
	return Int(n), true
}

// trimBase takes 0x, 0o or 0b off where the base allows; base 0 takes the base from it.
func trimBase(t string, base *int) (string, bool) {
	if len(t) > 2 && t[0] == '0' {
		if found, ok := map[byte]int{'x': 16, 'o': 8, 'b': 2}[t[1]]; ok && (*base == 0 || *base == found) {
			*base = found
			return strings.TrimPrefix(t[2:], "_"), true
		}
	}
	if *base == 0 {
		*base = 10
		if len(t) > 1 && t[0] == '0' && strings.Trim(t, "0_") != "" {
			return "", false
		}
	}
	return t, *base >= 2 && *base <= 36
}

// asciiDigits turns the decimal digits of all scripts, which Python reads in numbers, into ours.
func asciiDigits(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 || !unicode.IsDigit(r) {
			return r
		}
		value := rune(0) // digits stand in runs of ten, and each run begins at a zero
		for unicode.IsDigit(r - value - 1) {
			value++
		}
		return '0' + value%10
	}, s)
}

// ParseFloat is Python's float(text).
func ParseFloat(s string) (float64, bool) {
	t := asciiDigits(strings.TrimSpace(s))
	bare := strings.TrimLeft(strings.ToLower(t), "+-")
	if strings.HasPrefix(bare, "0x") || strings.HasPrefix(bare, "_") || strings.HasSuffix(bare, "_") || strings.Contains(bare, "__") {
		return 0, false
	}
	if bare == "nan" && len(t) <= len("-nan") { // Go knows no sign on it
		return math.NaN(), true
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(t, "_", ""), 64)
	if err != nil && f == 0 {
		return 0, false
	}
	if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrSyntax {
		return 0, false
	}
	return f, true
}
