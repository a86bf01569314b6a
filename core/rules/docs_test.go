package rules

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// TestEveryOperatorIsDocumented compares the documented operators with those that exist, and holds
// every example against its payloads.
func TestEveryOperatorIsDocumented(t *testing.T) {
	var registered, documented []string
	for _, o := range operators() {
		registered = append(registered, o.name)
	}
	for _, d := range OperatorDocs() {
		documented = append(documented, d.Name)
		t.Run(d.Name, func(t *testing.T) { checkDoc(t, d) })
	}
	slices.Sort(registered)
	slices.Sort(documented)
	if !slices.Equal(documented, registered) {
		t.Errorf("documented are\n%v, registered\n%v", documented, registered)
	}
}

func checkDoc(t *testing.T, d expr.Doc) {
	if !strings.HasSuffix(d.Summary, ".") || !strings.Contains(d.Example, "type: "+d.Name+",") {
		t.Errorf("summary %q, example %q", d.Summary, d.Example)
	}
	criteria := criteriaOf(t, d.Example)
	good, bad, ok := strings.Cut(strings.TrimSuffix(d.Result, " does not"), " matches, ")
	if !ok {
		t.Fatalf("no two payloads in %q", d.Result)
	}
	for payload, want := range map[string]bool{good: true, bad: false} {
		out, err := criteria.Match(t.Context(), fromJSON(t, []byte(payload)), time.Now())
		if out.Matched != want {
			t.Errorf("%s: %s (%v), want matched %t", payload, out.Reason, err, want)
		}
	}
}

// criteriaOf reads a criterion as rule files hold it.
func criteriaOf(t *testing.T, source string) *Criteria {
	t.Helper()
	var v map[string]any
	if err := yaml.Unmarshal([]byte(source), &v); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var criteria core.Criteria
	if err := json.Unmarshal(raw, &criteria); err != nil {
		t.Fatal(err)
	}
	c, err := CompileCriteria(criteria, testRenderer(nil))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
