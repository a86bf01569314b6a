package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/sdk/client"
)

func TestParametersAreReadAsTheActionDeclares(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("body.txt", []byte("two\nlines"), 0o644); err != nil {
		t.Fatal(err)
	}
	sig := signature{ref: "demo.act", parameters: map[string]client.Object{
		"s": {"type": "string"}, "i": {"type": "integer"}, "n": {"type": []any{"null", "number"}}, "b": {"type": "boolean"},
		"l": {"type": "array", "items": map[string]any{"properties": map[string]any{"n": map[string]any{"type": "integer"}}}},
		"o": {"type": "object", "properties": map[string]any{"n": map[string]any{"type": "integer"}}},
	}}
	tests := []struct {
		words string // separated by |
		auto  bool
		want  string // JSON, or the beginning of the error
	}{
		{words: "s=1", want: `{"s":"1"}`},
		{words: "s=a=b", want: `{"s":"a=b"}`},
		{words: "s=", want: `{"s":""}`},
		{words: "uname|-a", want: `{"cmd":"uname -a"}`},
		{words: "s=x|echo|a=b", want: `{"cmd":"echo a=b","s":"x"}`},
		{words: "i=12|n=1.50", want: `{"i":12,"n":1.50}`},
		{words: "i=+007|n=-3", want: `{"i":7,"n":-3}`},
		{words: "i=123456789012345678901234567890", want: `{"i":123456789012345678901234567890}`},
		{words: "n=.5", want: `{"n":0.5}`},
		{words: "i=1.5", want: `ERROR invalid literal for int() with base 10: '1.5' (parameter "i" takes an integer)`},
		{words: "n=nan", want: `ERROR could not convert string to float: 'nan' (parameter "n" takes a number)`},
		{words: "b=TRUE", want: `{"b":true}`},
		{words: "b=false", want: `{"b":false}`},
		{words: "b=yes", want: `ERROR malformed node or string: 'yes' (parameter "b" takes true or false)`},
		{words: `l=["a", 1]`, want: `{"l":["a",1]}`},
		{words: "l=5", want: `{"l":[5]}`},
		{words: "l=a, b,c", want: `{"l":["a","b","c"]}`},
		{words: "l=a|l=b,c", want: `{"l":["a","b","c"]}`},
		{words: "l=n:5,m:x", want: `{"l":["n:5","m:x"]}`},
		{words: "l=n:5,m:x", auto: true, want: `{"l":[{"m":"x","n":5}]}`},
		{words: "l=n:5,m", auto: true, want: `{"l":["n:5","m"]}`},
		{words: `o={"a": {"b": 1}}`, want: `{"o":{"a":{"b":1}}}`},
		{words: "o=n=5,m=x", want: `{"o":{"m":"x","n":5}}`},
		{words: `o={"a": 1`, want: `ERROR unexpected EOF (parameter "o" takes an object)`},
		{words: "o=a", want: `ERROR "a" is not of the form key=value (parameter "o" takes an object)`},
		{words: "other=5", want: `{"other":"5"}`},
		{words: "@s=body.txt", want: `{"s":"two\nlines"}`},
		{words: "@s=nowhere", want: `ERROR parameter "s": open nowhere`},
	}
	for _, test := range tests {
		t.Run(test.words, func(t *testing.T) {
			s := &session{app: &app{}}
			got, err := s.parameters(sig, runOptions{autoDict: test.auto}, strings.Split(test.words, "|"))
			if want, failing := strings.CutPrefix(test.want, "ERROR "); failing {
				if err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Fatalf("error %v, want %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if string(text) != test.want {
				t.Errorf("got %s, want %s", text, test.want)
			}
		})
	}
}

func TestFilesForHTTP(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("photo.txt", []byte("pixels"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &session{app: &app{}}
	got, err := s.parameters(signature{ref: "core.http"}, runOptions{}, []string{"@file=photo.txt"})
	if err != nil {
		t.Fatal(err)
	}
	want := client.Object{"file_name": "photo.txt", "file_content": "pixels", "method": "POST"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestInheritedEnvironmentKeepsSecretsBack(t *testing.T) {
	s := &session{app: &app{environ: []string{"A=1=2", "PATH=/bin", "ST2_AUTH_TOKEN=x", "PETREL_TOKEN=y", "A_B="}}}
	got, err := s.parameters(signature{}, runOptions{inheritEnv: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(client.Object{"env": map[string]any{"A": "1=2", "A_B": ""}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheRunnersTypeHolds(t *testing.T) {
	got := merged(
		client.Object{"a": map[string]any{"type": "integer", "default": 1}, "b": map[string]any{"type": "string"}},
		client.Object{"a": map[string]any{"type": "string", "default": 2}, "c": map[string]any{"type": "array"}},
	)
	want := map[string]client.Object{
		"a": {"type": "integer", "default": 2}, "b": {"type": "string"}, "c": {"type": "array"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
