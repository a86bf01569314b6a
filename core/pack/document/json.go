package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// ParseJSON reads one JSON value. Its values have no lines.
func ParseJSON(data []byte) (*Value, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	v, err := jsonValue(dec, t, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more follows the JSON value")
	}
	return v, nil
}

func jsonValue(dec *json.Decoder, t json.Token, depth int) (*Value, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	switch t {
	case json.Delim('{'):
		return jsonObject(dec, depth)
	case json.Delim('['):
		return jsonList(dec, depth)
	}
	return &Value{Scalar: t}, nil
}

func jsonList(dec *json.Decoder, depth int) (*Value, error) {
	v := &Value{Kind: List}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		item, err := jsonValue(dec, t, depth+1)
		if err != nil {
			return nil, err
		}
		v.Items = append(v.Items, item)
	}
	_, err := dec.Token()
	return v, err
}

func jsonObject(dec *json.Decoder, depth int) (*Value, error) {
	v := &Value{Kind: Object}
	at := map[string]int{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		value, err := jsonValue(dec, t, depth+1)
		if err != nil {
			return nil, err
		}
		v.put(at, Field{Name: name.(string), Value: value})
	}
	_, err := dec.Token()
	return v, err
}

// put adds a field, or replaces the one of its name; at remembers where names are.
func (v *Value) put(at map[string]int, f Field) (replaced bool) {
	if i, ok := at[f.Name]; ok {
		v.Fields[i] = f
		return true
	}
	at[f.Name] = len(v.Fields)
	v.Fields = append(v.Fields, f)
	return false
}
