package rules

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
)

var update = flag.Bool("update", false, "rewrite the outcomes in testdata/*.txtar")

// TestStories holds rules against payloads: each file of testdata has one file "rule"
// with criteria, then pairs of files "<name>.payload" and "<name>.outcome".
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { tellStory(t, file) })
	}
}

func tellStory(t *testing.T, name string) {
	story, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var criteria *Criteria
	var payload expr.Value
	for i := range story.Files {
		f := &story.Files[i]
		switch filepath.Ext(f.Name) {
		case ".payload":
			payload = fromJSON(t, f.Data)
		case ".outcome":
			got := outcome(t, criteria, payload)
			if *update {
				f.Data = []byte(got)
			} else if got != string(f.Data) {
				t.Errorf("%s:\n got %s want %s", f.Name, got, f.Data)
			}
		default:
			criteria = storyCriteria(t, f.Data)
		}
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(story), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func storyCriteria(t *testing.T, data []byte) *Criteria {
	var c core.Criteria
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	criteria, err := CompileCriteria(c, testRenderer(map[string]string{"who": "ann", "team.lead": "5"}))
	if err != nil {
		t.Fatal(err)
	}
	return criteria
}

// testRenderer is Jinja as rules use it, over a datastore of system keys.
func testRenderer(datastore map[string]string) Renderer {
	read := func(_ context.Context, key string) (expr.Value, bool, error) {
		v, ok := datastore[key]
		return v, ok, nil
	}
	toComplex := jinja.Func{Fn: func(c *jinja.Call, a []expr.Value) (expr.Value, error) {
		return expr.ToJSON(c.Budget, a[0], expr.JSONOptions{})
	}}
	env := jinja.New(jinja.Options{TrimBlocks: true, LstripBlocks: true}, map[string]jinja.Func{"to_complex": toComplex}, nil, nil)
	st2kv := expr.DictOf("system", expr.NewLookup(read))
	return NewRenderer(env, jinja.DictVars(expr.DictOf("st2kv", st2kv)))
}

func outcome(t *testing.T, c *Criteria, payload expr.Value) string {
	now := time.Date(2024, 6, 15, 12, 0, 0, 0, time.UTC)
	out, err := c.Match(t.Context(), payload, now)
	switch {
	case out.Matched:
		return "match: " + out.Reason + "\n"
	case err != nil:
		return "failed: " + err.Error() + "\n"
	}
	return "no match: " + out.Reason + "\n"
}

func TestValidateCriteria(t *testing.T) {
	const names = "'matchwildcard', 'matchregex', 'regex', 'iregex', 'eq', 'equals', 'neq', 'nequals', 'ieq', 'iequals', " +
		"'contains', 'icontains', 'ncontains', 'incontains', 'startswith', 'istartswith', 'endswith', 'iendswith', " +
		"'lt', 'lessthan', 'gt', 'greaterthan', 'td_lt', 'timediff_lt', 'td_gt', 'timediff_gt', 'exists', 'nexists', " +
		"'in', 'inside', 'nin', 'ninside', 'search'"
	for _, c := range []struct{ criteria, field, want string }{
		{`{"trigger.a": {"pattern": 1}}`, "criteria.trigger.a.type", "Operator not specified for field: trigger.a"},
		{`{"trigger.a": {"type": "like", "pattern": 1}}`, "criteria.trigger.a.type",
			"For field: trigger.a, operator like not in list of allowed operators: [" + names + "]"},
		{`{"trigger.a": {"type": "Equals", "pattern": 1}}`, "criteria.trigger.a.type",
			"For field: trigger.a, operator Equals not in list of allowed operators: [" + names + "]"},
		{`{"trigger.a": {"type": "exists"}}`, "criteria.trigger.a.pattern", "For field: trigger.a, no pattern specified for operator exists"},
		{`{"trigger.a#1": {"type": "eq", "pattern": null}}`, "criteria.trigger.a#1.pattern", "For field: trigger.a#1, no pattern specified for operator eq"},
		{`{"trigger.a": {"type": "eq", "pattern": 0}, "trigger.b": {"type": "regex", "pattern": "("}, "a[": {"type": "in", "pattern": ""}}`, "", ""},
	} {
		var criteria core.Criteria
		if err := json.Unmarshal([]byte(c.criteria), &criteria); err != nil {
			t.Fatal(err)
		}
		_, err := CompileCriteria(criteria, testRenderer(nil))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.criteria, err)
			}
			continue
		}
		var e *core.Error
		if !errors.As(err, &e) || e.Kind != core.Invalid || e.Field != c.field || e.Msg != c.want {
			t.Errorf("%s: got %v, want %s", c.criteria, err, c.want)
		}
	}
}

func TestMatchEndsWithItsContext(t *testing.T) {
	c := storyCriteria(t, []byte(`{"trigger.a": {"type": "regex", "pattern": "(a+)+$(?!b)"}}`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Match(ctx, expr.DictOf("a", "a"), time.Time{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
