package expr

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// formatSpec is Python's format mini-language: [[fill]align][sign][z][#][0][width][grouping][.precision][type].
type formatSpec struct {
	fill      rune
	align     byte // < > ^ = or 0
	sign      byte // + - space or 0
	alt       bool
	noNegZero bool
	width     int
	grouping  byte // , _ or 0
	precision int  // -1 when not given
	verb      byte // 0 when not given
}

// maxPadding bounds widths and precisions.
const maxPadding = 1 << 20

// Format is Python's format(v, spec).
func Format(b *Budget, v Value, spec string) (string, error) {
	if spec == "" {
		return Str(b, v)
	}
	if u, ok := v.(*Undefined); ok {
		return "", Errorf("TypeError", "unsupported format string passed to %s.__format__", u.typeName())
	}
	if !isNumber(v) && !isText(v) {
		return "", Errorf("TypeError", "unsupported format string passed to %s.__format__", TypeName(v))
	}
	f, err := parseFormatSpec(spec, TypeName(v))
	if err != nil {
		return "", err
	}
	if err := b.Grow(int64(f.width) + int64(max(f.precision, 0))); err != nil {
		return "", err
	}
	if s, ok := Text(v); ok {
		return f.text(s)
	}
	return f.number(v)
}

func parseFormatSpec(spec, typeName string) (formatSpec, error) {
	f := formatSpec{fill: ' ', precision: -1}
	s := f.takeAlign(spec)
	if s != "" && strings.IndexByte("+- ", s[0]) >= 0 {
		f.sign, s = s[0], s[1:]
	}
	f.noNegZero, s = takeFlag(s, 'z')
	f.alt, s = takeFlag(s, '#')
	if strings.HasPrefix(s, "0") {
		s = s[1:]
		if f.align == 0 {
			f.fill, f.align = '0', zeroAlign(typeName)
		}
	}
	var err error
	if f.width, s, err = takeNumber(s, 0); err != nil {
		return f, err
	}
	if s != "" && (s[0] == ',' || s[0] == '_') {
		f.grouping, s = s[0], s[1:]
	}
	if strings.HasPrefix(s, ".") {
		if f.precision, s, err = takeNumber(s[1:], -1); err != nil {
			return f, err
		}
		if f.precision < 0 {
			return f, Errorf("ValueError", "Format specifier missing precision")
		}
	}
	if len(s) > 1 {
		return f, Errorf("ValueError", "Invalid format specifier '%s' for object of type '%s'", spec, typeName)
	}
	if s != "" {
		f.verb = s[0]
	}
	return f, nil
}

func (f *formatSpec) takeAlign(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n < len(s) && strings.IndexByte("<>^=", s[n]) >= 0 {
		f.fill, f.align = r, s[n]
		return s[n+1:]
	}
	if s != "" && strings.IndexByte("<>^=", s[0]) >= 0 {
		f.align = s[0]
		return s[1:]
	}
	return s
}

func zeroAlign(typeName string) byte {
	if typeName == "str" || typeName == "Markup" {
		return '<'
	}
	return '='
}

func takeFlag(s string, c byte) (bool, string) {
	if s != "" && s[0] == c {
		return true, s[1:]
	}
	return false, s
}

func takeNumber(s string, missing int) (int, string, error) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 0 {
		return missing, s, nil
	}
	i, err := strconv.Atoi(s[:n])
	if err != nil || i > maxPadding {
		return 0, s, Errorf("ValueError", "Too many decimal digits in format string")
	}
	return i, s[n:], nil
}

func (f formatSpec) text(s string) (string, error) {
	switch {
	case f.verb != 0 && f.verb != 's':
		return "", f.unknownVerb("str")
	case f.sign != 0:
		return "", Errorf("ValueError", "Sign not allowed in string format specifier")
	case f.alt:
		return "", Errorf("ValueError", "Alternate form (#) not allowed in string format specifier")
	case f.align == '=':
		return "", Errorf("ValueError", "'=' alignment not allowed in string format specifier")
	case f.grouping != 0:
		return "", Errorf("ValueError", "Cannot specify '%c' with 's'.", f.grouping)
	}
	if f.precision >= 0 {
		s = cutRunes(s, f.precision)
	}
	return f.pad("", s, '<'), nil
}

func (f formatSpec) unknownVerb(typeName string) error {
	return Errorf("ValueError", "Unknown format code '%c' for object of type '%s'", f.verb, typeName)
}

func cutRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// pad aligns body to the width; prefix (sign, 0x) stays in front of zero padding.
func (f formatSpec) pad(prefix, body string, standard byte) string {
	missing := f.width - utf8.RuneCountInString(prefix) - utf8.RuneCountInString(body)
	if missing <= 0 {
		return prefix + body
	}
	fill := func(n int) string { return strings.Repeat(string(f.fill), n) }
	align := f.align
	if align == 0 {
		align = standard
	}
	switch align {
	case '<':
		return prefix + body + fill(missing)
	case '^':
		return fill(missing/2) + prefix + body + fill(missing-missing/2)
	case '=':
		return prefix + fill(missing) + body
	}
	return fill(missing) + prefix + body
}

