package core

import "encoding/json"

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
	return marshalMembers(len(p), func(i int) (string, any) { return p[i].Name, p[i].Schema })
}

// UnmarshalJSON implements json.Unmarshaler. Of a name given twice the last schema counts.
func (p *Parameters) UnmarshalJSON(raw []byte) error {
	*p = nil
	return unmarshalMembers(raw, "parameters", func(name string, dec *json.Decoder) error {
		var s Schema
		if err := dec.Decode(&s); err != nil {
			return err
		}
		p.Set(name, s)
		return nil
	})
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
