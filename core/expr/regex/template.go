package regex

import (
	"strconv"
	"strings"
)

// template is a replacement: texts, and the groups that come after each.
type template []templatePart

type templatePart struct {
	text  string
	group int // -1 for none
}

func (t template) expand(m *Match) string {
	var b strings.Builder
	for _, part := range t {
		b.WriteString(part.text)
		if part.group >= 0 {
			b.WriteString(m.Groups[part.group].Text)
		}
	}
	return b.String()
}

// template reads a replacement.
func (p *Pattern) template(replacement string) (t template, err error) {
	r := &templateReader{parser: parser{src: []rune(replacement), text: replacement}, pattern: p}
	defer r.catch(&err)
	for r.more() {
		if c := r.next(); c == '\\' {
			r.escape()
		} else {
			r.out.WriteRune(c)
		}
	}
	return append(r.parts, templatePart{r.out.String(), -1}), nil
}

type templateReader struct {
	parser
	pattern *Pattern
	parts   template
	out     strings.Builder
}

func (r *templateReader) escape() {
	start := r.pos - 1
	c := r.next()
	switch {
	case c == -1:
		r.fail(start, "bad escape (end of pattern)")
	case c == 'g':
		r.named()
	case c == '0':
		r.out.WriteRune(r.octal("0"+r.takeWhile(2, octalDigits), start))
	case '1' <= c && c <= '9':
		r.numbered(c, start)
	case c == 'b':
		r.out.WriteRune('\b')
	default:
		r.plain(c, start)
	}
}

func (r *templateReader) plain(c rune, start int) {
	if control, ok := controlEscape(c); ok {
		r.out.WriteRune(control)
		return
	}
	if isASCIILetter(c) {
		r.fail(start, `bad escape \%c`, c)
	}
	if c != '\\' {
		r.out.WriteRune('\\')
	}
	r.out.WriteRune(c)
}

func (r *templateReader) numbered(first rune, start int) {
	number := string(first) + r.takeWhile(1, digits)
	if len(number) == 2 && isOctal(number) && r.more() && isOctal(string(r.peek())) {
		r.out.WriteRune(r.octal(number+string(r.next()), start))
		return
	}
	group, _ := strconv.Atoi(number)
	r.group(group, start+1)
}

// named reads <name> or <number> after \g.
func (r *templateReader) named() {
	if !r.accept('<') {
		r.fail(r.pos, "missing <")
	}
	pos := r.pos
	name := r.until('>')
	if group, err := strconv.Atoi(name); err == nil && group >= 0 {
		r.group(group, pos)
		return
	}
	group, ok := r.pattern.names[name]
	switch {
	case !isIdentifier(name):
		r.fail(pos, "bad character in group name '%s'", name)
	case !ok:
		r.failAs("IndexError", pos, "unknown group name '%s'", name)
	}
	r.group(group, pos)
}

func (r *templateReader) group(group, pos int) {
	if group > r.pattern.groups {
		r.fail(pos, "invalid group reference %d", group)
	}
	r.parts = append(r.parts, templatePart{r.out.String(), group})
	r.out.Reset()
}
