package expr

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Str is Python's str(v).
func Str(b *Budget, v Value) (string, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case Markup:
		return string(x), nil
	case *Undefined:
		return "", x.use()
	case Stringer:
		return x.Str(b)
	}
	return Repr(b, v)
}

// ASCII is Python's ascii(v): the repr with escapes for everything beyond ASCII.
func ASCII(b *Budget, v Value) (string, error) {
	s, err := Repr(b, v)
	if err != nil {
		return "", err
	}
	out := TextBuilder{Budget: b}
	for _, r := range s {
		piece := string(r)
		switch {
		case r > 0xffff:
			piece = fmt.Sprintf(`\U%08x`, r)
		case r > 0xff:
			piece = fmt.Sprintf(`\u%04x`, r)
		case r >= utf8.RuneSelf:
			piece = fmt.Sprintf(`\x%02x`, r)
		}
		if err := out.Put(piece); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

// Repr is Python's repr(v).
func Repr(b *Budget, v Value) (string, error) {
	switch x := v.(type) { // the common scalars, without a builder
	case int64:
		return strconv.FormatInt(x, 10), nil
	case bool:
		return boolText(x), nil
	case nil:
		return "None", nil
	}
	w := reprWriter{b: b}
	if err := w.value(v, 0); err != nil {
		return "", err
	}
	return w.sb.String(), nil
}

func boolText(x bool) string {
	if x {
		return "True"
	}
	return "False"
}

// reprWriter builds the repr of a nested value; path holds the containers being written.
type reprWriter struct {
	b       *Budget
	sb      strings.Builder
	charged int
	path    []any
}

func (w *reprWriter) value(v Value, depth int) error {
	if err := w.charge(depth); err != nil {
		return err
	}
	switch x := v.(type) {
	case nil:
		w.sb.WriteString("None")
	case bool:
		w.sb.WriteString(boolText(x))
	case int64:
		w.sb.WriteString(strconv.FormatInt(x, 10))
	case *big.Int:
		return w.bigInt(x)
	case float64:
		w.sb.WriteString(FloatText(x))
	case string:
		w.sb.WriteString(QuoteText(x))
	case Markup:
		w.sb.WriteString("Markup(" + QuoteText(string(x)) + ")")
	case *Undefined:
		w.sb.WriteString("Undefined")
	case Object:
		return w.object(x)
	default:
		return w.container(v, depth)
	}
	return nil
}

// charge spends what was written since the last call, so that shared parts cannot explode.
func (w *reprWriter) charge(depth int) error {
	if err := nesting(depth); err != nil {
		return err
	}
	n := w.sb.Len() - w.charged
	w.charged = w.sb.Len()
	if err := w.b.Grow(int64(n)); err != nil {
		return err
	}
	return w.b.Step(1 + int64(len(w.path))/8)
}

// maxIntDigits is Python's limit for turning an int into text and back.
const maxIntDigits = 4300

func (w *reprWriter) bigInt(n *big.Int) error {
	s, err := BigText(n)
	w.sb.WriteString(s)
	return err
}

// BigText is the decimal text of n; ValueError beyond Python's 4300 digits.
func BigText(n *big.Int) (string, error) {
	if n.BitLen() > maxIntDigits*3322/1000 {
		if s := n.Text(10); len(strings.TrimPrefix(s, "-")) <= maxIntDigits && n.BitLen() < 1<<15 {
			return s, nil
		}
		return "", Errorf("ValueError", "Exceeds the limit (%d digits) for integer string conversion", maxIntDigits)
	}
	return n.Text(10), nil
}

func (w *reprWriter) object(x Object) error {
	var s string
	var err error
	switch o := x.(type) {
	case Reprer:
		s, err = o.Repr(w.b)
	case Stringer:
		s, err = o.Str(w.b)
	default:
		s = fmt.Sprintf("<%s object%s>", x.TypeName(), Address)
	}
	w.sb.WriteString(s)
	return err
}

func (w *reprWriter) container(v Value, depth int) error {
	if t, ok := v.(Tuple); ok {
		return w.tuple(t, depth)
	}
	for _, p := range w.path {
		if p == v {
			w.sb.WriteString(cutText(v))
			return nil
		}
	}
	w.path = append(w.path, v)
	defer func() { w.path = w.path[:len(w.path)-1] }()
	switch x := v.(type) {
	case *List:
		return w.items("[", x.Items, "]", depth)
	case *Dict:
		return w.dict(x, depth)
	case *Set:
		if x.Len() == 0 {
			w.sb.WriteString("set()")
			return nil
		}
		return w.items("{", x.Items(), "}", depth)
	}
	return Errorf("TypeError", "a Go %T is not a value of the expression languages", v)
}

func cutText(v Value) string {
	if _, ok := v.(*List); ok {
		return "[...]"
	}
	return "{...}"
}

func (w *reprWriter) tuple(t Tuple, depth int) error {
	if len(t) == 1 {
		return w.items("(", t, ",)", depth)
	}
	return w.items("(", t, ")", depth)
}

func (w *reprWriter) items(open string, items []Value, end string, depth int) error {
	w.sb.WriteString(open)
	for i, item := range items {
		if i > 0 {
			w.sb.WriteString(", ")
		}
		if err := w.value(item, depth+1); err != nil {
			return err
		}
	}
	w.sb.WriteString(end)
	return nil
}

func (w *reprWriter) dict(d *Dict, depth int) error {
	w.sb.WriteString("{")
	sep := ""
	for k, v := range d.All() {
		w.sb.WriteString(sep)
		sep = ", "
		if err := w.value(k, depth+1); err != nil {
			return err
		}
		w.sb.WriteString(": ")
		if err := w.value(v, depth+1); err != nil {
			return err
		}
	}
	w.sb.WriteString("}")
	return nil
}

// FloatText is Python's repr of a float: the shortest digits that read back the same.
func FloatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	exp, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if f != 0 && (exp < -4 || exp >= 16) {
		return s
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// QuoteText is Python's repr of a str.
func QuoteText(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var sb strings.Builder
	sb.Grow(len(s) + 2)
	sb.WriteByte(quote)
	for _, r := range s {
		quoteRune(&sb, r, quote)
	}
	sb.WriteByte(quote)
	return sb.String()
}

func quoteRune(sb *strings.Builder, r rune, quote byte) {
	switch {
	case r == rune(quote) || r == '\\':
		sb.WriteByte('\\')
		sb.WriteRune(r)
	case r == '\n':
		sb.WriteString(`\n`)
	case r == '\r':
		sb.WriteString(`\r`)
	case r == '\t':
		sb.WriteString(`\t`)
	case r == utf8.RuneError || unicode.IsPrint(r):
		sb.WriteRune(r)
	case r < 0x100:
		fmt.Fprintf(sb, `\x%02x`, r)
	case r < 0x10000:
		fmt.Fprintf(sb, `\u%04x`, r)
	default:
		fmt.Fprintf(sb, `\U%08x`, r)
	}
}
