package functions

import (
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// yamlWidth is where long text is folded.
const yamlWidth = 80

func (e *yamlEmitter) scalarValue(v expr.Value, where yamlPlace) error {
	switch x := v.(type) {
	case nil:
		e.plain("null", false)
	case bool:
		e.plain(map[bool]string{true: "true", false: "false"}[x], false)
	case int64, *big.Int:
		s, err := expr.Repr(e.b, x)
		e.plain(s, false)
		return err
	case float64:
		e.plain(yamlFloatText(x), false)
	case string:
		e.text(x, where)
	case expr.Markup:
		return represent(v)
	case *expr.Undefined:
		return x.Err()
	case expr.Resolver:
		r, err := x.Resolve(e.b)
		if err != nil {
			return err
		}
		return e.node(r, maxYAMLDepth/2, where)
	default:
		return represent(v)
	}
	return nil
}

func represent(v expr.Value) error {
	return expr.Errorf("RepresenterError", "cannot represent an object of type %s", expr.TypeName(v))
}

func yamlFloatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	s := expr.FloatText(f)
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1)
	}
	return s
}

// text chooses plain, single quoted or double quoted style.
func (e *yamlEmitter) text(s string, where yamlPlace) {
	key := where == inKey
	look := analyze(s, e.unicode)
	saved := e.indent
	if where != inKey {
		e.deeperForText(where)
	}
	switch {
	case plainTag(s) == "str" && look.plain && !(key && look.multiline):
		e.plain(s, !key)
	case look.single && !(key && look.multiline):
		e.singleQuoted(s, !key)
	default:
		e.doubleQuoted(s, !key)
	}
	e.indent = saved
}

// deeperForText is the indentation of the further lines of a folded scalar.
func (e *yamlEmitter) deeperForText(where yamlPlace) {
	if e.indent < 0 {
		e.indent = e.step
		return
	}
	e.indent += e.step
}

// analysis says in which styles a text can be written.
type analysis struct {
	plain, single, multiline bool
}

func isYAMLBreak(r rune) bool {
	return r == '\n' || r == 0x85 || r == 0x2028 || r == 0x2029
}

func isYAMLBlank(r rune) bool {
	return r == 0 || r == ' ' || r == '\t' || r == '\r' || isYAMLBreak(r)
}

func analyze(s string, unicode bool) analysis {
	if s == "" {
		return analysis{plain: false, single: true}
	}
	r := []rune(s)
	out := analysis{plain: true, single: true}
	if strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") {
		out.plain = false
	}
	var special, breakSpace, spaceBreak, prevSpace, prevBreak bool
	for i, c := range r {
		if indicates(r, i) {
			out.plain = false
		}
		if isYAMLBreak(c) {
			out.multiline, out.plain = true, false
		}
		if !printable(c, unicode) {
			special = true
		}
		switch {
		case c == ' ':
			breakSpace = breakSpace || prevBreak
			prevSpace, prevBreak = true, false
		case isYAMLBreak(c):
			spaceBreak = spaceBreak || prevSpace
			prevSpace, prevBreak = false, true
		default:
			prevSpace, prevBreak = false, false
		}
	}
	if edge := r[0]; edge == ' ' || prevSpace || prevBreak {
		out.plain = false
	}
	if breakSpace || spaceBreak || special {
		out.plain, out.single = false, false
	}
	return out
}

// indicates reports whether the character at i would mean something in a plain block scalar.
func indicates(r []rune, i int) bool {
	c := r[i]
	blankAfter := i+1 == len(r) || isYAMLBlank(r[i+1])
	if i == 0 {
		return strings.ContainsRune("#,[]{}&*!|>'\"%@`", c) || blankAfter && strings.ContainsRune("?:-", c)
	}
	return c == ':' && blankAfter || c == '#' && isYAMLBlank(r[i-1])
}

// printable reports whether a character may stand as it is; libyaml escapes those beyond 16 bits.
func printable(c rune, unicode bool) bool {
	if c == '\n' || c >= 0x20 && c <= 0x7e {
		return true
	}
	wide := c >= 0xa0 && c <= 0xd7ff || c >= 0xe000 && c <= 0xfffd && c != 0xfeff
	return unicode && wide
}

// plain writes a scalar as it stands, folded at single blanks when it is long.
func (e *yamlEmitter) plain(s string, split bool) {
	if !e.whitespace {
		e.write(" ")
	}
	e.whitespace, e.indention = false, false
	e.folded(s, split, false)
}

func (e *yamlEmitter) singleQuoted(s string, split bool) {
	e.indicator("'", true, false, false)
	e.folded(strings.ReplaceAll(s, "'", "''"), split, true)
	e.indicator("'", false, false, false)
}

// folded writes text; line breaks are doubled, as folding removes one. Quoted text is not folded at its ends.
func (e *yamlEmitter) folded(s string, split, quoted bool) {
	r := []rune(s)
	breaks := false
	for i, c := range r {
		switch {
		case c == ' ':
			single := (i == 0 || r[i-1] != ' ') && (i+1 == len(r) || r[i+1] != ' ')
			if split && single && e.column > yamlWidth && i > 0 && i+1 < len(r) {
				e.newIndent()
			} else {
				e.write(" ")
			}
			breaks = false
		case isYAMLBreak(c):
			if !breaks && c == '\n' {
				e.lineBreak()
			}
			e.lineBreak()
			breaks = true
		default:
			if breaks {
				e.newIndent()
			}
			e.write(string(c))
			breaks = false
			e.whitespace, e.indention = false, false
		}
	}
	if breaks && quoted {
		e.newIndent()
	}
}

func (e *yamlEmitter) doubleQuoted(s string, split bool) {
	e.indicator(`"`, true, false, false)
	r := []rune(s)
	escapedSpace := false
	for i, c := range r {
		if c == ' ' && split && e.column > yamlWidth && i > 0 && i+1 < len(r) && !escapedSpace {
			e.newLineInQuotes(r[i+1] == ' ')
			escapedSpace = true
			continue
		}
		escapedSpace = false
		e.write(e.escaped(c))
	}
	e.indicator(`"`, false, false, false)
}

// newLineInQuotes folds at a blank; when another blank follows, it is kept by a backslash.
func (e *yamlEmitter) newLineInQuotes(blankFollows bool) {
	e.whitespace, e.indention = false, false
	e.newIndent()
	if blankFollows {
		e.write(`\`)
	}
}

func (e *yamlEmitter) escaped(c rune) string {
	const names = "\x00\x07\x08\x09\x0a\x0b\x0c\x0d\x1b\"\\"
	const marks = `0abtnvfre"\`
	if i := strings.IndexRune(names, c); i >= 0 {
		return `\` + marks[i:i+1]
	}
	switch c {
	case 0x85:
		return `\N`
	case 0xa0:
		if !e.unicode {
			return `\_`
		}
	case 0x2028:
		return `\L`
	case 0x2029:
		return `\P`
	}
	switch {
	case printable(c, e.unicode):
		return string(c)
	case c <= 0xff:
		return fmt.Sprintf(`\x%02X`, c)
	case c <= 0xffff:
		return fmt.Sprintf(`\u%04X`, c)
	}
	return fmt.Sprintf(`\U%08X`, c)
}
