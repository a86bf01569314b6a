package regex

import (
	"regexp"
	"strings"
	"sync"

	"github.com/dlclark/regexp2"
)

// variant is a way to ask for a match.
type variant int

const (
	anywhere variant = iota
	atStart          // the match begins where the text does
	whole            // the match is the text
	onward           // regexp: past the first character; regexp2: not empty where the search begins
	variants
)

// program is a pattern made ready for both engines. A form is compiled when it is first
// needed, and nil when its engine refuses it. Safe for concurrent use.
type program struct {
	parsed
	nullable bool // it can match the empty text
	lastEnd  bool // it has $, which sees a last newline; RE2 does not
	boundary bool // it has \b or \B, which does not match the empty text; in RE2 it does
	size     int
	ascii    *linear // nil where RE2 would not mean the same
	wide     *linear
	tracking [variants]func() *regexp2.Regexp
}

// linear is a program for Go's regexp, whose time is linear in the text.
type linear [variants]func() *regexp.Regexp

// maxLinear is the most instructions a pattern may need to be given to Go's regexp,
// which writes counted repeats out. Beyond it, compiling takes too long.
const maxLinear = 20_000

func newProgram(p parsed) *program {
	least, _ := p.root.width()
	prog := &program{
		parsed:   p,
		nullable: least == 0,
		lastEnd:  p.root.anyOf(func(n *node) bool { return n.op == opLastEnd }),
		boundary: p.root.anyOf(func(n *node) bool { return n.op == opBoundary }),
		size:     p.root.size(),
	}
	if prog.size <= maxLinear {
		prog.ascii = newLinear(p.root, re2ASCII)
		prog.wide = newLinear(p.root, re2)
	}
	body, _ := emit(p.root, backtrack)
	forms := [variants]string{
		anywhere: body,
		atStart:  `\A(?:` + body + `)`,
		whole:    `\A(?:` + body + `)\z`,
		onward:   `(?:` + body + `)(?!\G)`,
	}
	for v, form := range forms {
		prog.tracking[v] = sync.OnceValue(func() *regexp2.Regexp {
			re, _ := regexp2.Compile(form, regexp2.None) // nil with an error
			return re
		})
	}
	return prog
}

func newLinear(root *node, d dialect) *linear {
	body, ok := emit(root, d)
	if !ok {
		return nil
	}
	forms := [variants]string{
		anywhere: body,
		atStart:  `\A(?:` + body + `)`,
		whole:    `\A(?:` + body + `)\z`,
		onward:   `\A(?s:.)(?s:.*?)(` + body + `)`,
	}
	l := &linear{}
	for v, form := range forms {
		l[v] = sync.OnceValue(func() *regexp.Regexp {
			re, _ := regexp.Compile(form) // nil with an error: a repeat over 1000, or too deep
			return re
		})
	}
	return l
}

// linearFor gives the program for Go's regexp that means with text what the pattern
// means, or nil.
func (p *program) linearFor(text string, ascii bool) *linear {
	switch {
	case p.lastEnd && strings.HasSuffix(text, "\n"), p.boundary && text == "":
		return nil
	case ascii:
		return p.ascii
	}
	return p.wide
}
