package jinja

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
)

// TestStepsReckonLikeCountingFromTheStart jumps about in a text of several lines.
func TestStepsReckonLikeCountingFromTheStart(t *testing.T) {
	const src = "first é\n\n{{ thïrd }} x\nlast ü line"
	var at expr.Pos
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		to := r.IntN(len(src) + 3)
		for to < len(src) && src[to]&0xC0 == 0x80 { // places are between characters
			to++
		}
		next := step(src, at, to)
		if want := position(src, to); next != want {
			t.Fatalf("from %+v to %d: %+v, want %+v", at, to, next, want)
		}
		at = next
	}
}

// TestLongTemplatesCompile would take minutes if the work per place grew with the place.
func TestLongTemplatesCompile(t *testing.T) {
	src := strings.Repeat("{{1}}", 60_000)
	tpl, err := New(Options{}, nil, nil, nil).Compile(src)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tpl.Render(Run{}, func(string) (expr.Value, bool) { return nil, false })
	if err != nil || len(got) != 60_000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
