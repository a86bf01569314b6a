package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core"
)

// errTimedOut is the cause of a context whose action took longer than its timeout parameter.
var errTimedOut = errors.New("the action took longer than its timeout")

// endedStatus says what an action became whose context was done before it was.
func endedStatus(cause error) core.Status {
	switch {
	case errors.Is(cause, errTimedOut), errors.Is(cause, context.DeadlineExceeded):
		return core.TimedOut
	case errors.Is(cause, core.ErrCanceled):
		return core.Canceled
	}
	return core.Abandoned
}

// object builds a JSON object in one pass.
type object struct {
	buf bytes.Buffer
	enc *json.Encoder
}

func newObject() *object {
	o := &object{}
	o.enc = json.NewEncoder(&o.buf)
	o.enc.SetEscapeHTML(false)
	o.buf.WriteByte('{')
	return o
}

func (o *object) key(name string) {
	if o.buf.Len() > 1 {
		o.buf.WriteByte(',')
	}
	o.value(name)
	o.buf.WriteByte(':')
}

// value writes v without the encoder's newline. Bytes that are not UTF-8 become
// replacement characters.
func (o *object) value(v any) error {
	if err := o.enc.Encode(v); err != nil {
		return err
	}
	o.buf.Truncate(o.buf.Len() - 1)
	return nil
}

// set adds a value that is known to have a JSON form.
func (o *object) set(name string, v any) {
	o.key(name)
	if o.value(v) != nil {
		o.buf.WriteString("null")
	}
}

func (o *object) number(name string, n int64) {
	o.key(name)
	o.buf.WriteString(strconv.FormatInt(n, 10))
}

// raw adds JSON text.
func (o *object) raw(name string, text []byte) {
	o.key(name)
	o.buf.Write(text)
}

// decoded adds text as the value it is the JSON form of, else as a string.
// st2: runners reference 1, stdout/stderr transform.
func (o *object) decoded(name string, text []byte) (isJSON bool) {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	if isValue(text) {
		o.raw(name, text)
		return true
	}
	o.set(name, string(text))
	return false
}

func (o *object) json() json.RawMessage {
	o.buf.WriteByte('}')
	return o.buf.Bytes()
}

// maxNesting keeps what programs print far below the depth at which readers of a result
// give up.
const maxNesting = 500

// isValue reports whether text is JSON that every reader of a result can decode: not too
// deep, and without numbers beyond a float's range.
func isValue(text []byte) bool {
	start := bytes.TrimLeft(text, " \t\r\n")
	if len(start) == 0 || !strings.ContainsRune(`{["-0123456789tfn`, rune(start[0])) {
		return false
	}
	return json.Valid(text) && decodable(text)
}

// decodable looks through valid JSON. The decoder is needed only where a number has an
// exponent or hundreds of digits.
func decodable(text []byte) bool {
	depth, number, check := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			i = endOfString(text, i)
			number = 0
		case '{', '[':
			if depth++; depth > maxNesting {
				return false
			}
		case '}', ']':
			depth--
			number = 0
		case ',', ':', ' ', '\t', '\r', '\n':
			number = 0
		default:
			if number++; (number > 300 || (c == 'e' || c == 'E') && number > 1) && text[i-1] <= '9' {
				check = true
			}
		}
	}
	return !check || numbersFit(text)
}

func endOfString(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}

func numbersFit(text []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := dec.Token(); err != nil {
			return err == io.EOF
		}
	}
}
