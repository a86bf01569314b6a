package orquesta

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/yaql"
)

// vectorFile opens a conformance file from $PETREL_VECTORS or from testdata.
func vectorFile(t *testing.T, name string) *os.File {
	t.Helper()
	dir := os.Getenv("PETREL_VECTORS")
	if dir == "" {
		dir = "testdata"
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// exceptions reads testdata/exceptions.txt: id, tab, reason.
func exceptions(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, line := range strings.Split(string(data), "\n") {
		if id, reason, ok := strings.Cut(line, "\t"); ok {
			out[id] = reason
		}
	}
	return out
}

func TestYAQLVectors(t *testing.T) {
	excepted := exceptions(t)
	plain, withSt2 := New(yaql.Options{}, nil), New(yaql.Options{}, functions.StackStorm(nil))
	lines := bufio.NewScanner(vectorFile(t, "yaql.jsonl"))
	lines.Buffer(nil, 1<<24)
	cases, passed, failed, seen := 0, 0, 0, 0
	for lines.Scan() {
		cases++
		v, err := expr.FromJSON(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		c := v.(*expr.Dict)
		ev := plain
		if field(c, "group") == "st2fn" {
			ev = withSt2
		}
		id := field(c, "id").(string)
		problem := check(ev, c)
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
	fmt.Printf("yaql: %d cases, %d passed, %d excepted, %d failed\n", cases, passed, seen, failed)
	if seen != len(excepted) || cases == 0 || seen*100 > cases {
		t.Errorf("exceptions.txt names %d cases, %d of %d exist; fewer than 1 %% may be excepted", len(excepted), seen, cases)
	}
}

// check runs a case and explains what is wrong, or gives "".
func check(ev *Evaluator, c *expr.Dict) string {
	got, err := run(ev, c)
	source := show(field(c, "expr"))
	if class, fails := c.Get("error_class"); fails {
		var e *expr.Error
		cause, _ := field(c, "cause").(string)
		if !errors.As(err, &e) {
			return fmt.Sprintf("%s gives %s, %v, want %s", source, show(got), err, show(field(c, "error")))
		}
		if e.Class != class || e.Cause != cause {
			return fmt.Sprintf("%s fails with %s/%s (%v), want %s", source, e.Class, e.Cause, err, show(field(c, "error")))
		}
		return checkMessage(source, cause, e, field(c, "error").(string))
	}
	if err != nil {
		return fmt.Sprintf("%s fails: %v", source, err)
	}
	want := field(c, "expect")
	kind, _ := field(c, "type").(string)
	if !same(typed(got, kind), want, kind) {
		return fmt.Sprintf("%s gives %s, want %s %s", source, show(got), kind, show(want))
	}
	return ""
}

// ownTexts are the causes whose messages the originals write themselves, so ours are the same.
var ownTexts = map[string]bool{
	"YaqlGrammarException": true, "YaqlLexicalException": true, "KeyError": true, "NoFunctionRegisteredException": true,
	"NoMatchingFunctionException": true, "VariableUndefinedError": true, "VariableInaccessibleError": true,
	"ExpressionEvaluationException": true, "NoMethodRegisteredException": true, "AssertionError": true,
}

func checkMessage(source, cause string, e *expr.Error, want string) string {
	if ownTexts[cause] && len([]rune(want)) < 400 && e.Error() != want {
		return fmt.Sprintf("%s fails with\n  %s, want\n  %s", source, e.Error(), want)
	}
	if cause != "" && e.Pos.Line == 0 {
		return fmt.Sprintf("%s fails without a place: %v", source, e)
	}
	return ""
}

func run(ev *Evaluator, c *expr.Dict) (expr.Value, error) {
	source := field(c, "expr")
	switch field(c, "op") {
	case "validate":
		faults, err := ev.Validate(source)
		out := expr.NewList()
		for _, f := range faults {
			var language expr.Value
			if f.Language != Mixed {
				language = string(f.Language)
			}
			out.Items = append(out.Items, expr.DictOf("type", language, "expression", f.Expression, "message", f.Message))
		}
		return out, err
	case "extract_vars":
		found, err := Variables(source)
		out := expr.NewList()
		for _, v := range found {
			out.Items = append(out.Items, expr.NewList(string(v.Language), v.Text, v.Name))
		}
		return out, err
	}
	w, err := functions.WorkflowOf(field(c, "context").(*expr.Dict))
	if err != nil {
		return nil, err
	}
	return ev.Evaluate(Run{}, source, w)
}

func field(d *expr.Dict, name string) expr.Value {
	v, _ := d.Get(name)
	return v
}

func show(v expr.Value) string {
	s, err := expr.Repr(nil, v)
	if err != nil {
		return err.Error()
	}
	return s
}

// typed brings a value that JSON lacks into the form of the vectors.
func typed(v expr.Value, kind string) expr.Value {
	switch x := v.(type) {
	case *yaql.DateTime:
		if kind == "datetime" {
			return x.ISO()
		}
	case yaql.Timespan:
		if kind == "timespan_us" {
			return int64(x)
		}
	case *expr.Set:
		if kind == "set" {
			return expr.NewList(x.Items()...)
		}
	case *expr.Dict:
		if kind == "dict_pairs" {
			out := expr.NewList()
			for k, v := range x.All() {
				out.Items = append(out.Items, expr.NewList(k, v))
			}
			return out
		}
	}
	if kind == "bigint" {
		return show(v)
	}
	return v
}

// same compares with types: 1, 1.0 and true differ. Below the top a tuple stands for a list.
func same(got, want expr.Value, kind string) bool {
	if t, ok := got.(expr.Tuple); ok && kind == "" {
		got = expr.NewList(t...)
	}
	switch w := want.(type) {
	case *expr.List:
		g, ok := got.(*expr.List)
		return ok && sameItems(g.Items, w.Items, kind == "set")
	case *expr.Dict:
		g, ok := got.(*expr.Dict)
		if !ok || g.Len() != w.Len() {
			return false
		}
		for k, v := range w.All() {
			x, ok, err := g.Lookup(k)
			if err != nil || !ok || !same(x, v, "") {
				return false
			}
		}
		return true
	}
	eq, err := expr.Equal(nil, got, want)
	return err == nil && eq && expr.TypeName(got) == expr.TypeName(want)
}

func sameItems(got, want []expr.Value, anyOrder bool) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range want {
		found := same(got[i], want[i], "")
		for k := 0; anyOrder && !found && k < len(got); k++ {
			found = same(got[k], want[i], "")
		}
		if !found {
			return false
		}
	}
	return true
}
