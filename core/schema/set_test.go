package schema_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
)

const shellRunner = `{
	"cmd": {"type": "string"}, "cwd": {"type": "string"}, "env": {"type": "object"},
	"kwarg_op": {"type": "string", "default": "--"}, "sudo": {"type": "boolean", "default": false},
	"sudo_password": {"type": "string", "secret": true, "default": null},
	"timeout": {"type": "integer", "default": 60}}`

const localAction = `{"cmd": {"type": "string", "required": true}, "sudo": {"immutable": true}}`

func params(t testing.TB, text string) core.Parameters {
	t.Helper()
	var p core.Parameters
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	v, _ := decode(t, text).(map[string]any)
	return v
}

func compile(t testing.TB, runner, action string) *schema.Set {
	t.Helper()
	set, err := schema.Compile(schema.Merge(params(t, runner), params(t, action)))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestCheck(t *testing.T) {
	const none = ""
	for _, c := range []struct{ name, params, values, want, field string }{
		{"fits", `{"a": {"type": "integer"}}`, `{"a": 5}`, none, none},
		{"missing", `{"a": {"required": true}}`, `{}`, `'a' is a required property`, "a"},
		{"unknown", `{}`, `{"x": 1}`, `Additional properties are not allowed ('x' was unexpected)`, "x"},
		{"unknown two", `{}`, `{"x": 1, "b": 2}`, `Additional properties are not allowed ('b', 'x' were unexpected)`, "b"},
		{"optional names null", `{"a": {"type": "integer"}}`, `{"a": "x"}`, `'x' is not of type 'integer', 'null'`, "a"},
		{"required does not", `{"a": {"type": "integer", "required": true}}`, `{"a": "x"}`, `'x' is not of type 'integer'`, "a"},
		{"required refuses null", `{"a": {"type": "string", "required": true}}`, `{"a": null}`, `None is not of type 'string'`, "a"},
		{"optional takes null", `{"a": {"type": "string"}}`, `{"a": null}`, none, none},
		{"optional enum takes null", `{"a": {"enum": ["x"]}}`, `{"a": null}`, none, none},
		{"null default takes null", `{"a": {"type": "string", "required": true, "default": null}}`, `{"a": null}`, none, none},
		{"choice takes null", `{"a": {"anyOf": [{"type": "string"}]}}`, `{"a": null}`, none, none},
		{"choice of one", `{"a": {"anyOf": [{"type": "string"}], "required": true}}`, `{"a": 5}`, `5 is not of type 'string'`, "a"},
		{"choice of one or null", `{"a": {"anyOf": [{"type": "string"}]}}`, `{"a": 5}`, `5 is not valid under any of the given schemas`, "a"},
		{"default for missing", `{"a": {"type": "string", "required": true, "default": "x"}}`, `{}`, none, none},
		{"default for null", `{"a": {"type": "string", "required": true, "default": "x"}}`, `{"a": null}`, none, none},
		{"wrong default", `{"a": {"type": "integer", "default": "x"}}`, `{}`, `'x' is not of type 'integer', 'null'`, "a"},
		{"template default", `{"a": {"type": "integer", "default": "{{ b }}"}}`, `{}`, none, none},
		{"nested default", `{"a": {"type": "object", "properties": {"b": {"required": true, "default": 1}}}}`, `{"a": {}}`, none, none},
		{"nested in a list", `{"a": {"type": "array", "items": {"type": "object", "properties": {"b": {"required": true}}}}}`,
			`{"a": [{"b": 1}, {}]}`, `'b' is a required property`, "a.1.b"},
		{"nested optional null", `{"a": {"type": "object", "properties": {"b": {"type": "string"}}}}`, `{"a": {"b": null}}`, none, none},
		{"any type", `{"a": {}}`, `{"a": [1, {"b": null}]}`, none, none},
		{"immutable", `{"a": {"immutable": true, "default": 1}}`, `{"a": 2}`, `Override of immutable parameter(s) ['a'] is unsupported.`, "a"},
		{"immutable two", `{"b": {"immutable": true, "default": 1}, "a": {"immutable": true, "default": 1}}`, `{"a": 2, "b": 1}`,
			`Override of immutable parameter(s) ['a', 'b'] is unsupported.`, "a"},
		{"wrong before immutable", `{"a": {"immutable": true, "default": 1}, "b": {"type": "string"}}`, `{"a": 2, "b": 1}`,
			`1 is not of type 'string', 'null'`, "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := compile(t, `{}`, c.params).Check(object(t, c.values))
			if c.want == none {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var e *core.Error
			if !errors.As(err, &e) || e.Msg != c.want || e.Field != c.field || e.Kind != core.Invalid {
				t.Errorf("got %#v, want %q of field %q", err, c.want, c.field)
			}
		})
	}
}

func TestCompileRefusesSchemasThatMakeNoSense(t *testing.T) {
	for text, field := range map[string]string{
		`{"a": {"type": "text"}}`:                         "a.type",
		`{"a": {"type": []}}`:                             "a.type",
		`{"a": {"type": 5}}`:                              "a.type",
		`{"a": {"minLength": -1}}`:                        "a.minLength",
		`{"a": {"minimum": "1"}}`:                         "a.minimum",
		`{"a": {"multipleOf": 0}}`:                        "a.multipleOf",
		`{"a": {"enum": []}}`:                             "a.enum",
		`{"a": {"pattern": "("}}`:                         "a.pattern",
		`{"a": {"items": 5}}`:                             "a.items",
		`{"a": {"items": [{}, 5]}}`:                       "a.items.1",
		`{"a": {"additionalItems": 5}}`:                   "a.additionalItems",
		`{"a": {"properties": {"b": {"type": "x"}}}}`:     "a.properties.b.type",
		`{"a": {"properties": []}}`:                       "a.properties",
		`{"a": {"patternProperties": {"(": {}}}}`:         "a.patternProperties",
		`{"a": {"patternProperties": 1}}`:                 "a.patternProperties",
		`{"a": {"additionalProperties": 1}}`:              "a.additionalProperties",
		`{"a": {"dependencies": 1}}`:                      "a.dependencies",
		`{"a": {"anyOf": {}}}`:                            "a.anyOf",
		`{"a": {"not": []}}`:                              "a.not",
		`{"a": {"$ref": "http://example.com/schema"}}`:    "a.$ref",
		`{"a": {"$ref": "#/definitions/none"}}`:           "a.$ref",
		`{"a": {"allOf": [{}, {"$ref": 5}]}}`:             "a.allOf.1.$ref",
		`{"a": {"anyOf": [{"type": ["string", "txt"]}]}}`: "a.anyOf.0.type",
	} {
		_, err := schema.Compile(params(t, text))
		var e *core.Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: got %#v, want an error of field %s", text, err, field)
		}
	}
}

