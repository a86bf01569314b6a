package yaql

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// docWorkflow is the workflow that the examples of WorkflowDocs assume.
func docWorkflow() *functions.Workflow {
	return &functions.Workflow{
		Vars:   expr.Freeze(expr.DictOf("x", int64(1))).(*expr.Dict),
		Task:   expr.Freeze(expr.DictOf("id", "t1", "route", int64(0), "result", expr.DictOf("stdout", "ok"))).(*expr.Dict),
		Item:   expr.Freeze(expr.DictOf("host", "web1")),
		Status: func(string, int64) string { return "succeeded" },
	}
}

// TestDocs evaluates the example of every function, and its result.
func TestDocs(t *testing.T) {
	ev := NewEvaluator(Options{}, functions.StackStorm(nil))
	docs := WorkflowDocs()
	for _, f := range Library() {
		docs = append(docs, f.Doc)
	}
	for _, d := range docs {
		if d.Summary == "" || !strings.HasSuffix(d.Summary, ".") || d.Example == "" {
			t.Errorf("%s: summary %q, example %q", d.Name, d.Summary, d.Example)
		}
		if got, want := example(t, ev, d.Example), example(t, ev, d.Result); got != want {
			t.Errorf("%s: %s gives %s, want %s = %s", d.Name, d.Example, got, d.Result, want)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(d.Name, "#unary_operator_"), "#operator_")
		if !strings.HasPrefix(name, "#") && !strings.Contains(d.Example, name) && !strings.Contains(d.Summary, "also "+strings.Fields(d.Example)[0][:4]) {
			t.Errorf("%s: the example %s does not use it", d.Name, d.Example)
		}
	}
}

func example(t *testing.T, ev *Evaluator, source string) string {
	t.Helper()
	v, err := ev.Evaluate(Run{}, "<% "+source+" %>", docWorkflow())
	if err != nil {
		t.Errorf("%s: %v", source, err)
	}
	out, err := json.Marshal(tagged(v))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestEveryFunctionIsDocumented compares the functions that workflows can call with their docs.
func TestEveryFunctionIsDocumented(t *testing.T) {
	documented := map[string]bool{"decrypt_kv": true} // Jinja's alone
	for _, d := range WorkflowDocs() {
		documented[d.Name] = true
		if _, also, ok := strings.Cut(d.Summary, "; also "); ok {
			documented[strings.TrimSuffix(also, ".")] = true
		}
	}
	for name := range functions.StackStorm(nil) {
		if !documented[name] {
			t.Errorf("%s has no entry in WorkflowDocs", name)
		}
	}
}
