package jinja

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

func mustRender(t *testing.T, env *Environment, source string, vars Vars) string {
	t.Helper()
	tm, err := env.Compile(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	out, err := tm.Render(Run{}, vars)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return out
}

// kv is a small datastore as st2kv.
func kv(name string) (expr.Value, bool) {
	if name != "st2kv" {
		return nil, false
	}
	stored := map[string]string{"a.b": "text", "n": "42", "twice": "{{ 1 + 1 }}"}
	system := expr.NewLookup(func(_ context.Context, key string) (expr.Value, bool, error) {
		v, ok := stored[key]
		return v, ok, nil
	})
	return expr.DictOf("system", system), true
}

func TestDatastoreLookups(t *testing.T) {
	env := StackStorm(expr.Strict, nil)
	for source, want := range map[string]string{
		"{{ st2kv.system.a.b }}":                    "text",
		"{{ st2kv.system['a.b'] | upper }}":         "TEXT",
		"[{{ st2kv.system.none }}]":                 "[]",
		"{{ st2kv.system.n | int + 1 }}":            "43",
		"{{ st2kv.system.n | to_complex }}":         `"42"`,
		"{{ st2kv.system.a.b == 'text' }}":          "True",
		"{{ 'ex' in st2kv.system.a.b }}":            "True",
		"{{ st2kv.system.a.b ~ st2kv.system.n }}":   "text42",
		"{{ st2kv.system.twice }}":                  "{{ 1 + 1 }}",
		"{{ st2kv.system.a.b | default('other') }}": "text",
		"{{ st2kv.system.a.b | length }}":           "4",
	} {
		if got := mustRender(t, env, source, kv); got != want {
			t.Errorf("%s gives %q, want %q", source, got, want)
		}
	}
	tm, err := env.CompileExpression("st2kv.system.n")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := tm.Value(Run{}, kv); v != "42" || err != nil {
		t.Errorf("the value is %v %v, want '42'", v, err)
	}
}

func TestVariables(t *testing.T) {
	env := StackStorm(expr.Strict, nil)
	for source, want := range map[string][]string{
		"{{ a }}{% set b = c %}{{ b }}{{ range(d) }}":                                  {"a", "c", "d"},
		"{% for x in l %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}{{ x }}":            {"l", "x", "y"},
		"{% macro m(p, q=r) %}{{ p }}{{ s }}{% endmacro %}{{ m(t) }}":                  {"r", "s", "t"},
		"{% if a %}{% set b = 1 %}{% endif %}{{ b }}":                                  {"a", "b"},
		"{{ trigger.body.x | default(st2kv.system.k) }} {% raw %}{{ no }}{% endraw %}": {"st2kv", "trigger"},
	} {
		tm, err := env.Compile(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := tm.Variables(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s takes %v, want %v", source, got, want)
		}
	}
}

func TestErrorsPointAtTheirPlace(t *testing.T) {
	env := StackStorm(expr.Strict, nil)
	w := &functions.Workflow{Vars: expr.DictOf("a", int64(1))}
	whole := func(source string) error {
		tm, err := env.Compile(source)
		if err == nil {
			_, err = tm.Render(Run{}, DictVars(expr.NewDict()))
		}
		return err
	}
	inText := func(source string) error {
		_, err := NewEvaluator(nil).Evaluate(Run{}, source, w)
		return err
	}
	for _, c := range []struct {
		source string
		run    func(string) error
		want   expr.Pos
	}{
		{"é {{ x }}", whole, expr.Pos{Offset: 6, Line: 1, Col: 6}},
		{"one\n{{ 1 +\n   (2 % 0) }}", whole, expr.Pos{Offset: 17, Line: 3, Col: 7}},
		{"{{ 1 + }}", whole, expr.Pos{Offset: 7, Line: 1, Col: 8}},
		{"{{ 'a' | nofilter }}", whole, expr.Pos{Offset: 9, Line: 1, Col: 10}},
		{"a {{ 1 }} {{ ctx().a.upper() }}", inText, expr.Pos{Offset: 26, Line: 1, Col: 27}},
		{"a\n{{ ctx().nope }}", inText, expr.Pos{Offset: 5, Line: 2, Col: 4}},
	} {
		var e *expr.Error
		if err := c.run(c.source); !errors.As(err, &e) || e.Pos != c.want {
			t.Errorf("%q: %v at %+v, want %+v", c.source, err, e.Pos, c.want)
		}
	}
}

func TestOneTemplateInManyGoroutines(t *testing.T) {
	env := StackStorm(expr.Strict, nil)
	v, err := expr.FromJSON([]byte(`{"l": [1], "d": {}}`))
	if err != nil {
		t.Fatal(err)
	}
	source := "{% set _ = l.append(2) %}{% set _ = d.update(a=l) %}{{ l }}{{ d }}"
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			tm, err := env.Compile(source)
			if err != nil {
				t.Error(err)
				return
			}
			for range 50 {
				out, err := tm.Render(Run{}, DictVars(v.(*expr.Dict)))
				if err != nil || out != "[1, 2]{'a': [1, 2]}" {
					t.Errorf("gives %q %v", out, err)
				}
			}
		})
	}
	wg.Wait()
	if show(v) != "{'l': [1], 'd': {}}" {
		t.Errorf("the shared data became %s", show(v))
	}
}

func TestChangesAreSeenThroughFunctions(t *testing.T) {
	w := &functions.Workflow{Vars: expr.Freeze(expr.DictOf("l", expr.NewList(int64(1)))).(*expr.Dict)}
	v, err := NewEvaluator(nil).Evaluate(Run{}, "{% set _ = ctx().l.append(2) %}{{ ctx().l }}", w)
	if err != nil || v != "[1, 2]" || show(w.Vars) != "{'l': [1]}" {
		t.Errorf("gives %v %v, the context is %s", v, err, show(w.Vars))
	}
}

func TestACancelledContextEndsEvaluation(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	tm, err := StackStorm(expr.Strict, nil).Compile("{% for a in range(9999) %}{{ a }}{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tm.Render(Run{Context: ctx}, kv); !errors.Is(err, context.Canceled) {
		t.Errorf("gives %v", err)
	}
}

func show(v expr.Value) string {
	s, err := expr.Repr(nil, v)
	if err != nil {
		return err.Error()
	}
	return s
}
