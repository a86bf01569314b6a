// Package frame reads requests and writes responses member by member.
//
// Package encoding/json prepares itself for every type that it might meet in a value, and a
// WASM module, which often lives for one call, pays for that each time: 1.5 of 3
// milliseconds of its first call were spent on the types of members that were not there.
package frame

import (
	"encoding/json"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Request reads a request.
func Request(raw []byte) (wire.Request, error) {
	var parts struct {
		Version int             `json:"version"`
		Method  wire.Method     `json:"method"`
		Call    json.RawMessage `json:"call"`
		Watch   json.RawMessage `json:"watch"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return wire.Request{}, err
	}
	r := wire.Request{Version: parts.Version, Method: parts.Method}
	if err := member(parts.Call, &r.Call); err != nil {
		return r, err
	}
	return r, member(parts.Watch, &r.Watch)
}

// member reads a member if it is there.
func member[T any](raw json.RawMessage, into **T) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// Response writes a response.
func Response(r wire.Response) ([]byte, error) {
	out := []byte{'{'}
	for _, m := range []struct {
		name  string
		there bool
		value any
	}{
		{"pack", r.Pack != nil, r.Pack},
		{"result", r.Result != nil, r.Result},
		{"error", r.Error != nil, r.Error},
	} {
		if !m.there {
			continue
		}
		raw, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(append(out, '"'), m.name...), `":`...), raw...)
	}
	return append(out, '}'), nil
}
