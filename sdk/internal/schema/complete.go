package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// complete checks raw and puts in defaults.
func (n *node) complete(raw json.RawMessage, path string) (json.RawMessage, error) {
	if n.enum != nil && !n.allows(raw) {
		return nil, fmt.Errorf("%s: %s is not one of %s", path, raw, join(n.enum))
	}
	if !n.promises || isNull(raw) {
		return raw, nil
	}
	switch {
	case n.kind == "array":
		return n.completeArray(raw, path)
	case n.elem != nil:
		return n.completeMap(raw, path)
	}
	return n.completeStruct(raw, path)
}

func (n *node) completeStruct(raw json.RawMessage, path string) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, notA(path, "object", err)
	}
	same := true
	for _, f := range n.fields {
		value, given := members[f.name]
		switch {
		case !given && f.node.initial != nil:
			members[f.name], same = f.node.initial, false
		case f.node.required && (!given || isNull(value)):
			return nil, fmt.Errorf("%s: it is required", under(path, f.name))
		case given:
			whole, err := f.node.complete(value, under(path, f.name))
			if err != nil {
				return nil, err
			}
			members[f.name], same = whole, same && bytes.Equal(whole, value)
		}
	}
	if same {
		return raw, nil
	}
	return json.Marshal(members)
}

func (n *node) completeArray(raw json.RawMessage, path string) (json.RawMessage, error) {
	var elems []json.RawMessage
	if err := json.Unmarshal(raw, &elems); err != nil {
		return nil, notA(path, "array", err)
	}
	for i, e := range elems {
		whole, err := n.elem.complete(e, fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		elems[i] = whole
	}
	return json.Marshal(elems)
}

func (n *node) completeMap(raw json.RawMessage, path string) (json.RawMessage, error) {
	var elems map[string]json.RawMessage
	if err := json.Unmarshal(raw, &elems); err != nil {
		return nil, notA(path, "object", err)
	}
	for name, e := range elems {
		whole, err := n.elem.complete(e, under(path, name))
		if err != nil {
			return nil, err
		}
		elems[name] = whole
	}
	return json.Marshal(elems)
}

// allows is whether raw is null or in the enum.
func (n *node) allows(raw json.RawMessage) bool {
	var short bytes.Buffer
	if json.Compact(&short, raw) != nil || isNull(raw) {
		return true // decoding tells what is wrong
	}
	var given any
	json.Unmarshal(raw, &given)
	for _, e := range n.enum {
		var allowed any
		json.Unmarshal(e, &allowed)
		if given == allowed { // enums are of scalars
			return true
		}
	}
	return false
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

func join(values []json.RawMessage) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}

// notA tells that a value has the wrong type, or is no JSON at all.
func notA(path, want string, err error) error {
	if path == "" {
		path = "parameters"
	}
	if _, ok := err.(*json.UnmarshalTypeError); ok {
		return fmt.Errorf("%s: want a JSON %s", path, want)
	}
	return fmt.Errorf("%s: %w", path, err)
}
