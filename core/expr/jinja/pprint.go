package jinja

import (
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// pprintWidth is the line width of Python's pprint.
const pprintWidth = 80

// prettyPrinter lays out nested values over lines, dict keys in order.
type prettyPrinter struct {
	b     *expr.Budget
	out   buffer
	depth int
}

func filterPprint(c *Call, a []expr.Value) (expr.Value, error) {
	p := prettyPrinter{b: c.Budget, out: *newBuffer(c.Budget)}
	if err := p.value(a[0], 0, 0); err != nil {
		return nil, err
	}
	return p.out.String(), nil
}

// value writes v at a column; after is how many characters must still fit behind it.
func (p *prettyPrinter) value(v expr.Value, indent, after int) error {
	if p.depth++; p.depth > maxDepth {
		return expr.Errorf("RecursionError", "values nest deeper than %d levels", maxDepth)
	}
	defer func() { p.depth-- }()
	one, err := p.oneLine(v)
	if err != nil {
		return err
	}
	if utf8.RuneCountInString(one) <= pprintWidth-indent-after {
		return p.out.Put(one)
	}
	switch x := v.(type) {
	case *expr.Dict:
		return p.dict(x, indent, after)
	case *expr.List:
		return p.items("[", x.Items, "]", indent, after)
	case expr.Tuple:
		end := ")"
		if len(x) == 1 {
			end = ",)"
		}
		return p.items("(", x, end, indent, after)
	case string:
		return p.text(x, indent, after)
	}
	return p.out.Put(one)
}

// oneLine is the repr with dict keys in order.
func (p *prettyPrinter) oneLine(v expr.Value) (string, error) {
	s, err := p.sorted(v, 0)
	if err != nil {
		return "", err
	}
	return expr.Repr(p.b, s)
}

// sorted copies v with the keys of its dicts in order.
func (p *prettyPrinter) sorted(v expr.Value, depth int) (expr.Value, error) {
	if depth > maxDepth {
		return nil, expr.Errorf("RecursionError", "values nest deeper than %d levels", maxDepth)
	}
	switch x := v.(type) {
	case *expr.Dict:
		out := expr.NewDict()
		keys, err := p.keys(x)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			item, _, err := x.Lookup(k)
			if err != nil {
				return nil, err
			}
			if item, err = p.sorted(item, depth+1); err != nil {
				return nil, err
			}
			if err := out.Set(k, item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case *expr.List:
		items, err := p.sortedAll(x.Items, depth)
		return expr.NewList(items...), err
	case expr.Tuple:
		items, err := p.sortedAll(x, depth)
		return expr.Tuple(items), err
	}
	return v, nil
}

func (p *prettyPrinter) sortedAll(items []expr.Value, depth int) ([]expr.Value, error) {
	if err := p.b.GrowItems(len(items) + 1); err != nil {
		return nil, err
	}
	out := make([]expr.Value, len(items))
	for i, item := range items {
		s, err := p.sorted(item, depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

// keys are the keys in order; those that do not compare go by type name.
func (p *prettyPrinter) keys(d *expr.Dict) ([]expr.Value, error) {
	keys := d.Keys()
	if err := p.b.GrowItems(len(keys)); err != nil {
		return nil, err
	}
	if err := expr.Sort(p.b, keys); err != nil {
		if expr.ClassOf(err) != "TypeError" {
			return nil, err
		}
		keys = d.Keys()
		names := make([]expr.Value, len(keys))
		for i, k := range keys {
			names[i] = expr.TypeName(k)
		}
		return keys, sortValues(p.b, keys, names, false)
	}
	return keys, nil
}

func (p *prettyPrinter) items(open string, items []expr.Value, end string, indent, after int) error {
	if err := p.out.Put(open); err != nil {
		return err
	}
	for i, item := range items {
		behind := 1
		if i > 0 {
			if err := p.out.Put(",\n" + strings.Repeat(" ", indent+1)); err != nil {
				return err
			}
		}
		if i == len(items)-1 {
			behind = after + len(end)
		}
		if err := p.value(item, indent+1, behind); err != nil {
			return err
		}
	}
	return p.out.Put(end)
}

func (p *prettyPrinter) dict(d *expr.Dict, indent, after int) error {
	keys, err := p.keys(d)
	if err != nil {
		return err
	}
	if err := p.out.Put("{"); err != nil {
		return err
	}
	for i, k := range keys {
		if i > 0 {
			if err := p.out.Put(",\n" + strings.Repeat(" ", indent+1)); err != nil {
				return err
			}
		}
		name, err := p.oneLine(k)
		if err != nil {
			return err
		}
		if err := p.out.Put(name + ": "); err != nil {
			return err
		}
		behind := 1
		if i == len(keys)-1 {
			behind = after + 1
		}
		v, _, err := d.Lookup(k)
		if err != nil {
			return err
		}
		if err := p.value(v, indent+1+utf8.RuneCountInString(name)+2, behind); err != nil {
			return err
		}
	}
	return p.out.Put("}")
}

// text breaks a long string into literals, one a line.
func (p *prettyPrinter) text(s string, indent, after int) error {
	top := p.depth == 1
	if top {
		indent++
		after++
	}
	if err := p.b.Grow(4 * int64(len(s))); err != nil { // the rows, quoted
		return err
	}
	if err := p.b.Step(int64(len(s)) / 4); err != nil { // every word is quoted with the row before it
		return err
	}
	rows := p.rows(s, pprintWidth-indent, after)
	out := strings.Join(rows, "\n"+strings.Repeat(" ", indent))
	if len(rows) > 1 && top {
		out = "(" + out + ")"
	}
	return p.out.Put(out)
}

func (p *prettyPrinter) rows(s string, width, after int) []string {
	var rows []string
	lines := splitLines(s, true)
	for i, line := range lines {
		quoted := expr.QuoteText(line)
		room := width
		last := i == len(lines)-1
		if last {
			room -= after
		}
		if utf8.RuneCountInString(quoted) <= room {
			rows = append(rows, quoted)
			continue
		}
		rows = append(rows, p.words(line, width, after, last)...)
	}
	return rows
}

// words breaks one line of a long string between words.
func (p *prettyPrinter) words(line string, width, after int, last bool) []string {
	var rows []string
	current := ""
	parts := wordParts(line)
	for i, part := range parts {
		room := width
		if last && i == len(parts)-1 {
			room -= after
		}
		if current != "" && utf8.RuneCountInString(expr.QuoteText(current+part)) > room {
			rows = append(rows, expr.QuoteText(current))
			current = part
		} else {
			current += part
		}
	}
	if current != "" {
		rows = append(rows, expr.QuoteText(current))
	}
	return rows
}

// wordParts cuts a line into words with the blanks that follow them.
func wordParts(line string) []string {
	var out []string
	for line != "" {
		end := strings.IndexFunc(line, isSpace)
		if end < 0 {
			return append(out, line)
		}
		for end < len(line) {
			r, n := utf8.DecodeRuneInString(line[end:])
			if !isSpace(r) {
				break
			}
			end += n
		}
		out = append(out, line[:end])
		line = line[end:]
	}
	return out
}