func TestCirclesEnd(t *testing.T) {
	for _, text := range []string{
		`{"$ref": "#"}`,
		`{"allOf": [{"$ref": "#"}, {"$ref": "#"}]}`,
		`{"not": {"$ref": "#"}}`,
	} {
		o, err := schema.CompileObject(object(t, text))
		if err != nil {
			t.Fatal(err)
		}
		if found := o.Violations("x"); len(found) > 2 {
			t.Errorf("%s: %d violations", text, len(found))
		}
	}
}

func TestMergeDefaultsSplit(t *testing.T) {
	runner, action := params(t, shellRunner), params(t, localAction)
	merged := schema.Merge(runner, action)
	var names []string
	for _, p := range merged {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"cmd", "cwd", "env", "kwarg_op", "sudo", "sudo_password", "timeout"}, names); diff != "" {
		t.Error(diff)
	}
	sudo, _ := merged.Get("sudo")
	if diff := cmp.Diff(core.Schema{"type": "boolean", "default": false, "immutable": true}, sudo); diff != "" {
		t.Error(diff)
	}
	if s, _ := runner.Get("sudo"); s.Flag("immutable") {
		t.Error("Merge changed the runner's parameters")
	}
	own := params(t, `{"message": {"default": "hi"}, "cmd": {"default": "echo", "immutable": true}, "timeout": {"default": null}}`)
	filled := schema.Defaults(runner, own, map[string]any{"cmd": "rm", "message": nil})
	want := map[string]any{"message": "hi", "cmd": "echo", "timeout": json.Number("60"), "kwarg_op": "--", "sudo": false}
	if diff := cmp.Diff(want, filled); diff != "" {
		t.Error(diff)
	}
	forRunner, forAction := schema.Split(runner, own, map[string]any{"cmd": "x", "message": "m", "other": 1})
	if diff := cmp.Diff(map[string]any{"cmd": "x"}, forRunner); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"message": "m"}, forAction); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkCheckLocal(b *testing.B) {
	set := compile(b, shellRunner, localAction)
	values := map[string]any{"cmd": "uname -a"}
	b.ReportAllocs()
	for b.Loop() {
		if err := set.Check(values); err != nil {
			b.Fatal(err)
		}
	}
}
