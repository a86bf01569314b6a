package workflow

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
)

// vectors reads a conformance file from $PETREL_VECTORS or testdata, one case a line.
func vectors(t *testing.T, name string) []*expr.Dict {
	t.Helper()
	dir := os.Getenv("PETREL_VECTORS")
	if dir == "" {
		dir = "testdata"
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<24)
	var cases []*expr.Dict
	for lines.Scan() {
		v, err := expr.FromJSON(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, v.(*expr.Dict))
	}
	return cases
}

// exceptions reads the ids of cases that are answered otherwise, with the reasons.
func exceptions(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if id, reason, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			out[id] = reason
		}
	}
	return out
}

func TestOrquestaVectors(t *testing.T) {
	excepted, seen := exceptions(t), 0
	cases, passed, failed := 0, 0, 0
	for _, c := range vectors(t, "orquesta.jsonl") {
		cases++
		id := member(c, "id").(string)
		problem := replayCase(c)
		reason, isException := excepted[id]
		switch {
		case isException:
			seen++
			fmt.Printf("excepted %s: %s\n", id, reason)
			if problem == "" {
				t.Errorf("%s is excepted but passes", id)
			}
		case problem != "":
			failed++
			t.Errorf("%s: %s", id, problem)
		default:
			passed++
		}
	}
	fmt.Printf("orquesta: %d cases, %d passed, %d excepted, %d failed\n", cases, passed, seen, failed)
	if cases == 0 || seen != len(excepted) && os.Getenv("PETREL_VECTORS") == "" {
		t.Errorf("exceptions.txt names %d cases, %d of them exist", len(excepted), seen)
	}
}

// replayCase says what is wrong with a case, or "".
func replayCase(c *expr.Dict) string {
	if member(c, "group") == "inspect" {
		return replayInspection(c)
	}
	return replayRun(c)
}

func replayInspection(c *expr.Dict) string {
	var in Inspection
	if known, ok := member(c, "app_context").(*expr.Dict); ok {
		for _, k := range known.Keys() {
			in.Names = append(in.Names, k.(string))
		}
	}
	source := member(c, "workflow").(string)
	r := Inspect("w.yaml", []byte(source), in)
	for _, f := range r.Faults {
		if f.Line == 0 {
			return fmt.Sprintf("the fault %s has no line", f.Message)
		}
	}
	want, ok := c.Get("expect")
	if !ok {
		if len(r.Faults) == 0 {
			return "is not refused"
		}
		return ""
	}
	return differs("report", jsonOf(r), want)
}

// jsonOf is v as JSON without the lines, which the original does not give.
func jsonOf(v json.Marshaler) expr.Value {
	raw, err := v.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	x, err := expr.FromJSON(raw)
	if err != nil {
		return err.Error()
	}
	return without(x, "line")
}

func without(v expr.Value, names ...string) expr.Value {
	switch x := v.(type) {
	case *expr.List:
		l := expr.NewList()
		for _, item := range x.Items {
			l.Items = append(l.Items, without(item, names...))
		}
		return l
	case *expr.Dict:
		d := expr.NewDict()
		for k, item := range x.All() {
			if !contains(names, k) {
				d.Set(k, without(item, names...))
			}
		}
		return d
	}
	return v
}

func contains(names []string, k expr.Value) bool {
	for _, n := range names {
		if n == k {
			return true
		}
	}
	return false
}

func differs(what string, got, want expr.Value) string {
	if equal(got, want) {
		return ""
	}
	return fmt.Sprintf("%s\n got  %s\n want %s", what, repr(got), repr(want))
}

func member(d *expr.Dict, name string) expr.Value {
	v, _ := d.Get(name)
	return v
}
