package jinja

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// syntax is how text and tags interact.
type syntax struct {
	trimBlocks          bool // drop the first newline after a block tag
	lstripBlocks        bool // drop blanks before a block tag that starts its line
	keepTrailingNewline bool
}

// What one template may hold: bytes of text, and tokens.
const (
	maxSource = 16 << 20
	maxTokens = 200_000
)

// lexer splits a template into tokens.
type lexer struct {
	src    string
	syntax syntax
	i      int
	tokens []token
	braces []byte // open brackets inside the current tag
}

// normalize makes all newlines "\n" and drops one at the very end unless it is to be kept.
func normalize(src string, keep bool) string {
	if strings.Contains(src, "\r") {
		src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	}
	if !keep {
		src = strings.TrimSuffix(src, "\n")
	}
	return src
}

// tokenize splits a normalized source.
func tokenize(src string, s syntax) ([]token, error) {
	if len(src) > maxSource {
		return nil, expr.Errorf("TemplateSyntaxError", "the template is longer than %d bytes", maxSource)
	}
	l := &lexer{src: src, syntax: s}
	for l.i < len(src) {
		if err := l.text(); err != nil {
			return nil, err
		}
	}
	return append(l.tokens, token{kind: tokEOF, at: len(src)}), nil
}

// tokenizeExpression splits the source of a single expression.
func tokenizeExpression(src string) ([]token, error) {
	l := &lexer{src: src}
	for {
		l.space()
		if l.i >= len(src) {
			return append(l.tokens, token{kind: tokEOF, at: len(src)}), nil
		}
		if err := l.token(); err != nil {
			return nil, err
		}
	}
}

func (l *lexer) fail(at int, format string, args ...any) error {
	return syntaxError(l.src, at, fmt.Sprintf(format, args...))
}

// syntaxError is a TemplateSyntaxError that points at a byte of the source.
func syntaxError(src string, at int, msg string) error {
	return &expr.Error{Class: "TemplateSyntaxError", Msg: msg, Pos: position(src, at)}
}

func position(src string, at int) expr.Pos {
	at = min(at, len(src))
	start := strings.LastIndexByte(src[:at], '\n') + 1
	return expr.Pos{Offset: at, Line: 1 + strings.Count(src[:at], "\n"), Col: 1 + utf8.RuneCountInString(src[start:at])}
}

func (l *lexer) emit(k kind, text string, at int) {
	l.tokens = append(l.tokens, token{kind: k, text: text, at: at})
}

// text reads plain text up to the next tag, and that tag.
func (l *lexer) text() error {
	start := l.i
	open := nextTag(l.src, start)
	if open < 0 {
		l.emit(tokData, l.src[start:], start)
		l.i = len(l.src)
		return nil
	}
	tag := l.src[open+1]
	l.i = open + 2
	mark := byte(0)
	if l.i < len(l.src) && (l.src[l.i] == '-' || l.src[l.i] == '+') {
		mark = l.src[l.i]
		l.i++
	}
	data := l.trimBefore(l.src[start:open], start, tag, mark)
	if data != "" {
		l.emit(tokData, data, start)
	}
	switch tag {
	case '#':
		return l.comment(open)
	case '{':
		l.emit(tokVariableBegin, "{{", open)
		return l.tag(tokVariableEnd, "}}")
	}
	if done, err := l.raw(open); done || err != nil {
		return err
	}
	l.emit(tokBlockBegin, "{%", open)
	return l.tag(tokBlockEnd, "%}")
}

func nextTag(src string, from int) int {
	for i := from; i+1 < len(src); i++ {
		j := strings.IndexByte(src[i:], '{')
		if j < 0 || i+j+1 >= len(src) {
			return -1
		}
		i += j
		if c := src[i+1]; c == '{' || c == '%' || c == '#' {
			return i
		}
	}
	return -1
}

