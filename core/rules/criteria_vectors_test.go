package rules

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/regex"
)

// vector is what StackStorm's operators and rule filter did.
type vector struct {
	ID, Group       string
	Operator        string
	Value           json.RawMessage
	CriteriaPattern json.RawMessage `json:"criteria_pattern"`
	Condition       string
	Criteria        core.Criteria
	Payload         json.RawMessage
	Enabled         bool
	Now             string
	Datastore       map[string]string `json:"datastore_system"`
	Expect          *bool
	Error           string
	ErrorClass      string `json:"error_class"`
}

// readVectors reads criteria.jsonl from $PETREL_VECTORS or testdata.
func readVectors(t *testing.T) []vector {
	t.Helper()
	dir := os.Getenv("PETREL_VECTORS")
	if dir == "" {
		dir = "testdata"
	}
	data, err := os.ReadFile(filepath.Join(dir, "criteria.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// readExceptions reads the ids of cases that are answered otherwise, with the reasons.
func readExceptions(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for line := range strings.Lines(string(data)) {
		id, why, _ := strings.Cut(strings.TrimSpace(line), " ")
		if id == "" || id == "#" {
			continue
		}
		if why == "" {
			t.Errorf("exception %s gives no reason", id)
		}
		reasons[id] = why
	}
	return reasons
}

func TestCriteriaVectors(t *testing.T) {
	exceptions := readExceptions(t)
	passed, excepted, failed := 0, 0, 0
	all := readVectors(t)
	for _, v := range all {
		err := v.run(t)
		switch _, odd := exceptions[v.ID]; {
		case err == nil && odd:
			t.Errorf("%s is listed as an exception but passes; take it out", v.ID)
		case err == nil:
			passed++
		case odd:
			excepted++
		default:
			failed++
			t.Errorf("%s: %v", v.ID, err)
		}
		delete(exceptions, v.ID)
	}
	for id := range exceptions {
		t.Errorf("exception %s is no case", id)
	}
	fmt.Printf("criteria: %d cases, %d passed, %d excepted, %d failed\n", len(all), passed, excepted, failed)
}

func (v *vector) run(t *testing.T) error {
	now := time.Unix(0, 0)
	if v.Now != "" {
		at, err := time.Parse(time.RFC3339, v.Now)
		if err != nil {
			return err
		}
		now = at
	}
	if v.Group == "filter" {
		return v.runFilter(t, now)
	}
	return v.runOperator(t, now)
}

// runOperator holds one value against one pattern, which is not rendered.
func (v *vector) runOperator(t *testing.T, now time.Time) error {
	e := &evaluation{now: now, renderer: testRenderer(v.Datastore), patterns: regex.NewCache(8), budget: expr.NewBudget(t.Context(), expr.Limits{})}
	p := fromJSON(t, v.CriteriaPattern)
	c := prepare("item", v.Operator, p, v.Condition)
	c.pattern = pattern{value: p}
	got, err := e.verdict(c, expr.DictOf("item", fromJSON(t, v.Value)))
	if v.Group == "search" && c.fault == nil && expr.ClassOf(err) != v.ErrorClass {
		err = nil // a child that cannot be evaluated does not hold, and we keep why
	}
	return v.compare(got.holds, err)
}

func (v *vector) compare(holds bool, err error) error {
	if v.Error == "" {
		if err != nil || holds != *v.Expect {
			return fmt.Errorf("got %v, %v; want %v", holds, err, *v.Expect)
		}
		return nil
	}
	if err == nil || expr.ClassOf(err) != v.ErrorClass {
		return fmt.Errorf("got %v, %v; want error %s", holds, err, v.Error)
	}
	ours := v.ErrorClass == "Exception" || v.ErrorClass == "UnrecognizedConditionError"
	if ours && err.Error() != v.Error {
		return fmt.Errorf("got error %v, want %s", err, v.Error)
	}
	return nil
}

// runFilter matches whole criteria. Errors of operators are no match there, but for an
// operator that does not exist.
func (v *vector) runFilter(t *testing.T, now time.Time) error {
	if !v.Enabled {
		return v.compare(false, nil) // Engine.load leaves such rules out
	}
	c, err := compileCriteria(v.Criteria, testRenderer(v.Datastore))
	if err != nil {
		return err
	}
	out, err := c.Match(t.Context(), fromJSON(t, v.Payload), now)
	if out.Reason == "" {
		return fmt.Errorf("no reason given for %v", out.Matched)
	}
	if err != nil && v.Error == "" {
		if core.KindOf(err) != core.Invalid {
			return fmt.Errorf("error %v is of kind %v", err, core.KindOf(err))
		}
		err = nil
	}
	if err != nil {
		err = expr.Errorf(expr.ClassOf(err), "%s", strings.TrimPrefix(err.Error(), out.Key+": "))
	}
	return v.compare(out.Matched, err)
}

func fromJSON(t *testing.T, raw json.RawMessage) expr.Value {
	t.Helper()
	if len(raw) == 0 {
		return nil
	}
	v, err := expr.FromJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
