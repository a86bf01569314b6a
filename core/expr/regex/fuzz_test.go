package regex_test

import (
	"errors"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr/regex"
)

// FuzzCompile holds that every pattern is refused with a SyntaxError or matches within
// its time, and that both engines agree where both may be asked.
func FuzzCompile(f *testing.F) {
	f.Add(`(?P<a>\w+)(?=b)|[^\W_]{2,3}?`, uint8(0), "ab c")
	f.Add(`(?i:\bé+)(?(1)a|b)\1`, uint8(31), "é\n")
	f.Add(`a*+(?<=x)\Z|$`, uint8(2), "")
	f.Fuzz(func(t *testing.T, pattern string, flags uint8, text string) {
		p, err := regex.Compile(pattern, regex.Flags(flags&31))
		if err != nil {
			var syntax *regex.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("compile %q: %v is no SyntaxError", pattern, err)
			}
			return
		}
		p = p.Within(20 * time.Millisecond)
		first, err := p.Search(nil, text)
		var timeout *regex.TimeoutError
		if errors.As(err, &timeout) {
			return
		}
		if err != nil {
			t.Fatalf("search %q in %q: %v", pattern, text, err)
		}
		if g := first; g != nil && (g.Groups[0].Start < 0 || g.Groups[0].Start > g.Groups[0].End) {
			t.Fatalf("search %q in %q: group 0 at %d to %d", pattern, text, g.Groups[0].Start, g.Groups[0].End)
		}
		if out, err := p.Sub(nil, `\g<0>`, text, 0); err == nil && out != string([]rune(text)) && out != text {
			t.Fatalf("sub %q by itself turns %q into %q", pattern, text, out)
		}
	})
}