// trimBefore applies "-" and lstrip_blocks to the text before a tag.
func (l *lexer) trimBefore(data string, start int, tag, mark byte) string {
	if mark == '-' {
		return strings.TrimRightFunc(data, isSpace)
	}
	if mark == '+' || tag == '{' || !l.syntax.lstripBlocks {
		return data
	}
	line := strings.LastIndexByte(data, '\n') + 1
	startsLine := line > 0 || start == 0 || l.src[start-1] == '\n'
	if startsLine && strings.TrimLeftFunc(data[line:], isSpace) == "" {
		return data[:line]
	}
	return data
}

// isSpace is what Python's regular expressions and str methods call whitespace.
func isSpace(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x1f, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200a
}

// closed moves past an end mark ("%}" …) at l.i, with its "-" or "+"; ok is false when there is none.
func (l *lexer) closed(end string) bool {
	rest := l.src[l.i:]
	switch {
	case strings.HasPrefix(rest, "-"+end):
		l.i += 1 + len(end)
		l.i += len(l.src[l.i:]) - len(strings.TrimLeftFunc(l.src[l.i:], isSpace))
		return true
	case strings.HasPrefix(rest, "+"+end) && end != "}}":
		l.i += 1 + len(end)
		return true
	case strings.HasPrefix(rest, end):
		l.i += len(end)
		if end != "}}" && l.syntax.trimBlocks && l.i < len(l.src) && l.src[l.i] == '\n' {
			l.i++
		}
		return true
	}
	return false
}

func (l *lexer) comment(open int) error {
	for ; l.i < len(l.src); l.i++ {
		j := strings.Index(l.src[l.i:], "#}")
		if j < 0 {
			break
		}
		l.i += j
		if j > 0 && (l.src[l.i-1] == '-' || l.src[l.i-1] == '+') && l.i-1 > open+1 {
			l.i--
		}
		if l.closed("#}") {
			return nil
		}
	}
	return l.fail(open, "Missing end of comment tag")
}

// raw reads {% raw %}…{% endraw %} as text; done is false when the tag is another one.
func (l *lexer) raw(open int) (done bool, err error) {
	mark := l.i
	l.space()
	if !strings.HasPrefix(l.src[l.i:], "raw") {
		l.i = mark
		return false, nil
	}
	l.i += len("raw")
	l.space()
	if strings.HasPrefix(l.src[l.i:], "%}") {
		l.i += 2 // a newline after it is text: trim_blocks does not count here
	} else if !strings.HasPrefix(l.src[l.i:], "-%}") || !l.closed("%}") {
		l.i = mark
		return false, nil
	}
	start := l.i
	for at := start; ; at += 2 {
		j := strings.Index(l.src[at:], "{%")
		if j < 0 {
			return true, l.fail(open, "Missing end of raw directive")
		}
		at += j
		if sign, ok := l.endraw(at); ok {
			if data := l.trimBefore(l.src[start:at], start, '%', sign); data != "" {
				l.emit(tokData, data, start)
			}
			return true, nil
		}
	}
}

// endraw matches the closing tag of a raw block at a byte, gives its "-" or "+", and moves past it.
func (l *lexer) endraw(at int) (sign byte, ok bool) {
	l.i = at + 2
	if l.i < len(l.src) && (l.src[l.i] == '-' || l.src[l.i] == '+') {
		sign = l.src[l.i]
		l.i++
	}
	l.space()
	if !strings.HasPrefix(l.src[l.i:], "endraw") {
		return 0, false
	}
	l.i += len("endraw")
	l.space()
	return sign, l.closed("%}")
}

func (l *lexer) space() {
	rest := l.src[l.i:]
	l.i += len(rest) - len(strings.TrimLeftFunc(rest, isSpace))
}

// tag reads tokens up to the end mark of the current tag.
func (l *lexer) tag(end kind, mark string) error {
	l.braces = l.braces[:0]
	for {
		l.space()
		if l.i >= len(l.src) {
			return nil // the parser reports the missing end
		}
		at := l.i
		if len(l.braces) == 0 && l.closed(mark) {
			l.emit(end, mark, at)
			return nil
		}
		if err := l.token(); err != nil {
			return err
		}
		if len(l.tokens) > maxTokens {
			return l.fail(at, "the template has more than %d words and signs", maxTokens)
		}
	}
}
