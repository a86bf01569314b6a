// Package schema reads Go types as the JSON Schemas of a pack's metadata, and JSON into
// values of such types with what their tags promise: defaults, required members, enums.
//
// A field is named by its json tag. Beside it stand
//
//	doc:"text"          what it is for
//	required:"true"     it must be given
//	default:"value"     what it is when it is not given: text as it is, anything else as JSON
//	enum:"a,b"          the values it may have
//	secret:"true"       it is masked wherever it is shown
//	position:"0"        where it stands among arguments without names
//	immutable:"true"    nobody may change it from its default
//
// A pointer is a field that may be absent. What a tag says wrongly is a fault, told with
// the field's name.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// A Struct is a Go struct type as a JSON object.
type Struct struct {
	typ  reflect.Type
	node *node
}

// Read reads t, which is a struct or a pointer to one. The error joins all faults.
func Read(t reflect.Type) (*Struct, error) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is no struct: its fields would be the names that users see", t)
	}
	r := &reader{}
	n := r.object(t, "")
	return &Struct{typ: t, node: n}, errors.Join(r.faults...)
}

// Properties maps the names of the fields to their schemas, in the order of the fields;
// nil when there are none.
func (s *Struct) Properties() json.RawMessage {
	if len(s.node.fields) == 0 {
		return nil
	}
	return s.node.properties()
}

// Schema is the JSON Schema of the whole object.
func (s *Struct) Schema() json.RawMessage { return s.node.schema() }

// Decode reads the object raw, nothing for an empty one, into the struct that into points
// to. The error says which member does not fit, and how.
func (s *Struct) Decode(raw json.RawMessage, into any) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("{}")
	}
	whole, err := s.node.complete(raw, "")
	if err != nil {
		return err
	}
	return explain(json.Unmarshal(whole, into))
}

// explain puts a mistake of encoding/json in the words of the schema.
func explain(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return fmt.Errorf("%s: a JSON %s is no %s", wrong.Field, wrong.Value, wrong.Type)
	}
	return err
}
