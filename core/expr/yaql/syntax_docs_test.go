package yaql

import (
	"slices"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr/functions"
)

// TestSyntaxDocs runs the examples of what is no function of the library.
func TestSyntaxDocs(t *testing.T) {
	ev := NewEvaluator(Options{}, nil)
	for _, d := range SyntaxDocs() {
		if !strings.HasSuffix(d.Summary, ".") || !strings.Contains(d.Example, d.Name) || !strings.Contains(d.Signature, d.Name) {
			t.Errorf("%s: signature %q, summary %q, example %q", d.Name, d.Signature, d.Summary, d.Example)
		}
		if got, want := example(t, ev, d.Example), example(t, ev, d.Result); got != want {
			t.Errorf("%s: %s gives %s, want %s = %s", d.Name, d.Example, got, d.Result, want)
		}
	}
}

// TestEveryOperatorIsDocumented compares the operators that the parser knows with the docs.
func TestEveryOperatorIsDocumented(t *testing.T) {
	documented := map[string]bool{",": true, "(": true, ")": true, "]": true, "}": true} // parts of others
	for _, d := range SyntaxDocs() {
		documented[d.Name] = true
	}
	for _, f := range Library() {
		name := strings.TrimPrefix(strings.TrimPrefix(f.Doc.Name, "#unary_operator_"), "#operator_")
		documented[map[string]string{"#indexer": "[", "#list": "[", "#map": "{"}[name]] = true
		documented[name] = true
	}
	known := slices.Clone(symbols)
	for word := range wordOperators {
		known = append(known, word)
	}
	for _, op := range known {
		if !documented[op] {
			t.Errorf("the operator %s is documented neither in the library nor in SyntaxDocs", op)
		}
	}
	for _, d := range SyntaxDocs() {
		if d.Name != "$" && !slices.Contains(known, d.Name) {
			t.Errorf("SyntaxDocs has %s, which is no operator", d.Name)
		}
	}
}

// TestNothingElseIsDocumented finds docs of functions that workflows cannot call.
func TestNothingElseIsDocumented(t *testing.T) {
	w := docWorkflow()
	extra := functions.StackStorm(nil)
	for _, d := range WorkflowDocs() {
		_, ofWorkflow := w.Function(d.Name)
		_, ofData := functions.Data()[d.Name]
		_, ofStackStorm := extra[d.Name]
		if !ofWorkflow && !ofData && !ofStackStorm && d.Name != "zip" {
			t.Errorf("WorkflowDocs has %s, which is no function", d.Name)
		}
	}
}

// TestLimitDocs goes beyond each limit by one.
func TestLimitDocs(t *testing.T) {
	beyond := map[string]string{
		"depth":  strings.Repeat("(", maxNesting+1) + "1" + strings.Repeat(")", maxNesting+1),
		"chain":  "1" + strings.Repeat(" + 1", maxChain+1),
		"source": strings.Repeat("1", maxSource+1),
	}
	e := New(Options{})
	for _, d := range LimitDocs() {
		if _, err := e.Compile(beyond[d.Name]); err == nil || beyond[d.Name] == "" {
			t.Errorf("%s: more than %s is no error", d.Name, d.Result)
		}
	}
}
