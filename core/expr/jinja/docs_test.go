package jinja

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
)

// TestEverythingIsDocumented compares each table of documentation with what is registered, and runs its examples.
func TestEverythingIsDocumented(t *testing.T) {
	for what, c := range map[string]struct {
		docs       []expr.Doc
		registered []string
	}{
		"filter": {FilterDocs(), slices.Sorted(maps.Keys(builtinFilters()))},
		"test":   {TestDocs(), slices.Sorted(maps.Keys(builtinTests()))},
		"global": {GlobalDocs(), slices.Sorted(maps.Keys(builtinGlobals()))},
	} {
		var documented []string
		for _, d := range c.docs {
			documented = append(documented, d.Name)
			checkDoc(t, what, d)
		}
		slices.Sort(documented)
		if !slices.Equal(documented, c.registered) {
			t.Errorf("%ss: documented are\n%v, registered\n%v", what, documented, c.registered)
		}
	}
}

// checkDoc renders the example of a doc, which has to use what it is about.
func checkDoc(t *testing.T, what string, d expr.Doc) {
	t.Helper()
	if !strings.HasSuffix(d.Summary, ".") || !strings.HasPrefix(d.Signature, d.Name) || !strings.Contains(d.Example, d.Name) {
		t.Errorf("%s %s: signature %q, summary %q, example %q", what, d.Name, d.Signature, d.Summary, d.Example)
	}
	source := d.Example
	if !IsExpression(source) {
		source = "{{ " + source + " }}"
	}
	if got := mustRender(t, StackStorm(expr.Strict, nil), source, DictVars(expr.NewDict())); got != d.Result {
		t.Errorf("%s %s: %s gives %q, documented is %q", what, d.Name, d.Example, got, d.Result)
	}
}

// TestLimitDocs goes beyond each limit by one.
func TestLimitDocs(t *testing.T) {
	beyond := map[string]string{
		"range":  "{{ range(100001) }}",
		"depth":  "{{ " + strings.Repeat("(", maxDepth+1) + "1" + strings.Repeat(")", maxDepth+1) + " }}",
		"chain":  "{{ 1" + strings.Repeat(" + 1", maxChain+2) + " }}",
		"tokens": "{{ " + strings.Repeat("1 ", maxTokens+1) + "}}",
		"source": strings.Repeat("x", maxSource+1),
	}
	env := StackStorm(expr.Strict, nil)
	for _, d := range LimitDocs() {
		tm, err := env.Compile(beyond[d.Name])
		if err == nil {
			_, err = tm.Render(Run{}, DictVars(expr.NewDict()))
		}
		if err == nil || beyond[d.Name] == "" {
			t.Errorf("%s: more than %s is no error", d.Name, d.Result)
		}
	}
}
