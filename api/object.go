package api

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core"
)

// object writes one JSON object, member by member in the order shown, leaving out what
// was not asked for. It writes straight into a buffer: lists of executions are long.
type object struct {
	b    []byte
	pick *picked
	n    int
	err  error
}

// begin starts an object at the end of b.
func begin(b []byte, p *picked) *object { return &object{b: append(b, '{'), pick: p} }

// end returns the buffer with the finished object.
func (o *object) end() ([]byte, error) { return append(o.b, '}'), o.err }

// member writes a name, if it is wanted.
func (o *object) member(name string) bool {
	if !o.pick.has(name) {
		return false
	}
	if o.n > 0 {
		o.b = append(o.b, ',')
	}
	o.n++
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
	return true
}

func (o *object) text(name, v string) {
	if o.member(name) {
		o.b = appendText(o.b, v)
	}
}

// some writes a text unless it is empty.
func (o *object) some(name, v string) {
	if v != "" {
		o.text(name, v)
	}
}

func (o *object) flag(name string, v bool) {
	if o.member(name) {
		o.b = strconv.AppendBool(o.b, v)
	}
}

func (o *object) number(name string, n int64) {
	if o.member(name) {
		o.b = strconv.AppendInt(o.b, n, 10)
	}
}

// at writes a moment unless it has not come yet.
func (o *object) at(name string, t core.Time) {
	if t != 0 {
		o.text(name, t.String())
	}
}

// raw writes what is JSON already; what is missing is written as otherwise, or left out
// when that is empty.
func (o *object) raw(name string, v []byte, otherwise string) {
	if len(v) == 0 {
		v = []byte(otherwise)
	}
	if len(v) > 0 && o.member(name) {
		o.b = append(o.b, v...)
	}
}

// truthy writes JSON unless it is what Python calls false.
// st2: rest-api reference, executions omit every falsy attribute.
func (o *object) truthy(name string, v []byte) {
	switch string(v) {
	case "", "null", "{}", "[]", `""`, "0", "false":
		return
	}
	o.raw(name, v, "")
}

// value writes any value.
func (o *object) value(name string, v any) {
	if !o.pick.has(name) {
		return
	}
	raw, err := json.Marshal(v)
	if err != nil {
		o.err = err
		return
	}
	o.raw(name, raw, "")
}

// objectOr writes a map, {} when there is none.
func (o *object) objectOr(name string, m map[string]any) {
	if len(m) == 0 {
		o.raw(name, nil, "{}")
		return
	}
	o.value(name, m)
}

// list writes a list, [] when there is none.
func list[T any](o *object, name string, vs []T) {
	if len(vs) == 0 {
		o.raw(name, nil, "[]")
		return
	}
	o.value(name, vs)
}

// appendText appends s as a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			raw, _ := json.Marshal(s)
			return append(b, raw...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// array writes a JSON list of things that write themselves.
func array[T any](vs []T, write func(b []byte, v T) ([]byte, error)) ([]byte, error) {
	b := []byte{'['}
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = write(b, v); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}
