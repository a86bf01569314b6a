package schema

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core"
)

// maxLiteralDepth is how deep a Python literal may be nested; Python's own limit is near.
const maxLiteralDepth = 100

// ParseLiteral reads what Python's repr writes: numbers, texts, True, False, None, lists,
// tuples and dicts, with single or double quotes. Tuples and sets become lists; keys of
// dicts that are no texts become their repr. The error is Invalid and tells where.
func ParseLiteral(text string) (any, error) {
	p := &literalParser{text: text}
	p.space()
	v := p.value()
	p.space()
	if p.err == nil && p.at < len(p.text) {
		p.fault("unexpected text")
	}
	if p.err != nil {
		return nil, p.err
	}
	return v, nil
}

type literalParser struct {
	text  string
	at    int
	depth int
	err   error
}

func (p *literalParser) fault(what string) {
	if p.err == nil {
		p.err = core.Errorf(core.Invalid, "%s at character %d", what, p.at+1)
		p.at = len(p.text)
	}
}

func (p *literalParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n\f", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take consumes s if it comes next.
func (p *literalParser) take(s string) bool {
	if !strings.HasPrefix(p.text[p.at:], s) {
		return false
	}
	p.at += len(s)
	return true
}

func (p *literalParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *literalParser) value() any {
	if p.depth++; p.depth > maxLiteralDepth {
		p.fault("nested too deeply")
		return nil
	}
	defer func() { p.depth-- }()
	switch c := p.peek(); {
	case c == '[':
		p.at++
		list, _ := p.items(']')
		return list
	case c == '(':
		p.at++
		return p.tuple()
	case c == '{':
		p.at++
		return p.braces()
	case c == '\'' || c == '"':
		return p.strings()
	case c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9':
		return p.number()
	}
	return p.word()
}

// items reads values up to the closing character, behind those read already, and tells
// whether a comma came after the last.
func (p *literalParser) items(end byte, list ...any) (items []any, comma bool) {
	items = append([]any{}, list...)
	for p.err == nil {
		p.space()
		if len(items) > 0 {
			comma = p.take(",")
			p.space()
		}
		if p.take(string(end)) {
			break
		}
		if len(items) > 0 && !comma {
			p.fault("expected , or " + string(end))
			break
		}
		items = append(items, p.value())
	}
	return items, comma
}

// tuple reads behind the opening parenthesis; (1) is no tuple but 1.
func (p *literalParser) tuple() any {
	list, comma := p.items(')')
	if len(list) == 1 && !comma {
		return list[0]
	}
	return list
}

// braces reads a dict, or a set, behind the opening brace.
func (p *literalParser) braces() any {
	p.space()
	if p.take("}") {
		return map[string]any{}
	}
	first := p.value()
	p.space()
	if p.peek() == ':' {
		return p.dict(first)
	}
	list, _ := p.items('}', first)
	return list
}

// dict reads on behind the first key.
func (p *literalParser) dict(key any) map[string]any {
	dict := map[string]any{}
	for p.err == nil {
		p.space()
		if !p.take(":") {
			p.fault("expected :")
			break
		}
		p.space()
		dict[keyText(key)] = p.value()
		p.space()
		comma := p.take(",")
		p.space()
		if p.take("}") {
			break
		}
		if !comma {
			p.fault("expected , or }")
			break
		}
		key = p.value()
	}
	return dict
}

func keyText(key any) string {
	if s, ok := key.(string); ok {
		return s
	}
	return repr(key)
}

func (p *literalParser) word() any {
	start := p.at
	for p.at < len(p.text) && (p.text[p.at] == '_' || isAlphanumeric(p.text[p.at])) {
		p.at++
	}
	switch p.text[start:p.at] {
	case "True":
		return true
	case "False":
		return false
	case "None":
		return nil
	case "u", "U":
		if c := p.peek(); c == '\'' || c == '"' {
			return p.strings()
		}
	}
	p.at = start
	p.fault("expected a value")
	return nil
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func (p *literalParser) number() any {
	start := p.at
	for p.at < len(p.text) && (isAlphanumeric(p.text[p.at]) || strings.IndexByte("+-._", p.text[p.at]) >= 0) {
		p.at++
	}
	text := strings.TrimPrefix(p.text[start:p.at], "+")
	if based, err := strconv.ParseInt(text, 0, 64); err == nil && !leadingZero(text) {
		return based
	}
	digits := pythonDigits(text)
	if n, ok := parseNumber(digits); ok && n.whole && !leadingZero(text) {
		return n.plain()
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || !strings.ContainsAny(digits, ".eE") {
		p.at = start
		p.fault("expected a number")
		return nil
	}
	return f
}

// leadingZero reports 0123, which Python refuses.
func leadingZero(text string) bool {
	text = strings.TrimPrefix(text, "-")
	return len(text) > 1 && text[0] == '0' && strings.Trim(text, "0123456789_") == "" && strings.Trim(text, "0_") != ""
}

// strings reads one text, or several side by side, which Python joins.
func (p *literalParser) strings() any {
	var b strings.Builder
	for p.err == nil {
		c := p.peek()
		if c != '\'' && c != '"' {
			break
		}
		p.quoted(&b)
		p.space()
	}
	return b.String()
}

func (p *literalParser) quoted(b *strings.Builder) {
	quote := p.text[p.at : p.at+1]
	if long := strings.Repeat(quote, 3); p.take(long) {
		quote = long
	} else {
		p.at++
	}
	for p.at < len(p.text) {
		switch {
		case p.take(quote):
			return
		case p.text[p.at] == '\\':
			p.escape(b)
		case p.text[p.at] == '\n' && len(quote) == 1:
			p.fault("a line ends inside a text")
			return
		default:
			b.WriteByte(p.text[p.at])
			p.at++
		}
	}
	p.fault("a text is not closed")
}

// escape reads one backslash sequence. Those Python does not know stay as they are.
func (p *literalParser) escape(b *strings.Builder) {
	p.at++
	c := p.peek()
	p.at++
	if i := strings.IndexByte("abfnrtv\\'\"", c); i >= 0 && c != 0 {
		b.WriteByte("\a\b\f\n\r\t\v\\'\""[i])
		return
	}
	switch c {
	case '\n':
	case 'x':
		p.codePoint(b, 2)
	case 'u':
		p.codePoint(b, 4)
	case 'U':
		p.codePoint(b, 8)
	case 0:
		p.at = len(p.text)
		p.fault("a text ends in a backslash")
	default:
		p.octalOrSame(b, c)
	}
}

func (p *literalParser) codePoint(b *strings.Builder, digits int) {
	if p.at+digits <= len(p.text) {
		n, err := strconv.ParseUint(p.text[p.at:p.at+digits], 16, 32)
		if err == nil && n <= utf8.MaxRune {
			b.WriteRune(rune(n))
			p.at += digits
			return
		}
	}
	p.fault("expected a hexadecimal code")
}

func (p *literalParser) octalOrSame(b *strings.Builder, c byte) {
	if c < '0' || c > '7' {
		b.WriteByte('\\')
		b.WriteByte(c)
		return
	}
	code := rune(c - '0')
	for range 2 {
		if d := p.peek(); d >= '0' && d <= '7' {
			code = code*8 + rune(d-'0')
			p.at++
		}
	}
	b.WriteRune(code)
}
