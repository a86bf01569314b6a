package jinja

import (
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// formatter is one run of str.format; attributes are reached as in templates, so nothing unsafe is.
type formatter struct {
	f      *frame
	args   []expr.Value
	named  func(name string) (expr.Value, bool, error)
	escape bool
	auto   int // next automatic field number, or -1 once fields are numbered by hand
	manual bool
	out    buffer
}

func strFormat(c *Call, a []expr.Value) (expr.Value, error) {
	named := func(name string) (expr.Value, bool, error) {
		v, ok := c.Kwarg(name)
		return v, ok, nil
	}
	return c.format(a[0], a[1:], named)
}

func strFormatMap(c *Call, a []expr.Value) (expr.Value, error) {
	named := func(name string) (expr.Value, bool, error) { return c.frame.subscript(a[1], name) }
	return c.format(a[0], nil, named)
}

func (c *Call) format(self expr.Value, args []expr.Value, named func(string) (expr.Value, bool, error)) (expr.Value, error) {
	s, _ := expr.Text(self)
	_, safe := self.(expr.Markup)
	f := &formatter{f: c.frame, args: args, named: named, escape: safe, out: *newBuffer(c.Budget)}
	if err := f.run(s, 2, &f.out); err != nil {
		return nil, err
	}
	if safe {
		return expr.Markup(f.out.String()), nil
	}
	return f.out.String(), nil
}

// run formats s into out; depth is how deep fields may still nest in format specs.
func (f *formatter) run(s string, depth int, out *buffer) error {
	if depth == 0 {
		return expr.Errorf("ValueError", "Max string recursion exceeded")
	}
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			return out.Put(s)
		}
		if err := out.Put(s[:i]); err != nil {
			return err
		}
		if i+1 < len(s) && s[i+1] == s[i] {
			if err := out.Put(s[i : i+1]); err != nil {
				return err
			}
			s = s[i+2:]
			continue
		}
		if s[i] == '}' {
			return expr.Errorf("ValueError", "Single '}' encountered in format string")
		}
		end, err := fieldEnd(s[i+1:])
		if err != nil {
			return err
		}
		if err := f.field(s[i+1:i+1+end], depth, out); err != nil {
			return err
		}
		s = s[i+2+end:]
	}
	return nil
}

// fieldEnd is where the "}" of a field is.
func fieldEnd(s string) (int, error) {
	depth, inIndex, inName := 1, false, true
	for i := range len(s) {
		switch c := s[i]; {
		case inIndex:
			inIndex = c != ']'
			inName = inName && c != ':' && c != '!'
		case c == ':' || c == '!':
			inName = false
		case c == '[' && depth == 1 && inName:
			inIndex = true
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i, nil
			}
		}
	}
	if s == "" {
		return 0, expr.Errorf("ValueError", "Single '{' encountered in format string")
	}
	return 0, expr.Errorf("ValueError", "expected '}' before end of string")
}

// field formats "name!conversion:spec".
func (f *formatter) field(field string, depth int, out *buffer) error {
	if err := f.f.budget.Step(1); err != nil {
		return err
	}
	name, conversion, spec, err := splitField(field)
	if err != nil {
		return err
	}
	v, err := f.lookup(name)
	if err != nil {
		return err
	}
	if v, err = f.convert(v, conversion); err != nil {
		return err
	}
	inner := newBuffer(f.f.budget)
	if err := f.run(spec, depth-1, inner); err != nil && spec != "" {
		return err
	}
	text, err := f.text(v, inner.String())
	if err != nil {
		return err
	}
	return out.Put(text)
}

func splitField(field string) (name string, conversion byte, spec string, err error) {
	i := fieldNameEnd(field)
	name = field[:i]
	rest := field[i:]
	if strings.HasPrefix(rest, "!") {
		if len(rest) < 2 || len(rest) > 2 && rest[2] != ':' {
			return "", 0, "", expr.Errorf("ValueError", "expected ':' after conversion specifier")
		}
		conversion, rest = rest[1], rest[2:]
	}
	return name, conversion, strings.TrimPrefix(rest, ":"), nil
}

func fieldNameEnd(field string) int {
	inIndex := false
	for i := range len(field) {
		switch c := field[i]; {
		case inIndex:
			inIndex = c != ']'
		case c == '[':
			inIndex = true
		case c == '!' || c == ':':
			return i
		}
	}
	return len(field)
}

func (f *formatter) convert(v expr.Value, conversion byte) (expr.Value, error) {
	switch conversion {
	case 0:
		return v, nil
	case 's':
		s, err := expr.Str(f.f.budget, v)
		return s, err
	case 'a':
		return expr.ASCII(f.f.budget, v)
	case 'r':
		s, err := expr.Repr(f.f.budget, v)
		return s, err
	}
	return nil, expr.Errorf("ValueError", "Unknown conversion specifier %c", conversion)
}

func (f *formatter) text(v expr.Value, spec string) (string, error) {
	if _, safe := v.(expr.Markup); safe && f.escape && spec != "" {
		return "", expr.Errorf("ValueError", "Unsupported format specification for Markup.")
	}
	s, err := expr.Format(f.f.budget, v, spec)
	if _, safe := v.(expr.Markup); f.escape && !safe {
		s = expr.EscapeHTML(s)
	}
	return s, err
}

// lookup finds "first.attr[index]".
func (f *formatter) lookup(name string) (expr.Value, error) {
	i := strings.IndexAny(name, ".[")
	if i < 0 {
		i = len(name)
	}
	v, err := f.first(name[:i])
	for rest := name[i:]; err == nil && rest != ""; {
		if err := f.f.budget.Step(1); err != nil {
			return nil, err
		}
		v, rest, err = f.step(v, rest)
	}
	return v, err
}

func (f *formatter) first(name string) (expr.Value, error) {
	if name == "" {
		if f.manual {
			return nil, expr.Errorf("ValueError", "cannot switch from manual field specification to automatic field numbering")
		}
		f.auto++
		return f.arg(f.auto - 1)
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && name[0] != '+' {
		if f.auto > 0 {
			return nil, expr.Errorf("ValueError", "cannot switch from manual field specification to automatic field numbering")
		}
		f.manual = true
		return f.arg(n)
	}
	v, ok, err := f.named(name)
	if err == nil && !ok {
		err = expr.Errorf("KeyError", "%s", expr.QuoteText(name))
	}
	return v, err
}

func (f *formatter) arg(n int) (expr.Value, error) {
	if n >= len(f.args) {
		return nil, expr.Errorf("IndexError", "Replacement index %d out of range for positional args tuple", n)
	}
	return f.args[n], nil
}

// step follows one ".attr" or "[index]".
func (f *formatter) step(v expr.Value, rest string) (expr.Value, string, error) {
	if rest[0] == '.' {
		rest = rest[1:]
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return nil, "", expr.Errorf("ValueError", "Empty attribute in format string")
		}
		v, err := f.f.getAttr(v, rest[:end])
		return v, rest[end:], err
	}
	end := strings.IndexByte(rest, ']')
	if rest[0] != '[' || end < 0 {
		return nil, "", expr.Errorf("ValueError", "Only '.' or '[' may follow ']' in format field specifier")
	}
	var key expr.Value = rest[1:end]
	if n, err := strconv.Atoi(rest[1:end]); err == nil && n >= 0 {
		key = int64(n)
	}
	v, err := f.f.getItem(v, key)
	return v, rest[end+1:], err
}
