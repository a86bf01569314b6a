package render

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

func value(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func expect(t *testing.T, want string, write func(io.Writer) error) {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTable(t *testing.T) {
	columns := []Column{
		{Name: "a long header", Max: 5},
		{Name: "text", Max: 12},
		{Name: "status", Max: 24, Paint: func(s string) string { return "<" + s + ">" }},
	}
	rows := [][]string{
		{"x", "supercalifragilistic-word and more", "ok"},
		{"", "line\nbreak", ""},
		{"日本語", "a b", "no"},
	}
	expect(t, `
+---------------+--------------+--------+
| a long header | text         | status |
+---------------+--------------+--------+
| x             | supercalifra | <ok>     |
|               | gilistic-    | <>       |
|               | word and     | <>       |
|               | more         | <>       |
|               | line         | <>       |
|               | break        | <>       |
| 日本          | a b          | <no>     |
| 語            |              | <>       |
+---------------+--------------+--------+
`, func(w io.Writer) error { return Table(w, columns, rows) })
}

func TestTableWithoutRows(t *testing.T) {
	expect(t, `
+----+
| id |
+----+
+----+
`, func(w io.Writer) error { return Table(w, []Column{{Name: "id", Max: 26}}, nil) })
}

func TestWidths(t *testing.T) {
	tests := []struct {
		given, want     []int
		screen          int
		attributes, ids []string
	}{
		{screen: 90, attributes: []string{"ref", "pack", "description"}, want: []int{30, 30, 30}},
		{screen: 126, attributes: []string{"id", "a", "status", "b"}, ids: []string{"short"}, want: []int{26, 25, 24, 25}},
		{screen: 130, attributes: []string{"id", "a"}, ids: []string{strings.Repeat("x", 30)}, want: []int{30, 50}},
		{screen: 10, attributes: []string{"id", "a"}, want: []int{26, 1}},
		{given: []int{7}, screen: 90, attributes: []string{"a", "b"}, want: []int{7, 7}},
		{given: []int{7, 8}, screen: 90, attributes: []string{"a", "b", "c"}, want: []int{7, 8, 30}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, GivenWidths(test.given, test.screen, test.attributes, test.ids)); diff != "" {
			t.Errorf("%v: %s", test.attributes, diff)
		}
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		text  string
		width int
		want  []string
	}{
		{"fits", 4, []string{"fits"}},
		{"  kept as it is  ", 20, []string{"  kept as it is  "}},
		{"  two words", 6, []string{"  two", "words"}},
		{"well-known fact", 8, []string{"well-", "known", "fact"}},
		{"x-1 y-2 z-3", 7, []string{"x-1 y-2", "z-3"}},
		{"http://127.0.0.1:9101/v1", 10, []string{"http://127", ".0.0.1:910", "1/v1"}},
		{"ab cdefghij", 5, []string{"ab cd", "efghi", "j"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Wrap(test.text, test.width)); diff != "" {
			t.Errorf("%q at %d: %s", test.text, test.width, diff)
		}
	}
}

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		`null`: "", `true`: "True", `1.50`: "1.50", `"x'y"`: "x'y", `[]`: "", `["a","b"]`: "a, b", `["a",1]`: "['a', 1]",
		`{}`: "{}", `{"b":[null,false],"a":{"k":"it's"}}`: `{'a': {'k': "it's"}, 'b': [None, False]}`,
		`{"k":"a\n\"'\\\u0001é"}`: `{'k': 'a\n"\'\\\x01é'}`,
	} {
		if got := Cell(value(t, text)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestProperties(t *testing.T) {
	properties := []Property{
		{"id", "6560a1b2c3d4e5f607182930"},
		{"a_rather_long_attribute", value(t, `{}`)},
		{"enabled", true},
		{"parameters", value(t, `{"b":[],"a":"<&>"}`)},
		{"missing", nil},
	}
	expect(t, `
+----------------------+--------------------------+
| Property             | Value                    |
+----------------------+--------------------------+
| id                   | 6560a1b2c3d4e5f607182930 |
| a_rather_long_attrib |                          |
| ute                  |                          |
| enabled              | True                     |
| parameters           | {                        |
|                      |     "a": "<&>",          |
|                      |     "b": []              |
|                      | }                        |
| missing              |                          |
+----------------------+--------------------------+
`, func(w io.Writer) error { return Properties(w, properties) })
}

const nestedDocument = `{"list":[{"b":1,"a":["x",["y"]]},[],{}],"text":"two\nlines","empty":"","none":null,"yes":"yes",
	"time":"2026-11-22T12:58:48.000000Z","n":1.50,"hash":"a #b","quote":"it's: so","tab":"a\tb","esc":"\u001b[0m"}`

func TestJSON(t *testing.T) {
	expect(t, `
{
    "a": [
        1.50,
        "<é>"
    ],
    "b": {}
}
`, func(w io.Writer) error { return JSON(w, value(t, `{"b":{},"a":[1.50,"<é>"]}`)) })
}

func TestYAML(t *testing.T) {
	expect(t, `
empty: ''
esc: "\e[0m"
hash: 'a #b'
list:
-   a:
    - x
    -   - y
    b: 1
- []
- {}
n: 1.50
none: null
quote: 'it''s: so'
tab: "a\tb"
text: 'two

    lines'
time: '2026-11-22T12:58:48.000000Z'
'yes': 'yes'

`, func(w io.Writer) error {
		return YAML(w, value(t, nestedDocument))
	})
}

func TestYAMLReadsBackAsWhatItWas(t *testing.T) {
	for _, s := range []string{
		"", " ", "a ", " a", "\n", "a\n", "\na", "a\n\nb", "a \nb", "a\n b", "- a", "-", "?", ": a", "a:", "a: b", "#a", "a #b", "[a", "{a", "*a",
		"&a", "!a", "|", ">", "%a", "@a", "`a", "'", `"`, `\`, "~", "null", "true", "No", "on", "1", "-1", "0x1", "010", "1.", ".5", "1e3", "1.0e+3",
		".inf", ".nan", "1:30", "2020-01-01", "=", "<<", "---", "...", "\x00", "\u0085", "\u2028", "é", "😀", "\ufeff",
	} {
		for _, y := range []yamlWriter{{step: 4}, {step: 2, indentLists: true}} {
			y.document(map[string]any{"k": []any{s, map[string]any{"v": s}}})
			var back struct {
				K []any `yaml:"k"`
			}
			if err := yaml.Unmarshal([]byte(y.out.String()), &back); err != nil {
				t.Errorf("%q: %v in\n%s", s, err, y.out.String())
				continue
			}
			if diff := cmp.Diff([]any{s, map[string]any{"v": s}}, back.K); diff != "" {
				t.Errorf("%q: %s", s, diff)
			}
		}
	}
}

func TestText(t *testing.T) {
	properties := []Property{
		{"id", "6560a1b2c3d4e5f607182930"},
		{"parameters", value(t, `{}`)},
		{"log", value(t, `[{"status":"running","timestamp":"x"}]`)},
		{"result", value(t, `{"items":["a",{"b":1}],"stdout":"one\ntwo\n\nfour"}`)},
		{"enabled", false},
		{"context.user", nil},
	}
	expect(t, strings.ReplaceAll(`
id: 6560a1b2c3d4e5f607182930
parameters:_
{}
log:_
  - status: running
    timestamp: x
result:_
  items:
    - a
    - b: 1
  stdout: 'one
    two

    four'
enabled: False
context.user: None
`, "_", " "), func(w io.Writer) error { return Text(w, properties) })
}

func TestTimes(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	if got := Timestamp("2026-11-22T12:58:48.123456Z", zone); got != "Sun, 22 Nov 2026 13:58:48 CET" {
		t.Error(got)
	}
	if got := Timestamp("soon", zone); got != "soon" {
		t.Error(got)
	}
	now := time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)
	const start, end = "2026-11-22T12:59:50.500000Z", "2026-11-22T12:59:52.400000Z"
	for _, test := range []struct{ status, start, end, want string }{
		{"running", start, "", "running (9s elapsed)"},
		{"succeeded", start, end, "succeeded (1s elapsed)"},
		{"requested", start, "", "requested"},
		{"delayed", "", "", "delayed"},
		{"running", "2026-11-22T13:30:00.000000Z", "", "running (0s elapsed)"},
	} {
		if got := Elapsed(test.status, test.start, test.end, now); got != test.want {
			t.Errorf("%s: got %s, want %s", test.status, got, test.want)
		}
	}
}
