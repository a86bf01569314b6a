package orquesta

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/yaql"
)

// TestEveryFunctionIsDocumented compares the documented functions with those that exist, and runs
// every example in both languages.
func TestEveryFunctionIsDocumented(t *testing.T) {
	registered := append(workflowFunctions(t), "zip")
	for name := range functions.Data() {
		registered = append(registered, name)
	}
	slices.Sort(registered)
	var documented []string
	for _, d := range Docs() {
		documented = append(documented, d.Name)
		if !strings.HasSuffix(d.Summary, ".") || !strings.HasPrefix(d.Signature, d.Name) || !strings.Contains(d.Example, d.Name) {
			t.Errorf("%s: signature %q, summary %q, example %q", d.Name, d.Signature, d.Summary, d.Example)
		}
		for _, source := range []string{"{{ " + d.Example + " }}", "<% " + d.Example + " %>"} {
			if got := documentedValue(t, source); got != d.Result {
				t.Errorf("%s: %s gives %s, documented is %s", d.Name, source, got, d.Result)
			}
		}
	}
	slices.Sort(documented)
	if !slices.Equal(documented, registered) {
		t.Errorf("documented are\n%v, registered\n%v", documented, registered)
	}
}

// workflowFunctions reads the names that functions.Workflow knows out of its source: they are the
// cases of a switch.
func workflowFunctions(t *testing.T) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../functions/workflow.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "Function" {
			continue
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			c, ok := n.(*ast.CaseClause)
			if !ok {
				return true
			}
			for _, e := range c.List {
				if name, err := strconv.Unquote(e.(*ast.BasicLit).Value); err == nil {
					names = append(names, name)
				}
			}
			return true
		})
	}
	return names
}

// documentedValue evaluates a text in the workflow that Docs tells of.
func documentedValue(t *testing.T, text string) string {
	t.Helper()
	w := &functions.Workflow{
		Vars:   frozen("x", int64(1)),
		Task:   frozen("id", "t1", "route", int64(0), "result", expr.DictOf("stdout", "ok")),
		Item:   frozen("host", "web1"),
		Status: func(string, int64) string { return "succeeded" },
	}
	v, err := New(yaql.Options{}, functions.StackStorm(nil)).Evaluate(Run{}, text, w)
	if err != nil {
		t.Errorf("%s: %v", text, err)
	}
	out, err := expr.ToJSON(nil, v, expr.JSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func frozen(pairs ...any) *expr.Dict {
	d := expr.DictOf(pairs...)
	expr.Freeze(d)
	return d
}
