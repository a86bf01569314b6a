package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/printed"
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

// stream adds what a stream printed, and how many bytes are missing if any are.
func (o *object) stream(name string, s *printed.Stream) {
	o.raw(name, s.JSON())
	if s.Cut() > 0 {
		o.number(name+"_truncated", s.Cut())
	}
}

func (o *object) json() json.RawMessage {
	o.buf.WriteByte('}')
	return o.buf.Bytes()
}
