package jinja

import (
	"html"
	"strings"
	"unicode"

	"github.com/petrelhq/petrel/core/expr"
)

func filterEscape(c *Call, a []expr.Value) (expr.Value, error) {
	s, safe, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	if !safe {
		s = expr.EscapeHTML(s)
	}
	return expr.Markup(s), c.Budget.Grow(int64(len(s)))
}

func filterForceEscape(c *Call, a []expr.Value) (expr.Value, error) {
	s, _, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	s = expr.EscapeHTML(s)
	return expr.Markup(s), c.Budget.Grow(int64(len(s)))
}

func filterSafe(c *Call, a []expr.Value) (expr.Value, error) {
	s, _, err := c.soft(a[0])
	return expr.Markup(s), err
}

func filterStripTags(c *Call, a []expr.Value) (expr.Value, error) {
	s, _, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	s = cutBetween(s, "<!--", "-->")
	s = cutBetween(s, "<", ">")
	return html.UnescapeString(strings.Join(strings.FieldsFunc(s, isSpace), " ")), nil
}

// cutBetween removes everything from each open mark to the next end mark.
func cutBetween(s, open, end string) string {
	var sb strings.Builder
	for {
		i := strings.Index(s, open)
		if i < 0 {
			break
		}
		j := strings.Index(s[i:], end)
		if j < 0 {
			break
		}
		sb.WriteString(s[:i])
		s = s[i+j+len(end):]
	}
	return sb.String() + s
}

// quoteURL escapes all but letters, digits, "_.-~" and, outside queries, "/".
func quoteURL(s string, query bool) string {
	var sb strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c < 0x80 && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) || strings.IndexByte("_.-~", c) >= 0), c == '/' && !query:
			sb.WriteByte(c)
		case c == ' ' && query:
			sb.WriteByte('+')
		default:
			sb.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[c>>4])+string("0123456789abcdef"[c&15])))
		}
	}
	return sb.String()
}

func filterURLEncode(c *Call, a []expr.Value) (expr.Value, error) {
	if s, ok := expr.Text(a[0]); ok {
		if err := c.Budget.Grow(3 * int64(len(s))); err != nil {
			return nil, err
		}
		return quoteURL(s, false), nil
	}
	var pairs expr.Iterator
	var err error
	if d, ok := a[0].(*expr.Dict); ok {
		pairs, err = c.pairs(d)
	} else if pairs, err = expr.Iterate(c.Budget, a[0]); err != nil {
		s, _, err := c.soft(a[0])
		return quoteURL(s, false), err
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for {
		pair, ok, err := pairs.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return strings.Join(out, "&"), nil
		}
		kv, err := c.frame.unpack(pair, 2)
		if err != nil {
			return nil, err
		}
		k, _, err := c.soft(kv[0])
		if err != nil {
			return nil, err
		}
		v, _, err := c.soft(kv[1])
		if err != nil {
			return nil, err
		}
		if err := c.Budget.Grow(6 * int64(len(k)+len(v))); err != nil { // "%XX" for a byte, once more when joined
			return nil, err
		}
		out = append(out, quoteURL(k, true)+"="+quoteURL(v, true))
	}
}

func filterXMLAttr(c *Call, a []expr.Value) (expr.Value, error) {
	d, ok := a[0].(*expr.Dict)
	if !ok {
		return nil, c.noMethod(a[0], "items")
	}
	var parts []string
	for k, v := range d.All() {
		if _, undef := v.(*expr.Undefined); v == nil || undef {
			continue
		}
		name, ok := expr.Text(k)
		if !ok {
			return nil, expr.Errorf("TypeError", "expected string or bytes-like object, got '%s'", expr.TypeName(k))
		}
		if strings.ContainsAny(name, " \t\n\r\f\v/>=") {
			return nil, expr.Errorf("ValueError", "Invalid character in attribute name: %s", expr.QuoteText(name))
		}
		value, safe, err := c.soft(v)
		if err != nil {
			return nil, err
		}
		if !safe {
			value = expr.EscapeHTML(value)
		}
		parts = append(parts, expr.EscapeHTML(name)+`="`+value+`"`)
	}
	out := strings.Join(parts, " ")
	space, err := expr.Truthy(a[1])
	if space && out != "" {
		out = " " + out
	}
	return c.frame.markup(out), err
}
