package expr_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/petrelhq/petrel/core/expr"
)

// A dict made by a chain of With is one that was set member by member.
func TestWithIsSetting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain, layered := expr.NewDict(), expr.NewDict()
		for range rapid.IntRange(0, 30).Draw(t, "layers") {
			over := expr.NewDict()
			for range rapid.IntRange(0, 4).Draw(t, "members") {
				key, value := rapid.IntRange(0, 40).Draw(t, "key"), rapid.Int64().Draw(t, "value")
				name := string(rune('A' + key))
				if err := over.Set(name, value); err != nil {
					t.Fatal(err)
				}
			}
			for k, v := range over.All() {
				if err := plain.Set(k, v); err != nil {
					t.Fatal(err)
				}
			}
			before := layered
			text, _ := expr.Repr(nil, before)
			layered = layered.With(over)
			if again, _ := expr.Repr(nil, before); again != text {
				t.Fatalf("With changed %s to %s", text, again)
			}
		}
		want, _ := expr.Repr(nil, plain)
		got, _ := expr.Repr(nil, layered)
		same, err := expr.Equal(nil, layered, plain)
		if got != want || layered.Len() != plain.Len() || !same || err != nil {
			t.Fatalf("got %s of %d, want %s of %d", got, layered.Len(), want, plain.Len())
		}
		c, err := layered.Copy(nil)
		if err != nil || c.Set("new", nil) != nil || c.Len() != plain.Len()+1 {
			t.Fatalf("a copy cannot be changed: %v", err)
		}
		for k, v := range plain.All() {
			if x, ok := layered.Get(k.(string)); !ok || x != v {
				t.Fatalf("%v is %v, want %v", k, x, v)
			}
		}
	})
}
