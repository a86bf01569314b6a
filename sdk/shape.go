package sdk

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/petrelhq/petrel/sdk/internal/schema"
)

// A shape is a struct type that belongs to something declared. It is read when it is first
// needed: a WASM module starts anew for each call and needs the one of that call only.
type shape func() (*schema.Struct, error)

// shape notes a type. What says where it belongs, such as "action greet: parameters".
func (p *Pack) shape(what string, t reflect.Type) shape {
	s := shape(sync.OnceValues(func() (*schema.Struct, error) {
		fields, err := schema.Read(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		return fields, nil
	}))
	p.shapes = append(p.shapes, s)
	return s
}

// properties maps the fields to their schemas; nothing for a shape that is not declared.
func (s shape) properties() json.RawMessage {
	if s == nil {
		return nil
	}
	fields, err := s()
	if err != nil {
		return nil // Check has told
	}
	return fields.Properties()
}

// schema is that of the whole object; nothing for a shape that is not declared.
func (s shape) schema() json.RawMessage {
	if s == nil {
		return nil
	}
	fields, err := s()
	if err != nil {
		return nil // Check has told
	}
	return fields.Schema()
}

// decode reads raw into what into points to. Every error is of kind Invalid and begins with
// what it is about.
func (s shape) decode(about string, raw json.RawMessage, into any) error {
	fields, err := s()
	if err == nil {
		err = fields.Decode(raw, into)
	}
	if err != nil {
		return Errorf(Invalid, "%s: %v", about, err)
	}
	return nil
}
