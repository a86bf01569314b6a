package builtin

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/plugins/printed"
)

// parsePython reads a Python literal made of dicts, lists, tuples, strings, numbers,
// True, False and None into Go's JSON values. Keys have to be strings.
func parsePython(text string) (any, error) {
	p := &pyParser{text: text}
	v, err := p.value(0)
	if err == nil && p.peek() != 0 {
		err = p.unexpected()
	}
	return v, err
}

type pyParser struct {
	text string
	at   int
}

// peek returns the next byte that is no blank, 0 at the end.
func (p *pyParser) peek() byte {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *pyParser) take(c byte) bool {
	if p.peek() != c || c == 0 {
		return false
	}
	p.at++
	return true
}

func (p *pyParser) unexpected() error {
	if p.peek() == 0 {
		return errors.New("it ends too early")
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return fmt.Errorf("unexpected %q at position %d", r, p.at)
}

func (p *pyParser) value(depth int) (any, error) {
	if depth > printed.MaxNesting {
		return nil, fmt.Errorf("more than %d levels deep", printed.MaxNesting)
	}
	switch c := p.peek(); {
	case p.take('{'):
		return p.dict(depth + 1)
	case p.take('['):
		return p.items(']', depth+1)
	case p.take('('):
		return p.tuple(depth + 1)
	case c == '\'' || c == '"':
		return p.str()
	}
	return p.word()
}

func (p *pyParser) items(end byte, depth int) ([]any, error) {
	list := []any{}
	for !p.take(end) {
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if !p.take(',') && p.peek() != end {
			return nil, p.unexpected()
		}
	}
	return list, nil
}

// tuple also reads a value in parentheses, which has no comma.
func (p *pyParser) tuple(depth int) (any, error) {
	list, err := p.items(')', depth)
	if err == nil && len(list) == 1 && !strings.HasSuffix(strings.TrimRight(p.text[:p.at-1], " \t\r\n"), ",") {
		return list[0], nil
	}
	return list, err
}

func (p *pyParser) dict(depth int) (any, error) {
	dict := map[string]any{}
	for !p.take('}') {
		if c := p.peek(); c != '\'' && c != '"' {
			return nil, p.unexpected()
		}
		key, err := p.str()
		if err != nil {
			return nil, err
		}
		if !p.take(':') {
			return nil, p.unexpected()
		}
		if dict[key], err = p.value(depth); err != nil {
			return nil, err
		}
		if !p.take(',') && p.peek() != '}' {
			return nil, p.unexpected()
		}
	}
	return dict, nil
}

// str reads a string in its quotes. Unknown escapes stay as they are, as in Python.
func (p *pyParser) str() (string, error) {
	quote := p.text[p.at]
	p.at++
	var b strings.Builder
	for p.at < len(p.text) && p.text[p.at] != quote {
		if strings.HasPrefix(p.text[p.at:], "\\\n") {
			p.at += 2
			continue
		}
		if p.text[p.at] == '\\' {
			if r, _, rest, err := strconv.UnquoteChar(p.text[p.at:], 0); err == nil {
				b.WriteRune(r) // \xe9 is a character here, not a byte
				p.at = len(p.text) - len(rest)
				continue
			}
			if next := p.at + 1; next < len(p.text) && (p.text[next] == '\'' || p.text[next] == '"') {
				p.at++
			}
		}
		b.WriteByte(p.text[p.at])
		p.at++
	}
	if p.at == len(p.text) {
		return "", errors.New("a string does not end")
	}
	p.at++
	return b.String(), nil
}

func (p *pyParser) word() (any, error) {
	end := p.at
	for end < len(p.text) && strings.IndexByte(" \t\r\n,:]})", p.text[end]) < 0 {
		end++
	}
	word := p.text[p.at:end]
	switch word {
	case "True":
		p.at = end
		return true, nil
	case "False":
		p.at = end
		return false, nil
	case "None":
		p.at = end
		return nil, nil
	}
	if word == "" || strings.Trim(word, "+-.0123456789eE") != "" {
		return nil, p.unexpected()
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		p.at = end
		return n, nil
	}
	if f, err := strconv.ParseFloat(word, 64); err == nil {
		p.at = end
		return f, nil
	}
	return nil, p.unexpected()
}
