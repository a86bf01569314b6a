package functions

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// toYAMLString writes block-style YAML with sorted keys, as PyYAML's safe_dump does on libyaml.
func toYAMLString(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	e := yamlEmitter{b: b, step: 2, indent: -1, whitespace: true, indention: true, seen: map[any]int{}, names: map[any]string{}}
	if a[1] != nil {
		n, err := expr.AsInt(a[1])
		if err != nil {
			return nil, err
		}
		if n > 1 && n < 10 {
			e.step = int(n)
		}
	}
	var err error
	if e.unicode, err = expr.Truthy(a[2]); err != nil {
		return nil, err
	}
	if err := e.count(a[0], 0); err != nil {
		return nil, err
	}
	if err := e.node(a[0], 0, inRoot); err != nil {
		return nil, err
	}
	e.lineBreak()
	return e.sb.String(), nil
}

// yamlEmitter writes YAML; it keeps column and indentation as a typewriter would.
type yamlEmitter struct {
	b          *expr.Budget
	sb         strings.Builder
	step       int
	indent     int // of the current block; -1 at the top
	column     int
	whitespace bool // the last thing written was a blank
	indention  bool // only blanks and indicators so far on this line
	unicode    bool
	charged    int
	seen       map[any]int // how often a container occurs
	names      map[any]string
	anchors    int
}

type yamlPlace int

const (
	inRoot yamlPlace = iota
	inSequence
	inMapping
	inKey
)

// count finds the containers that occur more than once: they get an anchor.
func (e *yamlEmitter) count(v expr.Value, depth int) error {
	if depth > maxYAMLDepth {
		return expr.Errorf("RecursionError", "values nest deeper than %d levels", maxYAMLDepth)
	}
	if err := e.b.Step(1); err != nil {
		return err
	}
	switch x := v.(type) {
	case *expr.List:
		if e.seen[x]++; e.seen[x] == 1 {
			return e.countAll(x.Items, depth)
		}
	case expr.Tuple:
		return e.countAll(x, depth)
	case *expr.Dict:
		if e.seen[x]++; e.seen[x] == 1 {
			for _, item := range x.All() {
				if err := e.count(item, depth+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (e *yamlEmitter) countAll(items []expr.Value, depth int) error {
	for _, item := range items {
		if err := e.count(item, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (e *yamlEmitter) node(v expr.Value, depth int, where yamlPlace) error {
	if depth > maxYAMLDepth {
		return expr.Errorf("RecursionError", "values nest deeper than %d levels", maxYAMLDepth)
	}
	if err := e.charge(); err != nil {
		return err
	}
	switch x := v.(type) {
	case *expr.List:
		if e.reference(x) {
			return nil
		}
		return e.sequence(x.Items, depth, where)
	case expr.Tuple:
		return e.sequence(x, depth, where)
	case *expr.Dict:
		if e.reference(x) {
			return nil
		}
		return e.mapping(x, depth)
	}
	return e.scalarValue(v, where)
}

func (e *yamlEmitter) charge() error {
	n := e.sb.Len() - e.charged
	e.charged = e.sb.Len()
	if err := e.b.Grow(int64(n)); err != nil {
		return err
	}
	return e.b.Step(1)
}

// reference writes an anchor before the first occurrence of a shared container, and "*name" for later ones.
func (e *yamlEmitter) reference(v any) (done bool) {
	if e.seen[v] < 2 {
		return false
	}
	if name, ok := e.names[v]; ok {
		e.indicator("*"+name, true, false, false)
		return true
	}
	e.anchors++
	e.names[v] = fmt.Sprintf("id%03d", e.anchors)
	e.indicator("&"+e.names[v], true, false, false)
	return false
}

func (e *yamlEmitter) sequence(items []expr.Value, depth int, where yamlPlace) error {
	if len(items) == 0 {
		e.indicator("[]", true, false, false)
		return nil
	}
	saved := e.indent
	if where != inMapping || e.indention {
		e.deeper()
	}
	for _, item := range items {
		e.newIndent()
		e.indicator("-", true, false, true)
		if err := e.node(item, depth+1, inSequence); err != nil {
			return err
		}
	}
	e.indent = saved
	return nil
}

func (e *yamlEmitter) deeper() {
	if e.indent < 0 {
		e.indent = 0
	} else {
		e.indent += e.step
	}
}

func (e *yamlEmitter) mapping(d *expr.Dict, depth int) error {
	if d.Len() == 0 {
		e.indicator("{}", true, false, false)
		return nil
	}
	keys := d.Keys()
	if err := expr.Sort(e.b, keys); err != nil {
		if expr.ClassOf(err) != "TypeError" {
			return err
		}
		keys = d.Keys()
	}
	saved := e.indent
	e.deeper()
	for _, k := range keys {
		e.newIndent()
		v, _, err := d.Lookup(k)
		if err != nil {
			return err
		}
		if err := e.pair(k, v, depth); err != nil {
			return err
		}
	}
	e.indent = saved
	return nil
}

func (e *yamlEmitter) pair(k, v expr.Value, depth int) error {
	if simpleKey(k) {
		if err := e.node(k, depth+1, inKey); err != nil {
			return err
		}
		e.indicator(":", false, false, false)
		return e.node(v, depth+1, inMapping)
	}
	e.indicator("?", true, false, true)
	if err := e.node(k, depth+1, inMapping); err != nil {
		return err
	}
	e.newIndent()
	e.indicator(":", true, false, true)
	return e.node(v, depth+1, inMapping)
}

// simpleKey reports whether a key fits on the line of its value.
func simpleKey(k expr.Value) bool {
	switch x := k.(type) {
	case expr.Tuple:
		return len(x) == 0
	case string:
		return len(x) <= 128 && !strings.ContainsAny(x, "\n\u0085\u2028\u2029")
	}
	return true
}

// indicator writes punctuation or a word, with a blank before it when needed.
func (e *yamlEmitter) indicator(s string, needSpace, whitespace, indention bool) {
	if !e.whitespace && needSpace {
		s = " " + s
	}
	e.whitespace = whitespace
	e.indention = e.indention && indention
	e.write(s)
}

func (e *yamlEmitter) write(s string) {
	e.sb.WriteString(s)
	e.column += utf8.RuneCountInString(s)
}

func (e *yamlEmitter) lineBreak() {
	e.sb.WriteByte('\n')
	e.column = 0
	e.whitespace, e.indention = true, true
}

// newIndent goes to the indentation of the current block, on a new line unless it is still ahead.
func (e *yamlEmitter) newIndent() {
	indent := max(e.indent, 0)
	if !e.indention || e.column > indent || e.column == indent && !e.whitespace {
		e.lineBreak()
	}
	if e.column < indent {
		e.whitespace = true
		e.write(strings.Repeat(" ", indent-e.column))
	}
}
