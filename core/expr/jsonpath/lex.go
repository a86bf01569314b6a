package jsonpath

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/petrelhq/petrel/core/expr"
)

// ParseError says what is wrong with a path, and where.
type ParseError struct {
	Msg    string
	Source string
	Pos    int // in code points, from 0
}

// Error is the message, which names the place.
func (e *ParseError) Error() string { return e.Msg }

// Unwrap gives the error of Python's class, for [expr.ClassOf].
func (e *ParseError) Unwrap() error { return expr.Errorf("Exception", "%s", e.Msg) }

// kind is a kind of token; punctuation is its own kind.
type kind string

const (
	end     kind = "end"
	name    kind = "ID"
	number  kind = "NUMBER"
	dots    kind = "DOUBLEDOT"
	whereOp kind = "WHERE"
	special kind = "NAMED_OPERATOR" // `this`, `parent`
)

type token struct {
	kind kind
	text string
	pos  int
}

type lexer struct {
	src    []rune
	source string
	pos    int
}

func (l *lexer) fail(pos int, format string, args ...any) error {
	return &ParseError{Msg: fmt.Sprintf(format, args...), Source: l.source, Pos: pos}
}

// next reads one token.
func (l *lexer) next() (token, error) {
	for l.pos < len(l.src) && unicode.IsSpace(l.src[l.pos]) {
		l.pos++
	}
	if l.pos == len(l.src) {
		return token{kind: end, pos: l.pos}, nil
	}
	start, r := l.pos, l.src[l.pos]
	switch {
	case isNameStart(r):
		text := l.takeWhile(func(r rune) bool { return isNameStart(r) || isDigit(r) || r == '-' })
		if text == "where" {
			return token{whereOp, text, start}, nil
		}
		return token{name, text, start}, nil
	case isDigit(r), r == '-' && l.digitFollows():
		l.pos++
		return token{number, string(r) + l.takeWhile(isDigit), start}, nil
	case r == '\'' || r == '"' || r == '`':
		return l.quoted(r)
	case strings.HasPrefix(string(l.src[l.pos:min(l.pos+2, len(l.src))]), ".."):
		l.pos += 2
		return token{dots, "..", start}, nil
	case strings.ContainsRune("*.[]()$,:|", r):
		l.pos++
		return token{kind(r), string(r), start}, nil
	}
	return token{}, l.fail(start, "Error at %s: Unexpected character: %c", lineColumn(l.src, start), r)
}

func isNameStart(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' || r == '@'
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func (l *lexer) digitFollows() bool { return l.pos+1 < len(l.src) && isDigit(l.src[l.pos+1]) }

func (l *lexer) takeWhile(ok func(rune) bool) string {
	start := l.pos
	for l.pos < len(l.src) && ok(l.src[l.pos]) {
		l.pos++
	}
	return string(l.src[start:l.pos])
}

// quoted reads a name in quotes, where a backslash takes what follows as it is; or, in
// backquotes, the name of an operator.
func (l *lexer) quoted(quote rune) (token, error) {
	start := l.pos
	var text strings.Builder
	for l.pos++; l.pos < len(l.src); l.pos++ {
		r := l.src[l.pos]
		if r == quote {
			l.pos++
			if quote == '`' {
				return token{special, text.String(), start}, nil
			}
			return token{name, text.String(), start}, nil
		}
		if r == '\\' && l.pos+1 < len(l.src) {
			l.pos++
			r = l.src[l.pos]
		}
		text.WriteRune(r)
	}
	return token{}, l.fail(start, "Error at %s: the quote %c is never closed", lineColumn(l.src, start), quote)
}

// lineColumn is a position as line:column, the line from 1, the column from 0.
func lineColumn(src []rune, pos int) string {
	before := string(src[:pos])
	line := strings.Count(before, "\n")
	column := len([]rune(before[strings.LastIndex(before, "\n")+1:]))
	return fmt.Sprintf("%d:%d", line+1, column)
}
