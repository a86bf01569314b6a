package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core/schema"
)

func TestMask(t *testing.T) {
	declared := params(t, `{
		"password": {"type": "string", "secret": true}, "user": {"type": "string"}, "whole": {"type": "object", "secret": true},
		"login": {"type": "object", "properties": {"token": {"secret": true}, "name": {}}, "additionalProperties": {"secret": true}},
		"list": {"type": "array", "items": {"type": "object", "properties": {"key": {"secret": true}}}},
		"pair": {"type": "array", "items": [{}, {"secret": true}]}}`)
	values := object(t, `{"password": "hunter2", "user": "me", "whole": {"a": "bcd", "n": 4711},
		"login": {"token": "t0ken", "name": "n", "other": "o-o"}, "list": [{"key": "k-1", "x": 1}], "pair": ["a", "sec"], "extra": "e"}`)
	want := object(t, `{"password": "********", "user": "me", "whole": "********",
		"login": {"token": "********", "name": "n", "other": "********"}, "list": [{"key": "********", "x": 1}], "pair": ["a", "********"], "extra": "e"}`)
	if diff := cmp.Diff(want, schema.Mask(values, declared)); diff != "" {
		t.Error(diff)
	}
	if values["password"] != "hunter2" {
		t.Error("Mask changed the values")
	}
	masker := schema.NewMasker(append(schema.Secrets(values, declared), "pass\"word", "hunter2000", "x"))
	got := masker.Mask(`hunter2000 hunter2 t0ken o-o {"p": "pass\"word", "n": 4711} pass"word x`)
	if want := `******** ******** ******** ******** {"p": "********", "n": ********} ******** x`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if schema.Mask(nil, declared) != nil {
		t.Error("no values need to stay no values")
	}
}

// A long secret is found in time that does not grow with the square of its length.
func TestLongSecrets(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	m := schema.NewMasker([]string{"short", long})
	if got := m.Mask("<" + long + "> short " + long[1:]); got != "<"+schema.Masked+"> "+schema.Masked+" "+long[1:] {
		t.Errorf("%d bytes", len(got))
	}
}
