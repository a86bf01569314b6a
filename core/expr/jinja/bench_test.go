package jinja

import (
	"os"
	"strconv"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// pythonPerSecond is what the original does on the five expressions, measured on two noisy cores.
var pythonPerSecond = []float64{999, 667, 641, 581, 527}

func benchmarkInput(b *testing.B) ([]string, *functions.Workflow) {
	b.Helper()
	read := func(name string) *expr.Dict {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			b.Fatal(err)
		}
		v, err := expr.FromJSON(data)
		if err != nil {
			b.Fatal(err)
		}
		return v.(*expr.Dict)
	}
	var sources []string
	for _, s := range field(read("expressions.json"), "jinja").(*expr.List).Items {
		sources = append(sources, s.(string))
	}
	w, err := functions.WorkflowOf(read("expr_context.json"))
	if err != nil {
		b.Fatal(err)
	}
	return sources, w
}

// BenchmarkJinja evaluates the expressions of perf/expressions.json with compiled templates at hand.
func BenchmarkJinja(b *testing.B) {
	sources, w := benchmarkInput(b)
	ev := NewEvaluator(nil)
	for i, source := range sources {
		b.Run("cached/"+strconv.Itoa(i+1), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ev.Evaluate(Run{}, source, w); err != nil {
					b.Fatal(err)
				}
			}
			report(b, i)
		})
	}
	for i, source := range sources {
		b.Run("cold/"+strconv.Itoa(i+1), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n++ // a source of its own each time: nothing compiled is at hand
				if _, err := ev.Evaluate(Run{}, "{# "+strconv.Itoa(n)+" #}"+source, w); err != nil {
					b.Fatal(err)
				}
				if n%1000 == 0 {
					ev = NewEvaluator(nil)
				}
			}
			report(b, i)
		})
	}
}

func report(b *testing.B, i int) {
	perSecond := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "evals/s")
	b.ReportMetric(perSecond/pythonPerSecond[i], "x-python")
}
