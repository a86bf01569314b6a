package functions_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/jinja"
)

// TestEveryFunctionIsDocumented compares the documented functions with those that exist, and runs
// every example as the filter that it is in Jinja.
func TestEveryFunctionIsDocumented(t *testing.T) {
	reveal := func(_ *expr.Budget, ciphertext string) (string, error) {
		return strings.TrimPrefix(ciphertext, "encrypted "), nil
	}
	fns := functions.StackStorm(reveal)
	filters := map[string]jinja.Func{}
	for name, f := range fns {
		filters[name] = jinja.Func{Params: f.Params[1:], Fn: func(c *jinja.Call, a []expr.Value) (expr.Value, error) { return f.Fn(c.Budget, a) }}
	}
	env := jinja.New(jinja.Options{}, filters, nil, nil)
	var documented []string
	for _, d := range functions.StackStormDocs() {
		documented = append(documented, d.Name)
		if !strings.HasSuffix(d.Summary, ".") || !strings.Contains(d.Example, d.Name) {
			t.Errorf("%s: summary %q, example %q", d.Name, d.Summary, d.Example)
		}
		if got := asJSON(t, env, d.Example); got != d.Result {
			t.Errorf("%s: %s gives %s, documented is %s", d.Name, d.Example, got, d.Result)
		}
	}
	slices.Sort(documented)
	if registered := slices.Sorted(maps.Keys(fns)); !slices.Equal(documented, registered) {
		t.Errorf("documented are\n%v, registered\n%v", documented, registered)
	}
}

// asJSON evaluates an expression over a datastore with one encrypted key, token.
func asJSON(t *testing.T, env *jinja.Environment, source string) string {
	t.Helper()
	stored := expr.NewLookup(func(_ context.Context, key string) (expr.Value, bool, error) {
		return "encrypted s3cret", key == "token", nil
	})
	names := expr.DictOf("st2kv", expr.DictOf("system", stored))
	tm, err := env.CompileExpression(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	v, err := tm.Value(jinja.Run{}, jinja.DictVars(names))
	if err != nil {
		t.Errorf("%s: %v", source, err)
	}
	text, err := expr.ToJSON(nil, v, expr.JSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
