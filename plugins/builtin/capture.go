package builtin

import "io"

// capture passes on what a stream prints and keeps the beginning of it for the result.
type capture struct {
	out  io.Writer
	kept []byte
	max  int
	cut  int64 // bytes not kept
}

func (c *capture) Write(b []byte) (int, error) {
	c.out.Write(b) // core.Output: writers never fail
	n := min(len(b), c.max-len(c.kept))
	c.kept = append(c.kept, b[:n]...)
	c.cut += int64(len(b) - n)
	return len(b), nil
}

// text is what was kept, without one newline at the end. st2: runners reference 1, newline strip.
func (c *capture) text() []byte {
	text := c.kept
	if c.cut > 0 {
		return text
	}
	for _, end := range []byte{'\n', '\r'} {
		if n := len(text); n > 0 && text[n-1] == end {
			text = text[:n-1]
		}
	}
	return text
}

// addTo adds the stream to a result, and how many bytes are missing if any are.
func (c *capture) addTo(o *object, name string) {
	if c.cut == 0 {
		o.decoded(name, c.text())
		return
	}
	o.set(name, string(c.text()))
	o.number(name+"_truncated", c.cut)
}
