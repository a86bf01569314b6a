package jinja

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
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

func TestJinjaVectors(t *testing.T) {
	excepted := exceptions(t)
	runner := newVectorRunner()
	lines := bufio.NewScanner(vectorFile(t, "jinja.jsonl"))
	lines.Buffer(nil, 1<<24)
	cases, passed, failed := 0, 0, 0
	var seen []string
	for lines.Scan() {
		cases++
		v, err := expr.FromJSON(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		c := v.(*expr.Dict)
		id, _ := c.Get("id")
		problem := runner.check(c)
		if reason, ok := excepted[id.(string)]; ok {
			seen = append(seen, fmt.Sprintf("excepted %s: %s", id, reason))
			if problem == "" {
				t.Errorf("%s is excepted but passes", id)
			}
			continue
		}
		if problem != "" {
			failed++
			t.Errorf("%s: %s", id, problem)
			continue
		}
		passed++
	}
	for _, line := range seen {
		fmt.Println(line)
	}
	fmt.Printf("jinja: %d cases, %d passed, %d excepted, %d failed\n", cases, passed, len(seen), failed)
	if len(seen) != len(excepted) {
		t.Errorf("exceptions.txt names %d cases, %d of them exist", len(excepted), len(seen))
	}
}

// vectorRunner runs cases through the public API.
type vectorRunner struct {
	plain, withSt2  *Evaluator
	strict, lenient *Environment
}

func newVectorRunner() *vectorRunner {
	return &vectorRunner{
		plain: NewEvaluator(nil), withSt2: NewEvaluator(functions.StackStorm(nil)),
		strict: StackStorm(expr.Strict, nil), lenient: StackStorm(expr.Lenient, nil),
	}
}

// check runs a case and explains what is wrong, or gives "".
func (r *vectorRunner) check(c *expr.Dict) string {
	got, err := r.run(c)
	if class, fails := c.Get("error_class"); fails {
		return checkError(c, class.(string), got, err)
	}
	if err != nil {
		return fmt.Sprintf("%s fails: %v", show(field(c, "expr")), err)
	}
	want := field(c, "expect")
	if field(c, "type") == "tuple" {
		want = expr.Tuple(want.(*expr.List).Items)
	}
	if !sameValue(got, want, true) {
		return fmt.Sprintf("%s gives %s, want %s", show(field(c, "expr")), show(got), show(want))
	}
	return ""
}

func checkError(c *expr.Dict, class string, got expr.Value, err error) string {
	if err == nil {
		return fmt.Sprintf("%s gives %s, want %s", show(field(c, "expr")), show(got), show(field(c, "error")))
	}
	var e *expr.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("%s fails with a foreign error: %v", show(field(c, "expr")), err)
	}
	cause, _ := field(c, "cause").(string)
	if e.Class != class || e.Cause != cause {
		return fmt.Sprintf("%s fails with %s/%s (%v), want %s", show(field(c, "expr")), e.Class, e.Cause, err, show(field(c, "error")))
	}
	return ""
}

func (r *vectorRunner) run(c *expr.Dict) (expr.Value, error) {
	context, _ := field(c, "context").(*expr.Dict)
	source := field(c, "expr")
	env := r.strict
	if field(c, "allow_undefined") == true {
		env = r.lenient
	}
	ev := r.plain
	if field(c, "group") == "st2fn" {
		ev = r.withSt2
	}
	switch field(c, "op") {
	case "evaluate":
		return evaluateAny(ev, source, context)
	case "validate":
		return validateAny(ev, source)
	case "extract_vars":
		return extractAny(source)
	case "render_values":
		out, err := env.RenderMapping(Run{}, expr.DictOf("p", source), context)
		if err != nil {
			return nil, err
		}
		return field(out, "p"), nil
	case "render_mapping":
		return env.RenderMapping(Run{}, source.(*expr.Dict), context)
	case "is_jinja_expression":
		s, ok := source.(string)
		return ok && IsExpression(s), nil
	}
	return ToRawBlock(source)
}

func evaluateAny(ev *Evaluator, source expr.Value, context *expr.Dict) (expr.Value, error) {
	w, err := functions.WorkflowOf(context)
	if err != nil {
		return nil, err
	}
	return expr.Walk(source, func(s string) (expr.Value, error) {
		if s == "<% ctx().i %>" { // the other language, in one case of group struct
			return field(w.Vars, "i"), nil
		}
		if !HasExpressions(s) {
			return s, nil
		}
		return ev.Evaluate(Run{}, s, w)
	})
}

func validateAny(ev *Evaluator, source expr.Value) (expr.Value, error) {
	out := expr.NewList()
	err := expr.Strings(source, func(s string) error {
		if HasExpressions(s) && strings.Contains(s, "<%") {
			out.Items = append(out.Items, expr.DictOf("type", nil, "expression", s, "message", "Expression with multiple types is not supported."))
			return nil
		}
		if !HasExpressions(s) {
			return nil
		}
		for _, f := range ev.Validate(s) {
			out.Items = append(out.Items, expr.DictOf("type", "jinja", "expression", f.Expression, "message", f.Message))
		}
		return nil
	})
	return out, err
}

func extractAny(source expr.Value) (expr.Value, error) {
	var rows [][2]string
	err := expr.Strings(source, func(s string) error {
		for _, name := range ContextVariables(s) {
			rows = append(rows, [2]string{name, s})
		}
		return nil
	})
	sort.Slice(rows, func(i, j int) bool { return rows[i][0] < rows[j][0] })
	out := expr.NewList()
	for _, row := range rows {
		out.Items = append(out.Items, expr.NewList("jinja", row[1], row[0]))
	}
	return out, err
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

// sameValue compares with types: 1, 1.0 and true differ. Below the top a tuple stands for a list.
func sameValue(got, want expr.Value, top bool) bool {
	if t, ok := got.(expr.Tuple); ok && !top {
		got = expr.NewList(t...)
	}
	switch w := want.(type) {
	case *expr.List:
		g, ok := got.(*expr.List)
		return ok && sameItems(g.Items, w.Items)
	case expr.Tuple:
		g, ok := got.(expr.Tuple)
		return ok && sameItems(g, w)
	case *expr.Dict:
		g, ok := got.(*expr.Dict)
		if !ok || g.Len() != w.Len() {
			return false
		}
		for k, v := range w.All() {
			x, ok, err := g.Lookup(k)
			if err != nil || !ok || !sameValue(x, v, false) {
				return false
			}
		}
		return true
	}
	if m, ok := got.(expr.Markup); ok {
		got = string(m)
	}
	eq, err := expr.Equal(nil, got, want)
	return err == nil && eq && expr.TypeName(got) == expr.TypeName(want)
}

func sameItems(got, want []expr.Value) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if !sameValue(got[i], want[i], false) {
			return false
		}
	}
	return true
}
