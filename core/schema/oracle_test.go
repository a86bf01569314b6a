package schema_test

import (
	"fmt"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/petrelhq/petrel/core/schema"
)

var anyValue = rapid.Deferred(func() *rapid.Generator[any] { return drawValue(2) })

func drawValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 4
		if depth > 0 {
			kinds = 6
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.SampledFrom([]any{-1, 0, 1, 2, 3, 4, 6, 1.5, 2.5}).Draw(t, "number")
		case 3:
			return rapid.SampledFrom([]any{"", "a", "ab", "abc", "é", "b1"}).Draw(t, "text")
		case 4:
			return rapid.SliceOfN(drawValue(depth-1), 0, 3).Draw(t, "list")
		}
		return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), drawValue(depth-1), 0, 3).Draw(t, "object")
	})
}

// drawSchema draws one schema twice: ours, and with draft 4's list of required names.
func drawSchema(t *rapid.T, depth int) (ours, theirs map[string]any) {
	ours, theirs = map[string]any{}, map[string]any{}
	simple := map[string]*rapid.Generator[any]{
		"type": rapid.SampledFrom([]any{"string", "integer", "number", "boolean", "null", "array", "object", []any{"string", "array"}}),
		"enum": rapid.Map(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "abc"}), 1, 2, rapid.ID), func(s []string) any {
			out := []any{1, true}
			for _, v := range s {
				out = append(out, v)
			}
			return out
		}),
		"minimum": small(-1, 3), "maximum": small(0, 4), "multipleOf": small(1, 3), "minLength": small(0, 3), "maxLength": small(0, 3),
		"minItems": small(0, 2), "maxItems": small(0, 2), "minProperties": small(0, 2), "maxProperties": small(0, 2),
		"exclusiveMinimum": rapid.Map(rapid.Bool(), toAny), "uniqueItems": rapid.Map(rapid.Bool(), toAny),
		"pattern": rapid.SampledFrom([]any{"^a", "b$", "[0-9]", "^$"}), "additionalProperties": rapid.Map(rapid.Bool(), toAny),
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"type", "enum", "minimum", "maximum", "multipleOf", "minLength", "maxLength",
		"minItems", "maxItems", "minProperties", "maxProperties", "exclusiveMinimum", "uniqueItems", "pattern", "additionalProperties"}), 0, 3, rapid.ID).Draw(t, "keywords") {
		ours[name] = simple[name].Draw(t, name)
		theirs[name] = ours[name]
	}
	if _, ok := ours["exclusiveMinimum"]; ok && ours["minimum"] == nil {
		ours["minimum"], theirs["minimum"] = 1, 1
	}
	if depth > 0 {
		drawSubschemas(t, depth-1, ours, theirs)
	}
	return ours, theirs
}

func drawSubschemas(t *rapid.T, depth int, ours, theirs map[string]any) {
	switch keyword := rapid.SampledFrom([]string{"none", "properties", "items", "not", "allOf", "anyOf", "oneOf"}).Draw(t, "nesting"); keyword {
	case "properties":
		mine, other := drawSchema(t, depth)
		// Required, because what may be left out may be null to us.
		mine["required"] = true
		ours["properties"], theirs["properties"] = map[string]any{"a": mine}, map[string]any{"a": other}
		theirs["required"] = []any{"a"}
	case "items", "not":
		ours[keyword], theirs[keyword] = drawSchema(t, depth)
	case "allOf", "anyOf", "oneOf":
		m1, o1 := drawSchema(t, depth)
		m2, o2 := drawSchema(t, depth)
		ours[keyword], theirs[keyword] = []any{m1, m2}, []any{o1, o2}
	}
}

func small(from, to int) *rapid.Generator[any] { return rapid.Map(rapid.IntRange(from, to), toAny) }

func toAny[T any](v T) any { return v }

// The judgement, though not the words, is that of a library everybody uses.
func TestJudgesAsTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mine, other := drawSchema(t, 2)
		ours, err := schema.CompileObject(mine)
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.DefaultDraft(jsonschema.Draft4)
		if err := c.AddResource("mem:///s.json", other); err != nil {
			t.Fatal(err)
		}
		theirs, err := c.Compile("mem:///s.json")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			v := anyValue.Draw(t, fmt.Sprint("value", i))
			if got, want := ours.Check(v), theirs.Validate(v); (got == nil) != (want == nil) {
				t.Fatalf("schema %v, value %#v: we say %v, the library %v", mine, v, got, want)
			}
		}
	})
}
