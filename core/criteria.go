package core

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Criteria keeps criteria in the order their author wrote them, which is the order they
// are tried in. It reads and writes as a JSON object of key → {type, pattern, condition}.
type Criteria []Criterion

// MarshalJSON implements json.Marshaler.
func (c Criteria) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range c {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(c[i].Key)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(c[i])
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(body)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Criteria) UnmarshalJSON(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	t, err := dec.Token()
	if err != nil {
		return err
	}
	*c = nil
	if t == nil {
		return nil
	}
	if t != json.Delim('{') {
		return fmt.Errorf("criteria need to be an object of key: {type, pattern}")
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		one := Criterion{Key: key.(string)}
		if err := dec.Decode(&one); err != nil {
			return fmt.Errorf("criteria %q: %w", key, err)
		}
		*c = append(*c, one)
	}
	return nil
}
