package regex_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/regex"
)

func compile(t *testing.T, source string, f regex.Flags) *regex.Pattern {
	t.Helper()
	p, err := regex.Compile(source, f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRunawayPatternsAreCutByTheClock(t *testing.T) {
	a := strings.Repeat("a", 40)
	for _, c := range []struct{ pattern, text string }{
		{`(a+)+$(?!b)`, a + "!"},    // look-ahead: backtracking
		{`(a|a.)*\1!c`, a + "b!c"},  // a reference
		{`(a*)*b`, a},               // an empty repeat
		{`(a+)+$`, "é" + a + "!\n"}, // a last newline
		{`(.*)(.*)(.*)\1\2\3x`, a + a + a + a},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			_, err := compile(t, c.pattern, 0).Within(10*time.Millisecond).Search(nil, c.text)
			var timeout *regex.TimeoutError
			if !errors.As(err, &timeout) {
				t.Fatalf("got %v, want a TimeoutError", err)
			}
			if got := expr.ClassOf(err); got != expr.BudgetError {
				t.Errorf("class %q, want %q", got, expr.BudgetError)
			}
		})
	}
}

func TestLinearPatternsNeedNoClock(t *testing.T) {
	text := strings.Repeat("a", 1000) + "!"
	for _, pattern := range []string{`(a+)+$`, `^(a|aa)+$`, `(\w+\s?)+:`, `(?i)(A|a|aa)+$`} {
		m, err := compile(t, pattern, 0).Search(nil, text)
		if m != nil || err != nil {
			t.Errorf("%s: got %v, %v; want no match", pattern, m, err)
		}
	}
}

func TestManyMatchesAreCutByTheClock(t *testing.T) {
	text := strings.Repeat("a", 200_000) // each match looks at all of the rest
	_, err := compile(t, `a[^b]*b|a`, 0).Within(10*time.Millisecond).FindAll(nil, text)
	var timeout *regex.TimeoutError
	if !errors.As(err, &timeout) {
		t.Fatalf("got %v, want a TimeoutError", err)
	}
}

func TestLargeTextIsReadUnderTheClock(t *testing.T) {
	text := strings.Repeat("ab", 1<<20)
	_, err := compile(t, `(?:a[ab]{100}){3}c`, 0).Within(time.Millisecond).Search(nil, text)
	var timeout *regex.TimeoutError
	if !errors.As(err, &timeout) {
		t.Fatalf("got %v, want a TimeoutError", err)
	}
}

func TestBudgetEndsCalls(t *testing.T) {
	p := compile(t, ``, 0)
	small := expr.NewBudget(t.Context(), expr.Limits{Bytes: 10_000})
	if _, err := p.Sub(small, strings.Repeat("x", 1000), "many places", 0); expr.ClassOf(err) != expr.BudgetError {
		t.Errorf("Sub beyond the bytes: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Search(expr.NewBudget(ctx, expr.Limits{}), "x"); expr.ClassOf(err) != expr.BudgetError {
		t.Errorf("Search with a dead context: got %v", err)
	}
}

func TestFlagsInTheMiddleHoldForAll(t *testing.T) {
	m, err := compile(t, `foo(?i)bar`, 0).FullMatch(nil, "FOOBAR")
	if m == nil || err != nil {
		t.Errorf("got %v, %v; want a match", m, err)
	}
}

func TestNestingIsBounded(t *testing.T) {
	for _, open := range []string{"(", "(?:", "(?=", "(?i:", "(a)(?(1)"} {
		_, err := regex.Compile(strings.Repeat(open, 100_000), 0)
		var syntax *regex.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s…: got %v, want a SyntaxError", open, err)
		}
	}
}

func TestNames(t *testing.T) {
	p := compile(t, `(?P<key>\w+)(=)(?P<value>\w+)?`, 0)
	m, err := p.Search(nil, "é=")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "names", nil, p.GroupNames(), []string{"", "key", "", "value"})
	key, _ := m.Named("key")
	same(t, "key", nil, key, regex.Group{Text: "é", Start: 0, End: 1})
	if value, ok := m.Named("value"); !ok || value.Matched() {
		t.Errorf("value: got %v, %v; want a group that took no part", value, ok)
	}
}

func TestCacheKeepsTheLastUsed(t *testing.T) {
	c := regex.NewCache(2)
	get := func(source string, f regex.Flags) *regex.Pattern {
		p, err := c.Compile(source, f)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a, b := get("a", 0), get("b", 0)
	if get("a", 0) != a {
		t.Error("a was compiled again")
	}
	if get("a", regex.IgnoreCase) == a {
		t.Error("flags make no difference")
	}
	if get("a", 0) != a {
		t.Error("a was dropped though used last")
	}
	if get("b", 0) == b {
		t.Error("b was kept beyond the size")
	}
	if _, err := c.Compile("(", 0); err == nil {
		t.Error("( compiled")
	}
}

func TestEscape(t *testing.T) {
	text := "a.b*[c] #\n-é&~^$(){}|\\\x1f"
	m, err := compile(t, regex.Escape(text), regex.Verbose).FullMatch(nil, text)
	if m == nil || err != nil {
		t.Errorf("%q does not match itself: %v", regex.Escape(text), err)
	}
}
