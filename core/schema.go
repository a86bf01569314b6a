package core

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Schema is the schema of one value: JSON Schema draft 4 with StackStorm's additions
// (a boolean "required", "secret", "immutable", "position"). Package schema gives it meaning.
type Schema map[string]any

// Flag returns the boolean attribute name, false where it is missing or of another type.
func (s Schema) Flag(name string) bool {
	b, _ := s[name].(bool)
	return b
}

// Text returns the string attribute name, "" where it is missing or of another type.
func (s Schema) Text(name string) string {
	t, _ := s[name].(string)
	return t
}

// Parameter is one named parameter of an action, a runner or a pack's configuration.
type Parameter struct {
	Name   string
	Schema Schema
}

// Parameters keeps parameters in the order their author wrote them. It reads and writes
// as a JSON object of name → schema.
type Parameters []Parameter

// Get returns the schema of the parameter called name.
func (p Parameters) Get(name string) (Schema, bool) {
	for i := range p {
		if p[i].Name == name {
			return p[i].Schema, true
		}
	}
	return nil, false
}

// MarshalJSON implements json.Marshaler.
func (p Parameters) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(p[i].Name)
		if err != nil {
			return nil, err
		}
		schema, err := json.Marshal(p[i].Schema)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(schema)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON implements json.Unmarshaler. Of a name given twice the last schema counts.
func (p *Parameters) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	t, err := dec.Token()
	if err != nil {
		return err
	}
	*p = nil
	if t == nil {
		return nil
	}
	if t != json.Delim('{') {
		return fmt.Errorf("parameters need to be an object, got %v", t)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var s Schema
		if err := dec.Decode(&s); err != nil {
			return fmt.Errorf("parameter %q: %w", name, err)
		}
		p.Set(name.(string), s)
	}
	return nil
}

// Set gives the parameter called name a schema, adding it at the end if it is new.
func (p *Parameters) Set(name string, s Schema) {
	for i := range *p {
		if (*p)[i].Name == name {
			(*p)[i].Schema = s
			return
		}
	}
	*p = append(*p, Parameter{Name: name, Schema: s})
}
