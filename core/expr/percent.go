package expr

import (
	"math/big"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Percent is Python's format % args.
func Percent(b *Budget, format, args Value) (Value, error) {
	s, _ := Text(format)
	_, markup := format.(Markup)
	p := percent{b: b, src: s, escape: markup, source: args, args: []Value{args}}
	switch a := args.(type) {
	case Tuple:
		p.args = a
	case *Dict:
		p.dict, p.lenient = a, true
	case *List, *Range, *Undefined:
		p.lenient = true // anything with subscripts counts as a mapping: unused is no error
	}
	if err := p.run(); err != nil {
		return nil, err
	}
	if markup {
		return Markup(p.out.String()), nil
	}
	return p.out.String(), nil
}

// percent is one run over a format string.
type percent struct {
	b       *Budget
	src     string
	out     strings.Builder
	source  Value // what stands after the percent sign
	args    []Value
	next    int
	dict    *Dict
	lenient bool
	escape  bool
}

func (p *percent) run() error {
	for {
		i := strings.IndexByte(p.src, '%')
		if i < 0 {
			break
		}
		p.out.WriteString(p.src[:i])
		p.src = p.src[i+1:]
		if err := p.directive(); err != nil {
			return err
		}
		if err := p.b.Step(1); err != nil {
			return err
		}
	}
	p.out.WriteString(p.src)
	if p.next < len(p.args) && !p.lenient {
		return Errorf("TypeError", "not all arguments converted during string formatting")
	}
	return nil
}

// directive handles what follows one percent sign.
func (p *percent) directive() error {
	if strings.HasPrefix(p.src, "%") {
		p.src = p.src[1:]
		p.out.WriteByte('%')
		return nil
	}
	source, named, err := p.mappingKey()
	if err != nil {
		return err
	}
	f := formatSpec{fill: ' ', precision: -1}
	p.flags(&f)
	if err := p.sizes(&f); err != nil {
		return err
	}
	if p.src != "" && strings.IndexByte("hlL", p.src[0]) >= 0 {
		p.src = p.src[1:]
	}
	if p.src == "" {
		return Errorf("ValueError", "incomplete format")
	}
	verb, n := utf8.DecodeRuneInString(p.src)
	p.src = p.src[n:]
	v := source
	if !named {
		if v, err = p.take(); err != nil {
			return err
		}
	}
	text, err := p.convert(f, verb, v)
	if err != nil {
		return err
	}
	p.out.WriteString(text)
	return p.b.Grow(int64(len(text)))
}

// mappingKey reads "(name)" and gives the value under it.
func (p *percent) mappingKey() (v Value, named bool, err error) {
	if !strings.HasPrefix(p.src, "(") {
		return nil, false, nil
	}
	if u, ok := p.source.(*Undefined); ok {
		return nil, false, u.Err()
	}
	if p.dict == nil {
		return nil, false, Errorf("TypeError", "format requires a mapping")
	}
	depth := 0
	for i := range len(p.src) {
		switch p.src[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth > 0 {
			continue
		}
		name := p.src[1:i]
		p.src = p.src[i+1:]
		v, ok := p.dict.Get(name)
		if !ok {
			return nil, false, Errorf("KeyError", "%s", QuoteText(name))
		}
		return v, true, nil
	}
	return nil, false, Errorf("ValueError", "incomplete format key")
}

func (p *percent) flags(f *formatSpec) {
	for ; p.src != ""; p.src = p.src[1:] {
		switch p.src[0] {
		case '-':
			f.align = '<'
		case '+':
			f.sign = '+'
		case ' ':
			if f.sign == 0 {
				f.sign = ' '
			}
		case '#':
			f.alt = true
		case '0':
			f.fill = '0'
		default:
			return
		}
	}
}

func (p *percent) sizes(f *formatSpec) (err error) {
	if f.width, err = p.size(0); err != nil {
		return err
	}
	if f.width < 0 {
		f.align, f.width = '<', -f.width
	}
	if strings.HasPrefix(p.src, ".") {
		p.src = p.src[1:]
		if f.precision, err = p.size(0); err != nil {
			return err
		}
		f.precision = max(f.precision, 0)
	}
	return p.b.Grow(int64(f.width) + int64(max(f.precision, 0)))
}

// size reads a number, or takes it from the arguments for "*".
func (p *percent) size(missing int) (int, error) {
	if !strings.HasPrefix(p.src, "*") {
		n, rest, err := takeNumber(p.src, missing)
		p.src = rest
		return n, err
	}
	p.src = p.src[1:]
	v, err := p.take()
	if err != nil {
		return 0, err
	}
	n, ok := smallInt(v)
	if !ok {
		return 0, Errorf("TypeError", "* wants int")
	}
	if n > maxPadding || n < -maxPadding {
		return 0, Errorf("ValueError", "width too big")
	}
	return int(n), nil
}

func (p *percent) take() (Value, error) {
	if p.next >= len(p.args) {
		return nil, Errorf("TypeError", "not enough arguments for format string")
	}
	p.next++
	return p.args[p.next-1], nil
}

func (p *percent) convert(f formatSpec, verb rune, v Value) (string, error) {
	switch verb {
	case 's', 'r', 'a':
		return p.text(f, verb, v)
	case 'c':
		return p.char(f, v)
	case 'd', 'i', 'u', 'x', 'X', 'o':
		return p.integer(f, verb, v)
	case 'e', 'E', 'f', 'F', 'g', 'G':
		return p.float(f, verb, v)
	}
	return "", Errorf("ValueError", "unsupported format character '%c' (0x%x)", verb, verb)
}

func (p *percent) text(f formatSpec, verb rune, v Value) (string, error) {
	var s string
	var err error
	switch verb {
	case 's':
		s, err = Str(p.b, v)
		if _, safe := v.(Markup); p.escape && !safe {
			s = EscapeHTML(s)
		}
	case 'a':
		s, err = ASCII(p.b, v)
	default:
		s, err = Repr(p.b, v)
	}
	if err != nil {
		return "", err
	}
	if f.precision >= 0 {
		s = cutRunes(s, f.precision)
	}
	f.fill = ' '
	return f.pad("", s, '>'), nil
}

func (p *percent) char(f formatSpec, v Value) (string, error) {
	f.fill = ' '
	if s, ok := Text(v); ok {
		if utf8.RuneCountInString(s) != 1 {
			return "", Errorf("TypeError", "%%c requires int or char")
		}
		return f.pad("", s, '>'), nil
	}
	n, ok := smallInt(v)
	if !ok {
		return "", Errorf("TypeError", "%%c requires int or char")
	}
	if n < 0 || n > utf8.MaxRune {
		return "", Errorf("OverflowError", "%%c arg not in range(0x110000)")
	}
	return f.pad("", string(rune(n)), '>'), nil
}

func (p *percent) integer(f formatSpec, verb rune, v Value) (string, error) {
	n, err := p.intArg(verb, v)
	if err != nil {
		return "", err
	}
	base, prefix := 10, f.signOf(n.Sign() < 0)
	switch verb {
	case 'x', 'X':
		base = 16
	case 'o':
		base = 8
	}
	body, err := digits(n, base)
	if err != nil {
		return "", err
	}
	if missing := f.precision - len(body); missing > 0 {
		body = strings.Repeat("0", missing) + body
	}
	if f.alt && base != 10 {
		prefix += "0" + string(verb)
	}
	if verb == 'X' {
		body = strings.ToUpper(body)
	}
	return f.zeroPad(prefix, body), nil
}

func (f formatSpec) zeroPad(prefix, body string) string {
	if f.align == '<' {
		f.fill = ' '
	} else if f.fill == '0' {
		f.align = '='
	}
	return f.pad(prefix, body, '>')
}

func (p *percent) intArg(verb rune, v Value) (*big.Int, error) {
	switch x := v.(type) {
	case bool, int64, *big.Int:
		return Big(x), nil
	case float64:
		if verb == 'd' || verb == 'i' || verb == 'u' {
			n, err := Trunc(x)
			return Big(n), err
		}
	case *Undefined:
		return nil, x.Err()
	}
	if verb == 'd' || verb == 'i' || verb == 'u' {
		return nil, Errorf("TypeError", "%%%c format: a real number is required, not %s", verb, TypeName(v))
	}
	return nil, Errorf("TypeError", "%%%c format: an integer is required, not %s", verb, TypeName(v))
}

func (p *percent) float(f formatSpec, verb rune, v Value) (string, error) {
	x, err := Float(v)
	if err != nil {
		return "", err
	}
	f.verb = byte(verb)
	g := f
	g.width, g.fill = 0, ' '
	s, err := g.float(x)
	if err != nil {
		return "", err
	}
	prefix := ""
	if s != "" && strings.IndexByte("+- ", s[0]) >= 0 {
		prefix, s = s[:1], s[1:]
	}
	return f.zeroPad(prefix, s), nil
}

// PercentPieces takes a format apart into one piece for each of n values, with its text around, when
// all directives are plain %s, %r and %a.
//
// CPython since 3.11 compiles such a format and a tuple written beside it into an f-string, so each
// value becomes text before the next one is evaluated.
func PercentPieces(format string, n int) ([]string, bool) {
	pieces := plainFormat.FindAllString(format, -1)
	rest, whole := strings.CutPrefix(format, strings.Join(pieces, ""))
	if n == 0 || len(pieces) != n || !whole || strings.Contains(strings.ReplaceAll(rest, "%%", ""), "%") {
		return nil, false
	}
	pieces[n-1] += rest
	return pieces, true
}

// plainFormat is text and one plain directive; its digits are limited as CPython limits them.
var plainFormat = regexp.MustCompile(`(?:[^%]|%%)*%[-+ #0]*[0-9]{0,3}(?:\.[0-9]{0,3})?[sra]`)
