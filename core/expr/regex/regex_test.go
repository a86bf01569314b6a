package regex_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core/expr/regex"
)

// vector is what CPython 3.11 did with a pattern and a text. Some of its errors name no
// position; ours do.
type vector struct {
	Pattern, Flags, Text, Repl string
	Error                      string
	Search, Match, Full        [][2]int
	Iter                       [][][2]int
	FindAll                    [][]string
	Split, Split1              []*string
	Sub, Sub1, SubError        *string
}

func vectors(t *testing.T) []vector {
	data, err := os.ReadFile("testdata/re.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Flags+"/"+v.Pattern, func(t *testing.T) {
			p, err := regex.Compile(v.Pattern, flags(v.Flags))
			if v.Error != "" {
				if err == nil || !strings.HasPrefix(err.Error(), v.Error) {
					t.Fatalf("compile %q: got error %v, want %s", v.Pattern, err, v.Error)
				}
				return
			}
			if err != nil {
				t.Fatalf("compile %q: %v", v.Pattern, err)
			}
			checkFinds(t, p, v)
			checkEdits(t, p, v)
		})
	}
}

func flags(letters string) (f regex.Flags) {
	for i, letter := range "imsxa" {
		if strings.ContainsRune(letters, letter) {
			f |= 1 << i
		}
	}
	return f
}

func checkFinds(t *testing.T, p *regex.Pattern, v vector) {
	m, err := p.Search(nil, v.Text)
	same(t, "Search", err, spans(m), v.Search)
	m, err = p.Match(nil, v.Text)
	same(t, "Match", err, spans(m), v.Match)
	m, err = p.FullMatch(nil, v.Text)
	same(t, "FullMatch", err, spans(m), v.Full)
	all := [][][2]int{}
	for m, err := range p.All(nil, v.Text) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, spans(m))
	}
	same(t, "All", nil, all, v.Iter)
	rows, err := p.FindAll(nil, v.Text)
	same(t, "FindAll", err, append([][]string{}, rows...), v.FindAll)
}

func checkEdits(t *testing.T, p *regex.Pattern, v vector) {
	parts, err := p.Split(nil, v.Text, 0)
	same(t, "Split", err, texts(parts), v.Split)
	parts, err = p.Split(nil, v.Text, 1)
	same(t, "Split 1", err, texts(parts), v.Split1)
	if v.SubError != nil {
		_, err := p.Sub(nil, v.Repl, v.Text, 0)
		if err == nil || !strings.HasPrefix(err.Error(), *v.SubError) {
			t.Errorf("Sub %q: got error %v, want %s", v.Repl, err, *v.SubError)
		}
	}
	if v.Sub != nil {
		text, err := p.Sub(nil, v.Repl, v.Text, 0)
		same(t, "Sub", err, text, *v.Sub)
		text, err = p.Sub(nil, v.Repl, v.Text, 1)
		same(t, "Sub 1", err, text, *v.Sub1)
	}
}

func same[T any](t *testing.T, what string, err error, got, want T) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func spans(m *regex.Match) [][2]int {
	if m == nil {
		return nil
	}
	var out [][2]int
	for _, g := range m.Groups {
		out = append(out, [2]int{g.Start, g.End})
	}
	return out
}

func texts(parts []regex.Group) []*string {
	var out []*string
	for _, g := range parts {
		if g.Matched() {
			out = append(out, &g.Text)
		} else {
			out = append(out, nil)
		}
	}
	return out
}
