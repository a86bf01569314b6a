package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// wrapper breaks lines at a width, at blanks and, when asked, at hyphens and inside long words.
type wrapper struct {
	width     int
	breakLong bool
	hyphens   bool
}

func filterWordWrap(c *Call, a []expr.Value) (expr.Value, error) {
	if _, ok := expr.Text(a[0]); !ok {
		return nil, c.noMethod(a[0], "splitlines")
	}
	s, _, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	width, err := expr.AsInt(a[1])
	if err != nil {
		return nil, err
	}
	w := wrapper{width: int(min(width, 1<<30))}
	if w.breakLong, err = expr.Truthy(a[2]); err != nil {
		return nil, err
	}
	if w.hyphens, err = expr.Truthy(a[4]); err != nil {
		return nil, err
	}
	sep := "\n"
	if a[3] != nil {
		if sep, err = textArg(a[3], "wrapstring"); err != nil {
			return nil, err
		}
	}
	if err := growLines(c.Budget, s); err != nil {
		return nil, err
	}
	out := newBuffer(c.Budget)
	for i, line := range splitLines(s, false) {
		if width <= 0 {
			return nil, expr.Errorf("ValueError", "invalid width %d (must be > 0)", width)
		}
		if i > 0 {
			if err := out.Put(sep); err != nil {
				return nil, err
			}
		}
		lines, err := w.line(c.Budget, line)
		if err != nil {
			return nil, err
		}
		if err := out.writeAll(lines, sep); err != nil {
			return nil, err
		}
	}
	return out.String(), nil
}

// line breaks one line; blanks at the ends of the pieces are dropped, those at its start are kept.
func (w wrapper) line(b *expr.Budget, line string) ([]string, error) {
	var lines []string
	if err := b.GrowItems(3 * countChunks(line)); err != nil { // the pieces, the rows, the lines
		return nil, err
	}
	chunks := w.chunks(line)
	for len(chunks) > 0 {
		if len(lines) > 0 && isBlank(chunks[0]) {
			chunks = chunks[1:]
			continue
		}
		if err := b.GrowItems(2); err != nil { // a long word makes many rows
			return nil, err
		}
		var row []string
		row, chunks = w.take(chunks)
		if n := len(row); n > 0 && isBlank(row[n-1]) {
			row = row[:n-1]
		}
		if len(row) > 0 {
			lines = append(lines, strings.Join(row, ""))
		}
	}
	return lines, nil
}

// take fills one row.
func (w wrapper) take(chunks []string) (row, rest []string) {
	room := w.width
	for len(chunks) > 0 {
		head := firstRunes(chunks[0], room)
		if len(head) < len(chunks[0]) {
			break
		}
		row, chunks, room = append(row, head), chunks[1:], room-utf8.RuneCountInString(head)
	}
	if len(chunks) > 0 && len(firstRunes(chunks[0], w.width)) < len(chunks[0]) {
		row, chunks = w.takeLong(row, chunks, room)
	}
	return row, chunks
}

// takeLong breaks a word longer than the width, or gives it a row of its own. With no room left it
// puts in an empty piece, which keeps the blank before it from being dropped, as in Python's textwrap.
func (w wrapper) takeLong(row, chunks []string, room int) ([]string, []string) {
	if !w.breakLong {
		if len(row) == 0 {
			return []string{chunks[0]}, chunks[1:]
		}
		return row, chunks
	}
	head := firstRunes(chunks[0], room)
	if w.hyphens && len(head) < len(chunks[0]) {
		if i := strings.LastIndexByte(head, '-'); i > 0 && strings.Trim(head[:i], "-") != "" {
			head = head[:i+1]
		}
	}
	chunks[0] = chunks[0][len(head):] // in place: a copy of the rest for every row would cost the square of the length
	return append(row, head), chunks
}

// firstRunes is the start of s, of n characters or all there are; it looks no further.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// countChunks is how many pieces a line has at most.
func countChunks(line string) int {
	n, wasBlank := 1, false
	for i := range len(line) {
		blank := isWrapBlank(rune(line[i]))
		if blank != wasBlank || line[i] == '-' {
			n++
		}
		wasBlank = blank
	}
	return n
}

func isBlank(s string) bool { return strings.TrimFunc(s, isSpace) == "" }

// wrapBlanks are the only characters at which words end.
const wrapBlanks = "\t\n\v\f\r "

// chunks cuts a line into words and blanks; with hyphens, words end after the hyphens in them.
func (w wrapper) chunks(line string) []string {
	var out []string
	for line != "" {
		blank := isWrapBlank(rune(line[0]))
		end := strings.IndexFunc(line, func(r rune) bool { return isWrapBlank(r) != blank })
		if end < 0 {
			end = len(line)
		}
		if blank || !w.hyphens {
			out = append(out, line[:end])
		} else {
			out = append(out, hyphenParts(line[:end])...)
		}
		line = line[end:]
	}
	return out
}

func isWrapBlank(r rune) bool { return r < 0x80 && strings.ContainsRune(wrapBlanks, r) }

// hyphenParts ends a part after a hyphen between a letter pair before and a letter after, and sets dashes of two or more apart.
func hyphenParts(word string) []string {
	r := []rune(word)
	var out []string
	start := 0
	for i := 0; i < len(r); i++ {
		if r[i] != '-' {
			continue
		}
		end := i
		for end < len(r) && r[end] == '-' {
			end++
		}
		dash := end-i >= 2
		switch {
		case dash && i > start && i > 0 && isWrapWord(r[i-1]) && end < len(r) && isWordRune(r[end]):
			out = append(out, string(r[start:i]), string(r[i:end]))
			start = end
		case !dash && breaksAfter(r, start, i):
			out = append(out, string(r[start:i+1]))
			start = i + 1
		}
		i = end - 1
	}
	if start < len(r) {
		out = append(out, string(r[start:]))
	}
	return out
}

// breaksAfter reports whether a word may end after the hyphen at i.
func breaksAfter(r []rune, start, i int) bool {
	letter := func(j int) bool { return j >= start && j < len(r) && isLetterRune(r[j]) }
	before := letter(i-1) && letter(i-2) || letter(i-1) && i-2 >= start && r[i-2] == '-' && letter(i-3)
	after := letter(i+1) && (letter(i+2) || i+2 < len(r) && r[i+2] == '-' && letter(i+3))
	return before && after
}

func isWordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

func isLetterRune(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func isWrapWord(r rune) bool { return isWordRune(r) || strings.ContainsRune(`!"'&.,?`, r) }
