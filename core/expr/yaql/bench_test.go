package yaql

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// pythonPerSecond are the evaluations a second that the original does, in the order of
// testdata/expressions.json, measured on two shared cores (Python 3.11, yaql 3.2.0).
var pythonPerSecond = []float64{1616, 138, 275, 902, 122}

func benchExpressions(b *testing.B) ([]string, *functions.Workflow) {
	b.Helper()
	data, err := os.ReadFile("testdata/expressions.json")
	if err != nil {
		b.Fatal(err)
	}
	var all struct{ YAQL []string }
	if err := json.Unmarshal(data, &all); err != nil {
		b.Fatal(err)
	}
	if data, err = os.ReadFile("testdata/expr_context.json"); err != nil {
		b.Fatal(err)
	}
	context, err := expr.FromJSON(data)
	if err != nil {
		b.Fatal(err)
	}
	w, err := functions.WorkflowOf(context.(*expr.Dict))
	if err != nil {
		b.Fatal(err)
	}
	return all.YAQL, w
}

// BenchmarkYAQL evaluates with a warm cache (cached) and compiles each time (cold).
func BenchmarkYAQL(b *testing.B) {
	sources, w := benchExpressions(b)
	for i, source := range sources {
		run := func(name string, ev func() *Evaluator) {
			b.Run(name+"/"+source, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := ev().Evaluate(Run{}, source, w); err != nil {
						b.Fatal(err)
					}
				}
				perSecond := float64(b.N) / b.Elapsed().Seconds()
				b.ReportMetric(perSecond, "evals/s")
				b.ReportMetric(perSecond/pythonPerSecond[i], "x-python")
			})
		}
		warm := NewEvaluator(Options{}, nil)
		run("cached", func() *Evaluator { return warm })
		run("cold", func() *Evaluator {
			engine := *warm.engine
			engine.cache = expr.NewCache[*Expression](1)
			return &Evaluator{&engine}
		})
	}
}
