package schema_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
)

func decode(t testing.TB, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// Each line of texts.jsonl is a schema, a value that breaks it, and what Python's
// jsonschema 4.26 says: draft 4 with draft 3's boolean "required", best match.
func TestTextsAreThoseOfPython(t *testing.T) {
	raw, err := os.ReadFile("testdata/texts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	for {
		var c struct {
			Name, Text string
			Schema     map[string]any
			Value      any
		}
		if err := dec.Decode(&c); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		t.Run(c.Name, func(t *testing.T) {
			object, err := schema.CompileObject(c.Schema)
			if err != nil {
				t.Fatal(err)
			}
			err = object.Check(c.Value)
			if err == nil || err.Error() != c.Text || core.KindOf(err) != core.Invalid {
				t.Errorf("schema %v, value %v\ngot  %v\nwant %s", c.Schema, c.Value, err, c.Text)
			}
		})
	}
}
