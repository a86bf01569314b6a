package shellarg

import (
	"encoding/json"
	"testing"

	"github.com/petrelhq/petrel/core"
)

// st2: runners reference 1.2.
func TestLine(t *testing.T) {
	type p = map[string]any
	typed := func(name, kind string, position ...any) core.Parameter {
		s := core.Schema{"type": kind}
		if len(position) > 0 {
			s["position"] = position[0]
		}
		return core.Parameter{Name: name, Schema: s}
	}
	for name, c := range map[string]struct {
		declared core.Parameters
		params   p
		want     string
	}{
		"none":                  {nil, nil, ""},
		"named in their order":  {core.Parameters{typed("b", "string"), typed("a", "string")}, p{"a": "x y", "b": "z"}, " --b=z --a='x y'"},
		"null and empty":        {core.Parameters{typed("a", "string"), typed("b", "string")}, p{"a": nil, "b": ""}, ""},
		"named booleans":        {core.Parameters{typed("a", "boolean"), typed("b", "boolean")}, p{"a": true, "b": false}, " --a"},
		"named numbers":         {core.Parameters{typed("a", "integer"), typed("b", "number")}, p{"a": int64(0), "b": 1.0}, " --a=0 --b=1.0"},
		"named array":           {core.Parameters{typed("a", "array")}, p{"a": []any{"a", "b", nil, true}}, ` --a='['"'"'a'"'"', '"'"'b'"'"', None, True]'`},
		"named object":          {core.Parameters{typed("a", "object")}, p{"a": p{"k": int64(1)}}, ` --a='{'"'"'k'"'"': 1}'`},
		"quoting":               {core.Parameters{typed("a b", "string")}, p{"a b": "$(id) `id`;\n"}, " '--a b'='$(id) `id`;\n'"},
		"positional order":      {core.Parameters{typed("n", "string"), typed("b", "string", json.Number("1")), typed("a", "string", int64(0))}, p{"n": "n", "a": "A", "b": "B"}, " --n=n A B"},
		"positional empties":    {core.Parameters{typed("a", "string", 3), typed("b", "array", 4), typed("c", "object", 5), typed("d", "boolean", 6)}, p{"b": []any{}, "c": p{}}, " '' '' '' ''"},
		"positional integer 0":  {core.Parameters{typed("a", "integer", 0), typed("b", "number", 1), typed("c", "integer", 2)}, p{"a": int64(0), "b": int64(0), "c": int64(7)}, " '' 0 7"},
		"positional booleans":   {core.Parameters{typed("a", "boolean", 0), typed("b", "boolean", 1)}, p{"a": true, "b": false}, " 1 0"},
		"positional array":      {core.Parameters{typed("a", "array", 0)}, p{"a": []any{int64(1), "b c", true, nil}}, " '1,b c,True,None'"},
		"positional object":     {core.Parameters{typed("a", "object", 0)}, p{"a": p{"k": []any{int64(1), "x"}}}, ` '{"k":[1,"x"]}'`},
		"positional undeclared": {core.Parameters{typed("a", "", 0), typed("b", "", 1)}, p{"a": []any{"x"}, "b": false}, ` '['"'"'x'"'"']' ''`},
	} {
		call := core.Call{Action: &core.Action{Parameters: c.declared}, Params: c.params, RunnerParams: p{"kwarg_op": "--"}}
		got, err := Line("/s", call)
		if err != nil || got != "/s"+c.want {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, "/s"+c.want)
		}
	}
}
