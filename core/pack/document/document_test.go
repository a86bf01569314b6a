package document_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core/pack/document"
)

// Each line of pyyaml.jsonl is a YAML text and what json.dumps(yaml.safe_load(text))
// says in Python (PyYAML 6.0).
func TestReadsAsPyYAML(t *testing.T) {
	raw, err := os.ReadFile("testdata/pyyaml.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	for {
		var c struct{ YAML, JSON string }
		if err := dec.Decode(&c); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		v, _, err := document.ParseYAML([]byte(c.YAML))
		if err != nil {
			t.Errorf("%q: %v", c.YAML, err)
			continue
		}
		got, err := v.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Compact(&want, []byte(c.JSON)); err != nil {
			t.Fatal(err)
		}
		if want.String() != string(got) {
			t.Errorf("%q: got %s, want %s", c.YAML, got, want.String())
		}
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"a: [1":                   "did not find expected ',' or ']'",
		"a: 1\n b: 2\n":           "2:2: mapping values are not allowed in this context",
		"a: &x [*x]":              `1:4: the anchor "x" holds itself`,
		"a: 1\n---\nb: 2\n":       "1:1: the file holds several documents; put each into a file of its own",
		"a:\n  b: !ruby/object x": "2:6: the tag !ruby/object is not known; leave it out",
		"a: .inf":                 "1:4: .inf is no number of JSON; put it in quotes if it is a text",
		"[1, 2]: x":               "1:1: a key needs to be a text",
		"a: *nowhere":             "unknown anchor 'nowhere' referenced",
		"<<: 5":                   "1:5: << takes an object, or a list of objects",
		strings.Repeat("[", 300):  "",
		bomb():                    "too many values, aliases written out; 1000000 are the limit",
	} {
		_, _, err := document.ParseYAML([]byte(text))
		var f *document.Fault
		if !errors.As(err, &f) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
	if _, _, err := document.ParseYAML([]byte(strings.Repeat("[", 300) + strings.Repeat("]", 300))); err == nil || !strings.Contains(err.Error(), "nested too deeply") {
		t.Errorf("got %v", err)
	}
}

// bomb doubles its size with each line.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x]\n")
	for i := range 25 {
		from, to := string(rune('a'+i)), string(rune('b'+i))
		b.WriteString(to + "0: &" + to + "0 [*" + from + "0, *" + from + "0]\n")
	}
	return b.String()
}

func TestWarnsOfKeysGivenTwice(t *testing.T) {
	v, warnings, err := document.ParseYAML([]byte("a: 1\nb: 2\na: 3\n"))
	if err != nil || len(warnings) != 1 || warnings[0].Error() != `3:1: the key "a" is given twice; the last value counts` {
		t.Errorf("%v %v", warnings, err)
	}
	if diff := cmp.Diff(map[string]any{"a": json.Number("3"), "b": json.Number("2")}, v.Interface()); diff != "" {
		t.Error(diff)
	}
}

func TestPlaces(t *testing.T) {
	v, _, err := document.ParseYAML([]byte("a: 1\nparameters:\n  cmd:\n    type: string\n    list:\n      - 1\n      - x: 2\ncriteria:\n  trigger.body.a: {type: eq}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]int{
		"a": {1, 1}, "parameters.cmd.type": {4, 5}, "parameters.cmd.typo": {3, 3}, "parameters.cmd.list.1.x": {7, 9}, "parameters.cmd.list.0": {6, 9},
		"parameters.cmd.list.7": {5, 5}, "none": {1, 1}, "criteria.trigger.body.a.type": {9, 20}, "criteria.trigger.body.b": {8, 1},
	} {
		line, column := v.Place(strings.Split(path, "."))
		if line != want[0] || column != want[1] {
			t.Errorf("%s: at %d:%d, want %v", path, line, column, want)
		}
	}
}

func TestParseJSONKeepsOrderAndNumbers(t *testing.T) {
	const text = `{"b":1,"a":[1.0,9007199254740993,null,true,"\ud83d\ude00"],"c":{}}`
	v, err := document.ParseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := v.MarshalJSON(); string(got) != strings.ReplaceAll(text, `\ud83d\ude00`, "😀") {
		t.Errorf("got %s", got)
	}
	for _, text := range []string{``, `{`, `{"a"}`, `[1,]`, `1 2`, strings.Repeat("[", 1000), strings.Repeat(`{"a":`, 1000)} {
		if _, err := document.ParseJSON([]byte(text)); err == nil {
			t.Errorf("%.20s was read", text)
		}
	}
}

// Whatever can be read as YAML is JSON that reads as the same value.
func FuzzParseYAML(f *testing.F) {
	for _, seed := range []string{"a: 1", "- 1\n- {b: [c, 0x1F]}", "x: &x {a: 1}\ny: {<<: *x}", "--- |\n a\n", "1:30.5", "? [a]\n: b", "!!binary aGk=", "!!binary 0000"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, _, err := document.ParseYAML(text)
		if err != nil {
			return
		}
		raw, err := v.MarshalJSON()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again, err := document.ParseJSON(raw)
		if err != nil {
			t.Fatalf("%q wrote %s: %v", text, raw, err)
		}
		if second, err := again.MarshalJSON(); err != nil || !bytes.Equal(raw, second) {
			t.Errorf("%q wrote %s, then %s: %v", text, raw, second, err)
		}
	})
}
