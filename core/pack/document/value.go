// Package document reads YAML as PyYAML's safe loader does, and JSON, into values that
// keep the order of keys and know where they stand in the text.
//
// PyYAML speaks YAML 1.1: yes, no, on and off are booleans, 010 is eight, 1e3 is a text.
// Packs are written for it. Of a key given twice the last value counts.
// st2: metadata reference 1, YAML loader.
package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Value is one value of a document: a scalar, a list or an object.
type Value struct {
	Line, Column int // from 1; 0 where the source has no lines
	Kind         Kind
	Scalar       any // nil, bool, json.Number or string
	Items        []*Value
	Fields       []Field

	size int // of the tree it stands for, aliases written out
}

// Kind tells what a Value holds.
type Kind int

const (
	Scalar Kind = iota
	List
	Object
)

// Field is one key of an object, with the place of the key itself.
type Field struct {
	Name         string
	Line, Column int
	Value        *Value
}

// Fault is something wrong with a document, or worth a warning, at a place in its text.
type Fault struct {
	Line, Column int
	Text         string
}

func (f *Fault) Error() string { return fmt.Sprintf("%d:%d: %s", f.Line, f.Column, f.Text) }

// Field returns the field called name, nil if v has none.
func (v *Value) Field(name string) *Field {
	for i := range v.Fields {
		if v.Fields[i].Name == name {
			return &v.Fields[i]
		}
	}
	return nil
}

// Place returns the line and column of what path leads to, or of the last on the way
// that exists: of the key for fields, of the value for items. Keys that hold dots may be
// cut at them.
func (v *Value) Place(path []string) (line, column int) {
	line, column = v.Line, v.Column
	for at := v; len(path) > 0; {
		f, steps := at.nearest(path)
		if f == nil {
			break
		}
		line, column, at, path = f.Line, f.Column, f.Value, path[steps:]
	}
	return line, column
}

// nearest returns what the first steps of path lead to, and how many it took.
func (v *Value) nearest(path []string) (*Field, int) {
	if item := v.item(path[0]); item != nil {
		return &Field{Line: item.Line, Column: item.Column, Value: item}, 1
	}
	for n := range path {
		if f := v.Field(strings.Join(path[:n+1], ".")); f != nil {
			return f, n + 1
		}
	}
	return nil, 0
}

func (v *Value) item(step string) *Value {
	i, err := strconv.Atoi(step)
	if err != nil || i < 0 || i >= len(v.Items) {
		return nil
	}
	return v.Items[i]
}

// IsNull reports whether v is null.
func (v *Value) IsNull() bool { return v.Kind == Scalar && v.Scalar == nil }

// Interface returns v as decoded JSON, numbers as json.Number.
func (v *Value) Interface() any {
	switch v.Kind {
	case List:
		list := make([]any, len(v.Items))
		for i, item := range v.Items {
			list[i] = item.Interface()
		}
		return list
	case Object:
		object := make(map[string]any, len(v.Fields))
		for _, f := range v.Fields {
			object[f.Name] = f.Value.Interface()
		}
		return object
	}
	return v.Scalar
}

// MarshalJSON writes v with its keys in their order.
func (v *Value) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	if err := v.write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (v *Value) write(b *bytes.Buffer) error {
	switch v.Kind {
	case List:
		return v.writeList(b)
	case Object:
		return v.writeObject(b)
	}
	return writeScalar(b, v.Scalar)
}

func writeScalar(b *bytes.Buffer, v any) error {
	raw, err := json.Marshal(v)
	b.Write(raw)
	return err
}

func (v *Value) writeList(b *bytes.Buffer) error {
	b.WriteByte('[')
	for i, item := range v.Items {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := item.write(b); err != nil {
			return err
		}
	}
	b.WriteByte(']')
	return nil
}

func (v *Value) writeObject(b *bytes.Buffer) error {
	b.WriteByte('{')
	for i, f := range v.Fields {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeScalar(b, f.Name); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := f.Value.write(b); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// TypeName names the type of v as JSON Schema does.
func (v *Value) TypeName() string {
	switch v.Kind {
	case List:
		return "array"
	case Object:
		return "object"
	}
	switch v.Scalar.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	}
	return "string"
}
