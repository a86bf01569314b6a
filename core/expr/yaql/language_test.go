package yaql

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// TestPlaces checks that errors point at the character where they arise, in the whole text.
func TestPlaces(t *testing.T) {
	ev := NewEvaluator(Options{}, nil)
	w := &functions.Workflow{Vars: expr.NewDict()}
	for _, c := range []struct {
		text      string
		class     string
		line, col int
	}{
		{"<% 1 + %>", "YaqlGrammarException", 1, 7},
		{"<% @ %>", "YaqlLexicalException", 1, 4},
		{"é <% 1 ? 2 %>", "YaqlLexicalException", 1, 8},
		{"line\n  <% 1 / 0 %>", "ZeroDivisionError", 2, 8},
		{"<% 1 %> <% ctx().nope %>", "KeyError", 1, 17},
		{"<% [1, 2].select($.a + 1).first() %>", "NoFunctionRegisteredException", 1, 19},
		{"<% [1].where(1, foo()) %>", "NoMatchingMethodException", 1, 8},
		{"<% len(foo(1)) %>", "NoFunctionRegisteredException", 1, 8},
		{"<% 'a\n' %><% 'b' * true + 2 %>", "NoMatchingFunctionException", 2, 19},
	} {
		_, err := ev.Evaluate(Run{}, c.text, w)
		var e *expr.Error
		if !errors.As(err, &e) || e.Cause != c.class || e.Pos.Line != c.line || e.Pos.Col != c.col {
			t.Errorf("%q: got %+v, want %s at %d:%d", c.text, e, c.class, c.line, c.col)
		}
	}
}

// TestBlocks checks how expressions are found in text.
func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"<%%>", []string{""}},
		{"<%>", nil},
		{"<% 1 %>", []string{"1"}},
		{"a<%1%>b<% 2 %>c", []string{"1", "2"}},
		{"<% 1\n %>", nil},
		{"<% a\n<% 2 %>", []string{"2"}},
		{"<% 1 %>%>", []string{"1"}},
		{"<% <% 1 %> %>", []string{"<% 1"}},
		{"<% > 1 %>", []string{"> 1"}},
		{"<% 1 %><%", []string{"1"}},
	} {
		found := blocks(c.text)
		if len(found) != len(c.want) {
			t.Errorf("%q: %+v", c.text, found)
			continue
		}
		for i, b := range found {
			if b.source != c.want[i] || c.text[b.at:b.at+len(b.source)] != b.source {
				t.Errorf("%q: got %+v, want %q", c.text, b, c.want[i])
			}
		}
	}
}

// TestHostFunctions checks functions of one evaluation: their precedence, their keyword arguments, their errors.
func TestHostFunctions(t *testing.T) {
	w := &functions.Workflow{Vars: expr.NewDict(), Extra: map[string]functions.Function{
		"st2kv": {Params: []expr.Param{expr.Req("key"), expr.Opt("decrypt_it", false)}, Fn: func(_ *expr.Budget, a []Value) (Value, error) {
			if a[1] == true {
				return "clear", nil
			}
			return "kv:" + a[0].(string), nil
		}},
		"len": {Params: []expr.Param{expr.Req("v")}, Fn: func(*expr.Budget, []Value) (Value, error) { return "mine", nil }},
	}}
	ev := NewEvaluator(Options{}, nil)
	for text, want := range map[string]Value{
		"<% st2kv('system.a') %>":              "kv:system.a",
		"<% st2kv(a, decryptIt => true) %>":    "clear",
		"<% [a, b].select(st2kv($)) %>":        nil,
		"<% len([1]) %>":                       "mine",
		"<% [1].len() %>":                      int64(1),
		"<% def(len, 7) -> len([1, 2, 3]) %>":  int64(7),
		"v=<% st2kv(a) %>/<% [1, 2].len() %>.": "v=kv:a/2.",
	} {
		v, err := ev.Evaluate(Run{}, text, w)
		if _, isList := v.(*expr.List); err != nil || want == nil && !isList || want != nil && v != want {
			t.Errorf("%s: got %v, %v, want %v", text, v, err, want)
		}
	}
	for text, cause := range map[string]string{
		"<% st2kv() %>": "NoMatchingFunctionException", "<% a.st2kv() %>": "NoMethodRegisteredException",
		"<% st2kv(a, decrypt_it => true) %>": "NoMatchingFunctionException",
	} {
		_, err := ev.Evaluate(Run{}, text, w)
		var e *expr.Error
		if !errors.As(err, &e) || e.Cause != cause {
			t.Errorf("%s: got %v, want %s", text, err, cause)
		}
	}
}

// TestOwnChoices are the places where this YAQL differs from the original on purpose.
func TestOwnChoices(t *testing.T) {
	e := New(Options{})
	for source, want := range map[string]string{
		"[, 1]":                                    "[null, 1]",
		"concat()":                                 "[]",
		"characters(lowercase => true).len()":      "26",
		"{a => 1}.keys().union({b => 1}.keys())":   "set(a, b)",
		"characters(octdigits => true).join('')":   "'01234567'",
		"'\\xzz'":                                  "'\\\\xzz'",
		"isTimespan(now().offset)":                 "true",
		"coalesce(, 2)":                            "2",
		"let(range(3)) -> $.toList() + $.toList()": "[0, 1, 2]",
	} {
		got, err := e.Eval(source, Run{})
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		right, err := e.Eval(want, Run{})
		if err != nil {
			t.Fatal(err)
		}
		if g, w := outcomeText(got), outcomeText(right); g != w {
			t.Errorf("%s gives %s, want %s", source, g, w)
		}
	}
}

func outcomeText(v Value) string { return outcome{OK: tagged(v)}.String() }

// TestClock checks now() and localtz() against the engine's clock and zone.
func TestClock(t *testing.T) {
	e := New(Options{
		Now:  func() time.Time { return time.Date(2024, 2, 29, 23, 30, 0, 1500, time.UTC) },
		Zone: time.FixedZone("", 3600),
	})
	for source, want := range map[string]string{
		"now()":                       `{"t":"2024-02-29T23:30:00.000001+00:00"}`,
		"now(timespan(hours => -10))": `{"t":"2024-02-29T13:30:00.000001-10:00"}`,
		"now(null)":                   `{"t":"2024-03-01T00:30:00.000001"}`,
		"localtz()":                   `{"u":3600000000}`,
		"datetime('12:00')":           `{"t":"2024-02-29T12:00:00+00:00"}`,
	} {
		v, err := e.Eval(source, Run{})
		if err != nil || outcomeText(v) != want {
			t.Errorf("%s: got %s, %v, want %s", source, outcomeText(v), err, want)
		}
	}
}

// TestSharedUse evaluates one compiled expression over one frozen context from many goroutines.
func TestSharedUse(t *testing.T) {
	e := New(Options{})
	data, err := expr.FromJSON([]byte(differentialData))
	if err != nil {
		t.Fatal(err)
	}
	x, err := e.Compile("$.vms.where($.up).select($.name) + $.l.orderBy($).toList() + [$.d.set(z, 1).len()]")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				v, err := x.Eval(Run{Context: context.Background(), Data: data})
				if err != nil || outcomeText(v) != `{"l":["web",{"i":"1"},{"i":"4"},{"i":"5"},{"i":"3"}]}` {
					t.Errorf("got %s, %v", outcomeText(v), err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestCancelled ends an evaluation with its context.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := New(Options{}).Eval("sequence().len()", Run{Context: ctx})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
