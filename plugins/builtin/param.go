package builtin

import (
	"encoding/json"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// Parameters arrive cast to their schemas' types; what is missing, null or of another
// type reads as the zero value.

func textOf(params map[string]any, name string) string {
	s, _ := params[name].(string)
	return s
}

func boolOf(params map[string]any, name string) bool {
	b, _ := params[name].(bool)
	return b
}

func objectOf(params map[string]any, name string) map[string]any {
	m, _ := params[name].(map[string]any)
	return m
}

func numberOf(params map[string]any, name string) float64 {
	f, _ := asFloat(params[name])
	return f
}

func asFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// pyText is Python's str(v), in which StackStorm passes values to programs.
func pyText(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	value, err := expr.FromGo(v)
	if err != nil {
		return "", err
	}
	return expr.Str(nil, value)
}

// param makes a parameter of a runner type. More is pairs of an attribute and its value.
func param(name, kind, description string, more ...any) core.Parameter {
	s := core.Schema{"type": kind, "description": description}
	for i := 0; i+1 < len(more); i += 2 {
		s[more[i].(string)] = more[i+1]
	}
	return core.Parameter{Name: name, Schema: s}
}
