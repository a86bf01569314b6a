package yaql

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// lexer cuts an expression into tokens on demand, so that the first error in reading order is reported.
type lexer struct {
	src string
	at  int
}

func (l *lexer) next() (token, error) {
	for l.at < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.at]) >= 0 {
		l.at++
	}
	if l.at >= len(l.src) {
		return token{at: len(l.src)}, nil
	}
	switch c := l.src[l.at]; {
	case c == '\'' || c == '"' || c == '`':
		return l.text(c)
	case c >= '0' && c <= '9':
		return l.number()
	case c == '$':
		end := l.wordEnd(l.at + 1)
		t := token{kind: tokVariable, text: l.src[l.at+1 : end], at: l.at}
		l.at = end
		return t, nil
	}
	if t, ok := l.word(); ok {
		return t, nil
	}
	return l.symbol()
}

// illegal is the error for a character that begins no token.
func (l *lexer) illegal() error {
	c, _ := utf8.DecodeRuneInString(l.src[l.at:])
	return &expr.Error{
		Class: "YaqlLexicalException", Pos: position(l.src, l.at),
		Msg: "Lexical error: illegal character '" + string(c) + "' at position " + strconv.Itoa(utf8.RuneCountInString(l.src[:l.at])),
	}
}

func isWord(c rune) bool {
	return c == '_' || unicode.IsLetter(c) || unicode.IsNumber(c)
}

func (l *lexer) wordEnd(i int) int {
	for i < len(l.src) {
		c, n := utf8.DecodeRuneInString(l.src[i:])
		if !isWord(c) {
			break
		}
		i += n
	}
	return i
}

// word reads keywords, calls, word operators and constants. Words may not begin with "__".
func (l *lexer) word() (token, bool) {
	first, _ := utf8.DecodeRuneInString(l.src[l.at:])
	if !isWord(first) || unicode.IsDigit(first) || strings.HasPrefix(l.src[l.at:], "__") {
		return token{}, false
	}
	end := l.wordEnd(l.at)
	t := token{kind: tokKeyword, text: l.src[l.at:end], at: l.at}
	l.at = end
	if end < len(l.src) && l.src[end] == '(' {
		l.at++
		t.kind = tokCall
		return t, true
	}
	switch t.text {
	case "true", "false":
		t.kind, t.val = tokLiteral, t.text == "true"
	case "null":
		t.kind = tokLiteral
	default:
		if wordOperators[t.text] {
			t.kind = tokSymbol
		}
	}
	return t, true
}

func (l *lexer) symbol() (token, error) {
	for _, s := range symbols {
		if strings.HasPrefix(l.src[l.at:], s) {
			t := token{kind: tokSymbol, text: s, at: l.at}
			l.at += len(s)
			return t, nil
		}
	}
	return token{}, l.illegal()
}

// number reads 12 and 1.5. No letter may follow at once, and there are no exponents.
func (l *lexer) number() (token, error) {
	whole := l.digits(l.at)
	end := whole
	if end+1 < len(l.src) && l.src[end] == '.' {
		if d := l.digits(end + 1); d > end+1 && l.wordEnd(d) == d {
			end = d
		}
	}
	if l.wordEnd(end) != end {
		return token{}, l.illegal()
	}
	t := token{kind: tokLiteral, val: numberValue(l.src[l.at:end], end > whole), at: l.at}
	l.at = end
	return t, nil
}

func (l *lexer) digits(i int) int {
	for i < len(l.src) && l.src[i] >= '0' && l.src[i] <= '9' {
		i++
	}
	return i
}

func numberValue(s string, fraction bool) Value {
	if fraction {
		f, _ := strconv.ParseFloat(s, 64) // digits only: at worst infinite, as in Python
		return f
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i
	}
	n, _ := new(big.Int).SetString(s, 10)
	return expr.Int(n)
}

// text reads a string. Backslashes keep the quote in; in `…` they mean nothing else.
func (l *lexer) text(quote byte) (token, error) {
	for i := l.at + 1; i < len(l.src); i++ {
		switch l.src[i] {
		case '\\':
			i++
		case quote:
			raw := l.src[l.at+1 : i]
			t := token{kind: tokLiteral, at: l.at}
			if quote == '`' {
				t.val = strings.ReplaceAll(raw, "\\`", "`")
			} else {
				t.val = unescape(raw)
			}
			l.at = i + 1
			return t, nil
		}
	}
	return token{}, l.illegal()
}

// unescape puts in the characters that escapes stand for; unknown escapes stay as they are.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var sb strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '\\' && i+1 < len(s) {
			if c, n := escaped(s[i+1:]); n > 0 {
				sb.WriteRune(c)
				i += 1 + n
				continue
			}
			sb.WriteByte(s[i])
			i++
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		sb.WriteString(s[i : i+n])
		i += n
	}
	return sb.String()
}

var plainEscapes = map[byte]rune{
	'\\': '\\', '\'': '\'', '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
}

// escaped reads what follows a backslash: the character and how many bytes stand for it, 0 for no escape.
func escaped(s string) (rune, int) {
	if c, ok := plainEscapes[s[0]]; ok {
		return c, 1
	}
	digits, base, skip := 0, 16, 1
	switch s[0] {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		base, skip = 8, 0
		for digits < 3 && digits < len(s) && s[digits] >= '0' && s[digits] <= '7' {
			digits++
		}
	}
	if digits == 0 || len(s) < skip+digits {
		return 0, 0
	}
	n, err := strconv.ParseUint(s[skip:skip+digits], base, 32)
	if err != nil || n > unicode.MaxRune {
		return 0, 0
	}
	return rune(n), skip + digits
}

// position is the line and column of a byte offset.
func position(src string, at int) expr.Pos {
	at = min(at, len(src))
	start := strings.LastIndexByte(src[:at], '\n') + 1
	return expr.Pos{
		Offset: at, Line: 1 + strings.Count(src[:at], "\n"), Col: 1 + utf8.RuneCountInString(src[start:at]),
	}
}
