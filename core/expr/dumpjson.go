package expr

import (
	"fmt"
	"math"
	"math/big"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSONOptions are those of Python's json.dumps.
type JSONOptions struct {
	ItemSeparator string // "" means ", " ("," when indented)
	KeySeparator  string // "" means ": "
	Indent        *string
	SortKeys      bool
	KeepUnicode   bool // ensure_ascii=False
}

// SetIndent sets the text that each level is indented by, or a number of blanks.
func (o *JSONOptions) SetIndent(v Value) error {
	pad, ok := Text(v)
	if !ok {
		n, err := AsInt(v)
		if err != nil {
			return err
		}
		pad = strings.Repeat(" ", int(min(max(n, 0), maxIndent)))
	}
	o.Indent = &pad
	return nil
}

// maxIndent is how far one level is indented at most.
const maxIndent = 1000

// ToJSON is Python's json.dumps(v); TypeError for what JSON cannot hold, ValueError for cycles.
func ToJSON(b *Budget, v Value, o JSONOptions) (string, error) {
	if o.KeySeparator == "" {
		o.KeySeparator = ": "
	}
	if o.ItemSeparator == "" {
		o.ItemSeparator = ", "
		if o.Indent != nil {
			o.ItemSeparator = ","
		}
	}
	w := jsonWriter{b: b, o: o}
	if err := w.value(v, 0); err != nil {
		return "", err
	}
	if err := w.charge(); err != nil {
		return "", err
	}
	return w.sb.String(), nil
}

// CompactJSON is ToJSON without spaces and with Unicode kept.
func CompactJSON(b *Budget, v Value) (string, error) {
	return ToJSON(b, v, JSONOptions{ItemSeparator: ",", KeySeparator: ":", KeepUnicode: true})
}

type jsonWriter struct {
	b       *Budget
	o       JSONOptions
	sb      strings.Builder
	charged int
	path    []any
}

func (w *jsonWriter) charge() error {
	n := w.sb.Len() - w.charged
	w.charged = w.sb.Len()
	if err := w.b.Grow(int64(n)); err != nil {
		return err
	}
	return w.b.Step(1 + int64(len(w.path))/8)
}

func (w *jsonWriter) value(v Value, depth int) error {
	if err := nesting(depth); err != nil {
		return err
	}
	if err := w.charge(); err != nil {
		return err
	}
	switch x := v.(type) {
	case nil:
		w.sb.WriteString("null")
	case bool:
		w.sb.WriteString(strconv.FormatBool(x))
	case int64:
		w.sb.WriteString(strconv.FormatInt(x, 10))
	case *big.Int:
		s, err := BigText(x)
		w.sb.WriteString(s)
		return err
	case float64:
		w.sb.WriteString(jsonFloat(x))
	case string:
		w.quote(x)
	case Markup:
		w.quote(string(x))
	default:
		return w.container(v, depth)
	}
	return nil
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return FloatText(f)
}

func (w *jsonWriter) container(v Value, depth int) error {
	if t, ok := v.(Tuple); ok {
		return w.array(t, depth)
	}
	for _, p := range w.path {
		if p == v {
			return Errorf("ValueError", "Circular reference detected")
		}
	}
	w.path = append(w.path, v)
	defer func() { w.path = w.path[:len(w.path)-1] }()
	switch x := v.(type) {
	case *List:
		return w.array(x.Items, depth)
	case *Dict:
		return w.object(x, depth)
	case Resolver:
		r, err := x.Resolve(w.b)
		if err != nil {
			return err
		}
		return w.value(r, depth+1)
	}
	return Errorf("TypeError", "Object of type %s is not JSON serializable", TypeName(v))
}

func (w *jsonWriter) array(items []Value, depth int) error {
	if len(items) == 0 {
		w.sb.WriteString("[]")
		return nil
	}
	w.sb.WriteByte('[')
	for i, item := range items {
		w.between(i, depth+1)
		if err := w.value(item, depth+1); err != nil {
			return err
		}
	}
	w.newline(depth)
	w.sb.WriteByte(']')
	return nil
}

func (w *jsonWriter) between(i, depth int) {
	if i > 0 {
		w.sb.WriteString(w.o.ItemSeparator)
	}
	w.newline(depth)
}

func (w *jsonWriter) newline(depth int) {
	if w.o.Indent != nil {
		w.sb.WriteByte('\n')
		w.sb.WriteString(strings.Repeat(*w.o.Indent, depth))
	}
}

func (w *jsonWriter) object(d *Dict, depth int) error {
	if d.Len() == 0 {
		w.sb.WriteString("{}")
		return nil
	}
	keys := d.Keys()
	if w.o.SortKeys {
		if err := Sort(w.b, keys); err != nil {
			return err
		}
	}
	w.sb.WriteByte('{')
	for i, k := range keys {
		w.between(i, depth+1)
		name, err := jsonKey(k)
		if err != nil {
			return err
		}
		w.quote(name)
		w.sb.WriteString(w.o.KeySeparator)
		v, _, err := d.Lookup(k)
		if err != nil {
			return err
		}
		if err := w.value(v, depth+1); err != nil {
			return err
		}
	}
	w.newline(depth)
	w.sb.WriteByte('}')
	return nil
}

func jsonKey(k Value) (string, error) {
	switch x := k.(type) {
	case string:
		return x, nil
	case Markup:
		return string(x), nil
	case nil:
		return "null", nil
	case bool:
		return strconv.FormatBool(x), nil
	case float64:
		return jsonFloat(x), nil
	case int64, *big.Int:
		return Repr(nil, x)
	}
	return "", Errorf("TypeError", "keys must be str, int, float, bool or None, not %s", TypeName(k))
}

func (w *jsonWriter) quote(s string) {
	w.sb.WriteByte('"')
	for _, r := range s {
		w.quoteRune(r)
	}
	w.sb.WriteByte('"')
}

func (w *jsonWriter) quoteRune(r rune) {
	switch {
	case r == '"' || r == '\\':
		w.sb.WriteByte('\\')
		w.sb.WriteByte(byte(r))
	case r == '\n':
		w.sb.WriteString(`\n`)
	case r == '\r':
		w.sb.WriteString(`\r`)
	case r == '\t':
		w.sb.WriteString(`\t`)
	case r == '\b':
		w.sb.WriteString(`\b`)
	case r == '\f':
		w.sb.WriteString(`\f`)
	case r < 0x20:
		fmt.Fprintf(&w.sb, `\u%04x`, r)
	case r < utf8.RuneSelf || w.o.KeepUnicode:
		w.sb.WriteRune(r)
	case r > 0xffff:
		r -= 0x10000
		fmt.Fprintf(&w.sb, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
	default:
		fmt.Fprintf(&w.sb, `\u%04x`, r)
	}
}

// Sort orders items in place, stably, as Python's sort; TypeError when two do not compare.
func Sort(b *Budget, items []Value) error {
	var failed error
	sort.SliceStable(items, func(i, j int) bool {
		if failed != nil {
			return false
		}
		less, err := Less(b, items[i], items[j])
		failed = err
		return less
	})
	return failed
}
