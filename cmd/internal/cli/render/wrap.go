package render

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// Wrap breaks text into lines of at most width screen columns: at white space, after a
// hyphen between letters, and inside a word only when it is longer than a line.
// Lines that fit are left exactly as they are.
func Wrap(text string, width int) []string {
	width = max(width, 1)
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if runewidth.StringWidth(line) <= width {
			lines = append(lines, line)
			continue
		}
		f := filler{width: width}
		f.fill(pieces(line))
		lines = append(lines, f.lines...)
	}
	return lines
}

// filler packs pieces into lines.
type filler struct {
	width int
	lines []string
	line  string
}

func (f *filler) fill(pieces []string) {
	for _, piece := range pieces {
		if f.room() < runewidth.StringWidth(piece) {
			f.overflow(piece)
			continue
		}
		f.add(piece)
	}
	f.end()
}

func (f *filler) room() int { return f.width - runewidth.StringWidth(f.line) }

// add puts piece on the current line; blanks never begin a line but the first.
func (f *filler) add(piece string) {
	if f.line == "" && len(f.lines) > 0 && strings.TrimSpace(piece) == "" {
		return
	}
	f.line += piece
}

// overflow places a piece that does not fit on the current line.
func (f *filler) overflow(piece string) {
	for runewidth.StringWidth(piece) > f.width {
		head := cut(piece, f.room())
		f.line += head
		piece = piece[len(head):]
		f.end()
	}
	if f.room() < runewidth.StringWidth(piece) {
		f.end()
	}
	f.add(piece)
}

func (f *filler) end() {
	if line := strings.TrimRightFunc(f.line, unicode.IsSpace); line != "" {
		f.lines = append(f.lines, line)
	}
	f.line = ""
}

// cut returns the beginning of a long word that fills width columns, shortened to end
// with a hyphen where it has one. Where width is too small for the first rune it is "".
func cut(word string, width int) string {
	end, used := 0, 0
	for i, r := range word {
		if used += runewidth.RuneWidth(r); used > width {
			break
		}
		end = i + len(string(r))
	}
	head := word[:end]
	if hyphen := strings.LastIndexByte(head, '-'); hyphen > 0 && strings.Trim(head[:hyphen], "-") != "" {
		return head[:hyphen+1]
	}
	return head
}

// pieces splits a line where it may be broken: blanks, words, and words after their hyphens.
func pieces(line string) []string {
	var all []string
	runes := []rune(line)
	start := 0
	for i := 1; i < len(runes); i++ {
		turn := unicode.IsSpace(runes[i]) != unicode.IsSpace(runes[i-1])
		if turn || hyphenated(runes, i-1) {
			all = append(all, string(runes[start:i]))
			start = i
		}
	}
	return append(all, string(runes[start:]))
}

// hyphenated says whether a line may be broken after runes[i]: a hyphen with two letters
// on either side, where a further hyphen may stand for one of them.
func hyphenated(runes []rune, i int) bool {
	letter := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || runes[i] == '_')
	}
	pair := func(near, far, beyond int) bool {
		return letter(near) && (letter(far) || far >= 0 && far < len(runes) && runes[far] == '-' && letter(beyond))
	}
	return runes[i] == '-' && pair(i-1, i-2, i-3) && pair(i+1, i+2, i+3)
}
