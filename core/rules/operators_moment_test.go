package rules

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// TestMoments reads dates in many forms; the answers are those of dateutil on 15 June 2024.
func TestMoments(t *testing.T) {
	data, err := os.ReadFile("testdata/moments.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2024, 6, 15, 12, 0, 0, 0, time.UTC)
	for line := range strings.Lines(string(data)) {
		var c struct{ Text, At, Error string }
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		at, err := parseMoment(c.Text, now)
		if class := expr.ClassOf(err); class != c.Error {
			t.Errorf("%q: got error %v, want class %q", c.Text, err, c.Error)
			continue
		}
		if got := at.UTC().Format("2006-01-02T15:04:05.000000Z"); err == nil && got != c.At {
			t.Errorf("%q is %s, want %s", c.Text, got, c.At)
		}
	}
}

func FuzzParseMoment(f *testing.F) {
	f.Add("Sat, 15 Jun 2024 11:58:00 GMT+2")
	f.Add("20240615T115930.25-0730")
	f.Add("6/5/24 3pm")
	now := time.Date(2024, 6, 15, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseMoment(text, now)
		if err != nil && expr.ClassOf(err) != "ParserError" {
			t.Fatalf("%q: %v", text, err)
		}
		if err == nil && (at.Year() < 1 || at.Year() > 9999) && at.UTC().Year() > 10000 {
			t.Fatalf("%q is %v", text, at)
		}
	})
}
