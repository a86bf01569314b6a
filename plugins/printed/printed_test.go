package printed

import (
	"bytes"
	"strings"
	"testing"
)

func TestStream(t *testing.T) {
	for name, c := range map[string]struct {
		printed string
		max     int
		want    string
		cut     int64
	}{
		"text":          {"a\n", 10, `"a"`, 0},
		"one newline":   {"a\r\n\r\n", 10, `"a\r\n"`, 0},
		"number":        {"5\n", 10, `5`, 0},
		"object":        {"{\"a\": [1]}\n", 20, `{"a": [1]}`, 0},
		"not UTF-8":     {"a\xffb", 10, "\"a\ufffdb\"", 0},
		"no HTML":       {"<&>", 10, `"<&>"`, 0},
		"a number, cut": {"12345", 3, `"123"`, 2},
		"nothing":       {"", 10, `""`, 0},
	} {
		var passed bytes.Buffer
		s := &Stream{Out: &passed, Max: c.max}
		for _, b := range []byte(c.printed) {
			s.Write([]byte{b})
		}
		if got := string(s.JSON()); got != c.want || s.Cut() != c.cut || passed.String() != c.printed {
			t.Errorf("%s: %s, %d cut, passed on %q; want %s, %d", name, got, s.Cut(), passed.String(), c.want, c.cut)
		}
	}
}

func TestIsValue(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for text, want := range map[string]bool{
		"": false, " ": false, "a": false, "5": true, " 5 ": true, "-1.5e3": true, "nul": false, "null": true,
		"NaN": false, "Infinity": false, "1e999": false, `{"a":[1E400]}`: false, `"1e999"`: true, "1e-999": true,
		strings.Repeat("9", 400): false, strings.Repeat("9", 30): true, `["` + strings.Repeat("9", 400) + `"]`: true,
		nested(500): true, nested(501): false, `"` + nested(600) + `"`: true, "5 5": false, "tree": false,
		`{"true":"e","x":[true,false]}`: true,
	} {
		if got := IsValue([]byte(text)); got != want {
			t.Errorf("%.40q: %v, want %v", text, got, want)
		}
	}
}