func (f formatSpec) number(v Value) (string, error) {
	if x, ok := v.(float64); ok {
		return f.float(x)
	}
	switch f.verb {
	case 'e', 'E', 'f', 'F', 'g', 'G', '%':
		x, err := Float(v)
		if err != nil {
			return "", err
		}
		return f.float(x)
	}
	return f.integer(Big(v))
}

func (f formatSpec) integer(n *big.Int) (string, error) {
	if f.precision >= 0 {
		return "", Errorf("ValueError", "Precision not allowed in integer format specifier")
	}
	bases := map[byte]int{0: 10, 'd': 10, 'n': 10, 'b': 2, 'o': 8, 'x': 16, 'X': 16}
	base, ok := bases[f.verb]
	if f.verb == 'c' {
		return f.character(n)
	}
	if !ok {
		return "", f.unknownVerb("int")
	}
	body, err := digits(n, base)
	if err != nil {
		return "", err
	}
	prefix := f.signOf(n.Sign() < 0)
	if f.alt && base != 10 {
		prefix += "0" + string(f.verb)
	}
	if f.verb == 'X' {
		body = strings.ToUpper(body)
	}
	every := 3
	if base != 10 {
		every = 4
	}
	return f.pad(prefix, f.group(body, "", len(prefix), every), '>'), nil
}

func digits(n *big.Int, base int) (string, error) {
	abs := new(big.Int).Abs(n)
	if base == 10 {
		return BigText(abs)
	}
	return abs.Text(base), nil
}

func (f formatSpec) character(n *big.Int) (string, error) {
	if !n.IsInt64() || n.Int64() < 0 || n.Int64() > utf8.MaxRune {
		return "", Errorf("OverflowError", "%%c arg not in range(0x110000)")
	}
	return f.pad("", string(rune(n.Int64())), '>'), nil
}

func (f formatSpec) signOf(negative bool) string {
	switch {
	case negative:
		return "-"
	case f.sign == '+' || f.sign == ' ':
		return string(f.sign)
	}
	return ""
}

// group puts separators into the integer digits; with zero padding the zeros are grouped too.
func (f formatSpec) group(whole, rest string, prefix, every int) string {
	if f.grouping == 0 {
		return whole + rest
	}
	if f.fill == '0' && f.align == '=' {
		n, room := len(whole), f.width-prefix-len(rest)
		for n+(n-1)/every < room {
			n++
		}
		whole = strings.Repeat("0", n-len(whole)) + whole
	}
	var sb strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%every == 0 {
			sb.WriteByte(f.grouping)
		}
		sb.WriteRune(c)
	}
	return sb.String() + rest
}

func (f formatSpec) float(x float64) (string, error) {
	body, err := f.floatBody(math.Abs(x))
	if err != nil {
		return "", err
	}
	negative := math.Signbit(x) && !math.IsNaN(x)
	if f.noNegZero && strings.Trim(body, "0.") == "" {
		negative = false
	}
	prefix := f.signOf(negative)
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return f.pad(prefix, body, '>'), nil
	}
	whole, rest := body, ""
	if i := strings.IndexAny(body, ".eE%"); i >= 0 {
		whole, rest = body[:i], body[i:]
	}
	return f.pad(prefix, f.group(whole, rest, len(prefix), 3), '>'), nil
}

// floatBody is the text of a non-negative float.
func (f formatSpec) floatBody(x float64) (string, error) {
	prec := f.precision
	if prec < 0 {
		prec = 6
	}
	if math.IsInf(x, 0) || math.IsNaN(x) {
		s := FloatText(x)
		if f.verb == 'E' || f.verb == 'F' || f.verb == 'G' {
			s = strings.ToUpper(s)
		}
		if f.verb == '%' {
			s += "%"
		}
		return s, nil
	}
	switch f.verb {
	case 'f', 'F':
		return f.point(strconv.FormatFloat(x, 'f', prec, 64)), nil
	case 'e', 'E':
		return f.point(strconv.FormatFloat(x, f.verb, prec, 64)), nil
	case '%':
		return f.point(strconv.FormatFloat(x*100, 'f', prec, 64)) + "%", nil
	case 'g', 'n':
		return generalText(x, prec, f.alt, false), nil
	case 'G':
		return strings.ToUpper(generalText(x, prec, f.alt, false)), nil
	case 0:
		if f.precision < 0 {
			return FloatText(x), nil
		}
		return generalText(x, prec, f.alt, true), nil
	}
	return "", f.unknownVerb("float")
}

// point adds the decimal point that the alternate form asks for.
func (f formatSpec) point(s string) string {
	if !f.alt || strings.Contains(s, ".") {
		return s
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		return s[:i] + "." + s[i:]
	}
	return s + "."
}

// generalText is the g format; with point, a whole number keeps ".0" and switches to exponents one digit earlier.
func generalText(x float64, prec int, alt, point bool) string {
	prec = max(prec, 1)
	s := strconv.FormatFloat(x, 'e', prec-1, 64)
	cut := strings.IndexByte(s, 'e')
	exp, _ := strconv.Atoi(s[cut+1:])
	limit := prec
	if point {
		limit--
	}
	if exp < -4 || exp >= limit {
		mantissa := s[:cut]
		if !alt {
			mantissa = trimZeros(mantissa)
		}
		return mantissa + s[cut:]
	}
	s = strconv.FormatFloat(x, 'f', prec-1-exp, 64)
	if !alt {
		s = trimZeros(s)
	}
	if point && !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
