package jinja

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// operators, longest first.
var operators = []string{
	"//", "**", "==", "!=", ">=", "<=",
	"+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
}

// token reads one token inside a tag.
func (l *lexer) token() error {
	c := l.src[l.i]
	switch {
	case c >= '0' && c <= '9':
		return l.number()
	case c == '"' || c == '\'':
		return l.quoted(c)
	}
	if r, _ := utf8.DecodeRuneInString(l.src[l.i:]); r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
		return l.name()
	}
	return l.operator()
}

func (l *lexer) name() error {
	start := l.i
	for l.i < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.i:])
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			break
		}
		l.i += n
	}
	text := l.src[start:l.i]
	if r, _ := utf8.DecodeRuneInString(text); unicode.IsDigit(r) {
		return l.fail(start, "Invalid character in identifier")
	}
	l.emit(tokName, text, start)
	return nil
}

func (l *lexer) operator() error {
	for _, op := range operators {
		if strings.HasPrefix(l.src[l.i:], op) {
			if err := l.balance(op); err != nil {
				return err
			}
			l.emit(tokOperator, op, l.i)
			l.i += len(op)
			return nil
		}
	}
	r, _ := utf8.DecodeRuneInString(l.src[l.i:])
	return l.fail(l.i, "unexpected char %s at %d", expr.QuoteText(string(r)), l.i)
}

// balance keeps track of open brackets: the end of a tag counts only outside of them.
func (l *lexer) balance(op string) error {
	switch op {
	case "(", "[", "{":
		l.braces = append(l.braces, map[string]byte{"(": ')', "[": ']', "{": '}'}[op])
	case ")", "]", "}":
		if len(l.braces) == 0 {
			return l.fail(l.i, "unexpected '%s'", op)
		}
		want := l.braces[len(l.braces)-1]
		if op[0] != want {
			return l.fail(l.i, "unexpected '%s', expected '%c'", op, want)
		}
		l.braces = l.braces[:len(l.braces)-1]
	}
	return nil
}

// number reads an int (decimal, 0x, 0o, 0b) or a float; underscores may stand between digits.
func (l *lexer) number() error {
	start := l.i
	afterDot := start > 0 && l.src[start-1] == '.'
	if !afterDot {
		if end := floatEnd(l.src, start); end > 0 {
			f, _ := strconv.ParseFloat(strings.ReplaceAll(l.src[start:end], "_", ""), 64)
			l.i = end
			l.tokens = append(l.tokens, token{kind: tokFloat, text: l.src[start:end], value: f, at: start})
			return nil
		}
	}
	end, base := intEnd(l.src, start)
	digits := strings.ReplaceAll(l.src[start:end], "_", "")
	if base != 10 {
		digits = digits[2:]
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok || len(digits) > 4300 {
		return l.fail(start, "Exceeds the limit (4300 digits) for integer string conversion")
	}
	l.i = end
	l.tokens = append(l.tokens, token{kind: tokInteger, text: l.src[start:end], value: expr.Int(n), at: start})
	return nil
}

// digitsEnd is the end of a run of digits with single underscores between them.
func digitsEnd(s string, i int, isDigit func(byte) bool) int {
	for i < len(s) && (isDigit(s[i]) || s[i] == '_' && i+1 < len(s) && isDigit(s[i+1])) {
		i++
	}
	return i
}

func decimal(c byte) bool { return c >= '0' && c <= '9' }

// floatEnd is where a float that starts at i ends, or 0 when there is none.
func floatEnd(s string, i int) int {
	end := digitsEnd(s, i, decimal)
	found := 0
	if end+1 < len(s) && s[end] == '.' && decimal(s[end+1]) {
		end = digitsEnd(s, end+1, decimal)
		found = end
	}
	if end < len(s) && (s[end] == 'e' || s[end] == 'E') {
		e := end + 1
		if e < len(s) && (s[e] == '+' || s[e] == '-') {
			e++
		}
		if e < len(s) && decimal(s[e]) {
			return digitsEnd(s, e, decimal)
		}
	}
	return found
}

// intEnd is where an int that starts at i ends, and its base.
func intEnd(s string, i int) (end, base int) {
	if s[i] != '0' {
		return digitsEnd(s, i, decimal), 10
	}
	for _, b := range [...]struct {
		mark  string
		base  int
		digit func(byte) bool
	}{
		{"bB", 2, func(c byte) bool { return c == '0' || c == '1' }},
		{"oO", 8, func(c byte) bool { return c >= '0' && c <= '7' }},
		{"xX", 16, func(c byte) bool { return decimal(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }},
	} {
		if i+1 < len(s) && strings.IndexByte(b.mark, s[i+1]) >= 0 {
			if end := digitsEnd(s, i+2, b.digit); end > i+2 {
				return end, b.base
			}
		}
	}
	return digitsEnd(s, i, func(c byte) bool { return c == '0' }), 10
}

func (l *lexer) quoted(quote byte) error {
	start := l.i
	for i := start + 1; i < len(l.src); i++ {
		switch l.src[i] {
		case '\\':
			i++
		case quote:
			text, err := unescape(l.src[start+1 : i])
			if err != "" {
				return l.fail(start, "%s", err)
			}
			l.emit(tokString, text, start)
			l.i = i + 1
			return nil
		}
	}
	return l.fail(start, "unexpected char %s at %d", expr.QuoteText(string(quote)), start)
}
