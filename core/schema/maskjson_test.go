package schema

import (
	"encoding/json"
	"testing"
)

// TestMaskJSON: a secret is found however a text is escaped, never in what an escape is
// written with, and JSON stays JSON.
func TestMaskJSON(t *testing.T) {
	for _, c := range []struct{ secret, raw, want string }{
		{"hunter2", `{"a":"is hunter2!","n":1.50,"b":[""]}`, `{"a":"is ********!","n":1.50,"b":[""]}`},
		{"nothing", `{"a":"see\nothing here"}`, `{"a":"see\nothing here"}`},
		{"pässword", `{"a":"p\u00e4ssword"}`, `{"a":"********"}`},
		{"a/b/c", `{"a":"a\/b\/c"}`, `{"a":"********"}`},
		{`say "x"`, `{"a":"say \"x\" \\"}`, `{"a":"******** \\"}`},
	} {
		got := string(NewMasker([]string{c.secret}).MaskJSON([]byte(c.raw)))
		if got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%s without %s: %s, want %s", c.raw, c.secret, got, c.want)
		}
	}
}
