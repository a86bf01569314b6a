package api

import (
	"bytes"
	"encoding/json"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/schema"
)

// maskParameters hides the secrets of a parameter object.
func (r *ranWith) maskParameters(raw []byte) ([]byte, error) {
	if !r.secret || len(raw) == 0 {
		return raw, nil
	}
	values, err := decodeObject(raw)
	if err != nil || values == nil {
		return raw, err
	}
	if r.unknown {
		for name := range values {
			values[name] = schema.Masked
		}
		return json.Marshal(values)
	}
	return json.Marshal(schema.Mask(values, r.params))
}

// masker finds the values of an execution's secret parameters inside other texts; nil
// when it has none.
func (r *ranWith) masker(x *core.Execution) *schema.Masker {
	if !r.secret || r.unknown || len(x.Parameters) == 0 {
		return nil
	}
	values, err := decodeObject(x.Parameters)
	if err != nil {
		return nil
	}
	return schema.MaskerOf(values, r.params)
}

// maskResult hides the secrets of a result: those its output schema names, and those the
// execution was given.
// st2 differs: StackStorm shows a secret parameter that an action prints; Petrel does not.
func (r *ranWith) maskResult(x *core.Execution, raw []byte) ([]byte, error) {
	if r.output != nil && r.outputKey != "" {
		var err error
		if raw, err = r.maskOutput(raw); err != nil {
			return nil, err
		}
	}
	if r.named == execution.Inquirer {
		var err error
		if raw, err = maskAnswer(raw); err != nil {
			return nil, err
		}
	}
	if m := r.masker(x); m != nil {
		return m.MaskJSON(raw), nil
	}
	return raw, nil
}

// maskAnswer masks the response to an inquiry by the schema that was asked with.
// st2: execution reference, inquiries, secrets.
func maskAnswer(raw []byte) ([]byte, error) {
	result, err := decodeObject(raw)
	asked, ok := result["schema"].(map[string]any)
	if err != nil || !ok || result["response"] == nil || !hasSecret(asked) {
		return raw, err
	}
	result["response"] = schema.MaskValue(result["response"], asked)
	return json.Marshal(result)
}

// maskOutput masks what lies under the runner's output key by the output schema.
func (r *ranWith) maskOutput(raw []byte) ([]byte, error) {
	result, err := decodeObject(raw)
	if err != nil || result[r.outputKey] == nil {
		return raw, nil // a result that is no object has no output key
	}
	whole := r.output
	if _, isType := whole["type"].(string); !isType {
		whole = core.Schema{"properties": map[string]any(whole)} // st2: a map of properties
	}
	result[r.outputKey] = schema.MaskValue(result[r.outputKey], whole)
	return json.Marshal(result)
}

// decodeObject returns nil for JSON that is no object.
func decodeObject(raw []byte) (map[string]any, error) {
	if kindOfJSON(bytes.TrimSpace(raw)) != "object" {
		return nil, nil
	}
	var m map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err := dec.Decode(&m)
	return m, err
}

// unmaskObject replaces each mask in now by the value before has in the same place, and
// reports whether it found any.
func unmaskObject(now, before map[string]any) bool {
	found := false
	for name, v := range now {
		old, ok := before[name]
		if !ok {
			continue
		}
		if v == schema.Masked {
			now[name], found = old, true
			continue
		}
		in, ok1 := v.(map[string]any)
		was, ok2 := old.(map[string]any)
		if ok1 && ok2 && unmaskObject(in, was) {
			found = true
		}
	}
	return found
}
