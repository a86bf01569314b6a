package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core/schema"
)

func TestCast(t *testing.T) {
	big := json.Number("123456789012345678901234567890")
	for _, c := range []struct {
		typ  string
		in   any
		want any
	}{
		{"string", "5", "5"}, {"string", nil, nil}, {"string", schema.NoneText, nil},
		{"integer", "5", int64(5)}, {"integer", " -5\n", int64(-5)}, {"integer", "+1_000", int64(1000)},
		{"integer", json.Number("9007199254740993"), int64(9007199254740993)}, {"integer", 5.7, int64(5)},
		{"integer", json.Number("-5.7"), int64(-5)}, {"integer", true, int64(1)}, {"integer", big, big}, {"integer", string(big), big},
		{"integer", nil, nil}, {"integer", json.Number("1e3"), int64(1000)},
		{"number", "5", 5.0}, {"number", json.Number("5"), 5.0}, {"number", " 1.5e3 ", 1500.0}, {"number", ".5", 0.5}, {"number", false, 0.0},
		{"boolean", "true", true}, {"boolean", "FALSE", false}, {"boolean", "none", nil}, {"boolean", json.Number("1"), int64(1)}, {"boolean", "", ""},
		{"array", `[1, "a", null]`, []any{int64(1), "a", nil}}, {"array", `['a', True, None, (1, 2.0)]`, []any{"a", true, nil, []any{int64(1), 2.0}}},
		{"object", `{"a": 1}`, map[string]any{"a": int64(1)}}, {"object", `{'a': {'b': 'it\'s'}}`, map[string]any{"a": map[string]any{"b": "it's"}}},
		{"array", []any{json.Number("1"), json.Number("1.0")}, []any{int64(1), 1.0}},
		{"", json.Number("7"), int64(7)}, {"", "7", "7"}, {"null", "x", "x"},
	} {
		got, err := schema.Cast(c.in, c.typ)
		if err != nil {
			t.Errorf("%s %#v: %v", c.typ, c.in, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %#v: %s", c.typ, c.in, diff)
		}
	}
}

func TestCastRefuses(t *testing.T) {
	for _, c := range []struct {
		typ string
		in  any
	}{
		{"string", json.Number("5")}, {"string", []any{}}, {"integer", "5.7"}, {"integer", "x"}, {"integer", "0x10"}, {"integer", []any{}},
		{"integer", "1__0"}, {"integer", "++1"}, {"integer", json.Number("1e999")}, {"number", "x"}, {"number", "nan"}, {"number", "0x1p4"},
		{"boolean", "yes"}, {"boolean", "on"}, {"array", "a, b"}, {"object", "{"}, {"object", "{'a'}}"}, {"array", strings.Repeat("[", 1<<20)},
		{"object", strings.Repeat("{'a':", 1<<16)},
	} {
		if got, err := schema.Cast(c.in, c.typ); err == nil {
			t.Errorf("%s %.20v: got %#v", c.typ, c.in, got)
		}
	}
}

func TestSetCastNamesTheParameter(t *testing.T) {
	set := compile(t, `{}`, `{"frequency": {"type": "integer"}, "any": {}}`)
	_, err := set.Cast(map[string]any{"frequency": "None"})
	want := `Failed to cast value "None" (type: str) for parameter "frequency" of type "integer": invalid literal for int() with base 10: 'None'.`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	got, err := set.Cast(map[string]any{"frequency": "5", "any": "5", "unknown": json.Number("5")})
	if diff := cmp.Diff(map[string]any{"frequency": int64(5), "any": "5", "unknown": int64(5)}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestParseLiteral(t *testing.T) {
	for text, want := range map[string]any{
		`()`: []any{}, `(1,)`: []any{int64(1)}, `(1)`: int64(1), `{1, 2}`: []any{int64(1), int64(2)}, `{}`: map[string]any{},
		`[1, 2,]`: []any{int64(1), int64(2)}, `{1: 'a', None: "b",}`: map[string]any{"1": "a", "None": "b"},
		`'a' "b"`: "ab", `u'\u00e9\x41\101\n\q'`: "éAA\n\\q", `'''a'b
c'''`: "a'b\nc", `-0x1F`: int64(-31), `0b11`: int64(3), `1e-3`: 0.001, `-.5`: -0.5, `0`: int64(0), `1_000`: int64(1000),
		"'a\\\nb'": "ab", `[[], {'a': []}]`: []any{[]any{}, map[string]any{"a": []any{}}},
	} {
		got, err := schema.ParseLiteral(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
	for _, text := range []string{``, `[1 2]`, `[,]`, `(,)`, `{'a' 1}`, `{'a': 1 'b': 2}`, `'a`, `'a\`, "'a\nb'", `true`, `0123`, `1.2.3`, `import os`, `f('x')`, `'\xZZ'`, `1 2`, `[1`, `{1:`, `0x1.8p1`} {
		if got, err := schema.ParseLiteral(text); err == nil {
			t.Errorf("%s: got %#v", text, got)
		}
	}
}

// What Python's repr writes of a literal can be read, and is written the same again.
func FuzzParseLiteral(f *testing.F) {
	for _, seed := range []string{`{'a': [1, 2.5, None, True, ("x",)]}`, `u'\x41'`, `{{{1}}}`, `[0x1F, -1_0e5]`, `'''a'''`} {
		f.Add(seed)
	}
	o, err := schema.CompileObject(map[string]any{"not": map[string]any{}})
	if err != nil {
		f.Fatal(err)
	}
	repr := func(v any) string { return strings.TrimSuffix(o.Check(v).Error(), " should not be valid under {}") }
	f.Fuzz(func(t *testing.T, text string) {
		v, err := schema.ParseLiteral(text)
		if err != nil {
			return
		}
		again, err := schema.ParseLiteral(repr(v))
		if err != nil || repr(again) != repr(v) {
			t.Errorf("%q wrote %q, then %q: %v", text, repr(v), repr(again), err)
		}
	})
}
