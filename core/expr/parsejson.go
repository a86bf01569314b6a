package expr

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// FromJSON reads one JSON document: key order kept, 3 an int and 3.0 a float, ints of any size,
// NaN and Infinity accepted as Python does. The result is frozen. JSONDecodeError on bad text.
func FromJSON(data []byte) (Value, error) { return ParseJSON(nil, string(data)) }

// ParseJSON is FromJSON within a budget.
func ParseJSON(b *Budget, text string) (Value, error) {
	p := jsonParser{b: b, s: text}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.i < len(p.s) {
		return nil, p.fail("Extra data", p.i)
	}
	return Freeze(v), nil
}

type jsonParser struct {
	b *Budget
	s string
	i int
}

func (p *jsonParser) fail(msg string, at int) error {
	line := 1 + strings.Count(p.s[:at], "\n")
	start := strings.LastIndexByte(p.s[:at], '\n') + 1
	col := 1 + utf8.RuneCountInString(p.s[start:at])
	return Errorf("JSONDecodeError", "%s: line %d column %d (char %d)", msg, line, col, utf8.RuneCountInString(p.s[:at]))
}

func (p *jsonParser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *jsonParser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *jsonParser) value(depth int) (Value, error) {
	if err := nesting(depth); err != nil {
		return nil, err
	}
	if err := p.b.GrowItems(1); err != nil {
		return nil, err
	}
	switch c := p.peek(); {
	case c == '"':
		return p.text()
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	return p.word()
}

func (p *jsonParser) word() (Value, error) {
	for _, w := range [...]struct {
		text string
		v    Value
	}{{"null", nil}, {"true", true}, {"false", false}, {"NaN", math.NaN()}, {"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}} {
		if strings.HasPrefix(p.s[p.i:], w.text) {
			p.i += len(w.text)
			return w.v, nil
		}
	}
	return nil, p.fail("Expecting value", p.i)
}

func (p *jsonParser) number() (Value, error) {
	start := p.i
	if p.s[p.i] == '-' {
		p.i++
	}
	if p.peek() == '0' {
		p.i++
	} else if !p.digits() {
		p.i = start
		return p.word()
	}
	isFloat := false
	if mark := p.i; p.peek() == '.' {
		p.i++
		if isFloat = p.digits(); !isFloat {
			p.i = mark
		}
	}
	if mark := p.i; p.peek() == 'e' || p.peek() == 'E' {
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if p.digits() {
			isFloat = true
		} else {
			p.i = mark
		}
	}
	return numberValue(p.s[start:p.i], isFloat)
}

func (p *jsonParser) digits() bool {
	start := p.i
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.i++
	}
	return p.i > start
}

func numberValue(s string, isFloat bool) (Value, error) {
	if isFloat {
		f, _ := strconv.ParseFloat(s, 64)
		return f, nil
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, nil
	}
	if len(s) > maxIntDigits {
		return nil, Errorf("ValueError", "Exceeds the limit (%d digits) for integer string conversion", maxIntDigits)
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return nil, Errorf("ValueError", "bad number %s", QuoteText(s))
	}
	return n, nil
}

func (p *jsonParser) array(depth int) (Value, error) {
	p.i++
	l := NewList()
	p.space()
	if p.peek() == ']' {
		p.i++
		return l, nil
	}
	for {
		p.space()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l.Items = append(l.Items, v)
		p.space()
		switch p.peek() {
		case ',':
			p.i++
		case ']':
			p.i++
			return l, nil
		default:
			return nil, p.fail("Expecting ',' delimiter", p.i)
		}
	}
}

func (p *jsonParser) object(depth int) (Value, error) {
	p.i++
	d := NewDict()
	p.space()
	if p.peek() == '}' {
		p.i++
		return d, nil
	}
	for {
		if err := p.member(d, depth); err != nil {
			return nil, err
		}
		switch p.peek() {
		case ',':
			p.i++
		case '}':
			p.i++
			return d, nil
		default:
			return nil, p.fail("Expecting ',' delimiter", p.i)
		}
	}
}

func (p *jsonParser) member(d *Dict, depth int) error {
	p.space()
	if p.peek() != '"' {
		return p.fail("Expecting property name enclosed in double quotes", p.i)
	}
	key, err := p.text()
	if err != nil {
		return err
	}
	p.space()
	if p.peek() != ':' {
		return p.fail("Expecting ':' delimiter", p.i)
	}
	p.i++
	p.space()
	v, err := p.value(depth + 1)
	if err != nil {
		return err
	}
	d.put(key, key, v)
	p.space()
	return nil
}

func (p *jsonParser) text() (string, error) {
	open := p.i
	p.i++
	start := p.i
	for p.i < len(p.s) && p.s[p.i] != '"' && p.s[p.i] != '\\' && p.s[p.i] >= 0x20 {
		p.i++
	}
	if p.peek() == '"' {
		p.i++
		return p.s[start : p.i-1], p.b.Grow(int64(p.i - start))
	}
	var sb strings.Builder
	sb.WriteString(p.s[start:p.i])
	for {
		switch c := p.peek(); {
		case p.i >= len(p.s):
			return "", p.fail("Unterminated string starting at", open)
		case c == '"':
			p.i++
			return sb.String(), p.b.Grow(int64(sb.Len()))
		case c < 0x20:
			return "", p.fail("Invalid control character at", p.i)
		case c != '\\':
			sb.WriteByte(c)
			p.i++
		default:
			if err := p.escape(&sb, open); err != nil {
				return "", err
			}
		}
	}
}

func (p *jsonParser) escape(sb *strings.Builder, open int) error {
	at := p.i
	p.i++
	if p.i >= len(p.s) {
		return p.fail("Unterminated string starting at", open)
	}
	c := p.s[p.i]
	p.i++
	if j := strings.IndexByte(`"\/bfnrt`, c); j >= 0 {
		sb.WriteByte("\"\\/\b\f\n\r\t"[j])
		return nil
	}
	if c != 'u' {
		return p.fail("Invalid \\escape", at)
	}
	r, ok := p.hex4()
	if !ok {
		return p.fail("Invalid \\uXXXX escape", at+1)
	}
	if utf16.IsSurrogate(r) && strings.HasPrefix(p.s[p.i:], `\u`) {
		mark := p.i
		p.i += 2
		if low, ok := p.hex4(); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
			r = utf16.DecodeRune(r, low)
		} else {
			p.i = mark
		}
	}
	sb.WriteRune(r)
	return nil
}

func (p *jsonParser) hex4() (rune, bool) {
	if p.i+4 > len(p.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 32)
	if err != nil {
		return 0, false
	}
	p.i += 4
	return rune(n), true
}
