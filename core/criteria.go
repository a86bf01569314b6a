package core

import "encoding/json"

// Criteria keeps criteria in the order their author wrote them, which is the order they
// are tried in. It reads and writes as a JSON object of key → {type, pattern, condition}.
type Criteria []Criterion

// MarshalJSON implements json.Marshaler.
func (c Criteria) MarshalJSON() ([]byte, error) {
	return marshalMembers(len(c), func(i int) (string, any) { return c[i].Key, c[i] })
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Criteria) UnmarshalJSON(raw []byte) error {
	*c = nil
	return unmarshalMembers(raw, "criteria", func(key string, dec *json.Decoder) error {
		one := Criterion{Key: key}
		if err := dec.Decode(&one); err != nil {
			return err
		}
		*c = append(*c, one)
		return nil
	})
}
