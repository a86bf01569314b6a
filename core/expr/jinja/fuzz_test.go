package jinja

import (
	"errors"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// fuzzLimits keep one execution short.
var fuzzLimits = expr.Limits{Steps: 50_000, Bytes: 4 << 20, Depth: 100, Time: 2 * time.Second}

func seeds(f *testing.F) {
	for _, source := range bombs {
		if len(source) < 2000 {
			f.Add(source)
		}
	}
	gen := newTemplates(1)
	for range 300 {
		f.Add(gen.template())
	}
	for _, s := range []string{"", "{{", "{%", "{#", "{{ '", "{% raw %}", "{{ x[", "{%- endfor %}", "\x00{{ \xff }}", "{{ 1e999 }}", "{{ '\\N{DASH}' }}", "{{ 0x }}", "{{ a.1.2 }}", "{% set a.b.c = 1 %}"} {
		f.Add(s)
	}
}

// FuzzParse wants every source parsed or refused with a place inside it.
func FuzzParse(f *testing.F) {
	seeds(f)
	env := New(Options{TrimBlocks: true, LstripBlocks: true, CacheSize: 1}, nil, nil, nil)
	f.Fuzz(func(t *testing.T, source string) {
		for _, compile := range []func(string) (*Template, error){env.Compile, env.CompileExpression} {
			_, err := compile(source)
			var e *expr.Error
			if err == nil {
				continue
			}
			if !errors.As(err, &e) {
				t.Fatalf("%q: a foreign error: %v", source, err)
			}
			if e.Pos.Line < 1 || e.Pos.Col < 1 || e.Pos.Offset > len(source) {
				t.Fatalf("%q: %v at %+v", source, err, e.Pos)
			}
		}
	})
}

// FuzzRender wants every template to end by itself or by its budget, with text or a classed error.
func FuzzRender(f *testing.F) {
	seeds(f)
	strict := New(Options{TrimBlocks: true, LstripBlocks: true, CacheSize: 1}, nil, nil, nil)
	lenient := StackStorm(expr.Lenient, nil)
	context, err := expr.FromJSON([]byte(generatorContext))
	if err != nil {
		f.Fatal(err)
	}
	before := show(context)
	f.Fuzz(func(t *testing.T, source string) {
		for _, env := range []*Environment{strict, lenient} {
			tm, err := env.Compile(source)
			if err != nil {
				continue
			}
			start := time.Now()
			_, err = tm.Render(Run{Limits: fuzzLimits}, DictVars(context.(*expr.Dict)))
			if took := time.Since(start); took > 10*time.Second {
				t.Fatalf("%q took %s", source, took)
			}
			if errors.Is(err, expr.ErrFrozen) {
				t.Fatalf("%q: shared data was to be changed", source)
			}
			if err != nil && expr.ClassOf(err) == "" {
				t.Fatalf("%q: an error without class: %v", source, err)
			}
		}
		if show(context) != before {
			t.Fatalf("%q changed what it was given", source)
		}
	})
}
