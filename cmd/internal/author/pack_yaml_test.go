package author

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/petrelhq/petrel/core/pack/document"
)

// TestMappingReadsBack holds what is written as YAML against what the reader of packs makes
// of it, which speaks YAML 1.1.
func TestMappingReadsBack(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"yes", "no", "on", "Off", "~", "null", "010", "0o7", "1:30", "1e3", "1_000", "2026-01-01", "", " ", "- a", "a: b", "# x", "{}", "a\nb\n", "\ttab", "=", "<<",
	}))
	scalars := rapid.OneOf(rapid.Map(texts, func(s string) any { return s }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.SampledFrom([]string{"0", "-1", "1.5", "1e3", "2E-2", "12345678901234567890", "1.0"}), func(s string) any { return json.Number(s) }),
		rapid.Just[any](nil))
	values := rapid.OneOf(scalars, rapid.Map(rapid.SliceOfN(scalars, 0, 3), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(texts, scalars, 0, 3), func(m map[string]any) any { return m }))
	rapid.Check(t, func(t *rapid.T) {
		want, err := json.Marshal(rapid.MapOfN(texts, values, 1, 4).Draw(t, "object"))
		if err != nil {
			t.Fatal(err)
		}
		m := newMapping()
		m.json("it", want)
		text, err := m.bytes(generatedLine)
		if err != nil {
			t.Fatal(err)
		}
		v, faults, err := document.ParseYAML(text)
		if err != nil || len(faults) > 0 {
			t.Fatalf("%v %v in\n%s", err, faults, text)
		}
		got, err := v.Field("it").Value.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if a, b := floats(t, want), floats(t, got); a != b {
			t.Fatalf("%s became %s by\n%s", a, b, text)
		}
	})
}

// floats writes JSON with sorted keys and every number in one form.
func floats(t *rapid.T, raw []byte) string {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
