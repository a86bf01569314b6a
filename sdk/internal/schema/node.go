package schema

import (
	"encoding/json"
	"reflect"
)

// A node is one type in a tree of types, with what its field's tags add.
type node struct {
	kind    string // the JSON type; "" is any
	words   words  // the standard words that come with the kind, such as format
	doc     string
	marks   words           // required, secret, position, immutable
	initial json.RawMessage // the default
	enum    []json.RawMessage

	fields []field // of an object that stands for a struct
	elem   *node   // of an array, or of an object that stands for a map

	required bool
	promises bool // whether anything in here needs looking at before it is decoded
}

// A field is a member of an object.
type field struct {
	name string
	node *node
}

// words are members of a JSON object, in order.
type words []word

type word struct {
	name  string
	value any
}

// MarshalJSON keeps the order.
func (w words) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range w {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// schema is the JSON Schema of the node.
func (n *node) schema() json.RawMessage {
	var w words
	if n.kind != "" {
		w = append(w, word{"type", n.kind})
	}
	if n.doc != "" {
		w = append(w, word{"description", n.doc})
	}
	w = append(w, n.words...)
	switch {
	case n.kind == "array":
		w = append(w, word{"items", n.elem.schema()})
	case n.elem != nil:
		w = append(w, word{"additionalProperties", n.elem.schema()})
	case len(n.fields) > 0:
		w = append(w, word{"properties", n.properties()})
	}
	if n.initial != nil {
		w = append(w, word{"default", n.initial})
	}
	if n.enum != nil {
		w = append(w, word{"enum", n.enum})
	}
	return mustJSON(append(w, n.marks...))
}

// properties maps the fields' names to their schemas.
func (n *node) properties() json.RawMessage {
	var w words
	for _, f := range n.fields {
		w = append(w, word{f.name, f.node.schema()})
	}
	return mustJSON(w)
}

// mustJSON writes what this package has made itself: strings, flags, whole numbers, JSON.
func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// kinds are the Go kinds that are a JSON type without further ado.
var kinds = map[reflect.Kind]string{
	reflect.Bool: "boolean", reflect.String: "string",
	reflect.Int: "integer", reflect.Int8: "integer", reflect.Int16: "integer", reflect.Int32: "integer", reflect.Int64: "integer",
	reflect.Uint: "integer", reflect.Uint8: "integer", reflect.Uint16: "integer", reflect.Uint32: "integer", reflect.Uint64: "integer",
	reflect.Float32: "number", reflect.Float64: "number",
}
