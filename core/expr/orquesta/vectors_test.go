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
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/expr/yaql"
)

// TestVectors runs the conformance files of both languages, from $PETREL_VECTORS or testdata, and
// names each exception with its reason.
func TestVectors(t *testing.T) {
	excepted := exceptions(t)
	seen := 0
	for _, language := range []Language{Jinja, YAQL} {
		r := newVectorRunner()
		cases, passed, failed, skipped := 0, 0, 0, 0
		for lines := vectorFile(t, string(language)+".jsonl"); lines.Scan(); cases++ {
			c := decode(t, lines.Bytes())
			id, problem := text(c, "id"), r.check(c)
			reason, isException := excepted[id]
			switch {
			case isException:
				skipped++
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
		fmt.Printf("%s: %d cases, %d passed, %d excepted, %d failed\n", language, cases, passed, skipped, failed)
		if cases == 0 || skipped*100 > cases {
			t.Errorf("%d of %d cases are excepted; fewer than 1 %% may be", skipped, cases)
		}
		seen += skipped
	}
	if seen != len(excepted) {
		t.Errorf("exceptions.txt names %d cases, %d of them exist", len(excepted), seen)
	}
}

func vectorFile(t *testing.T, name string) *bufio.Scanner {
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
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	return lines
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

func decode(t *testing.T, line []byte) *expr.Dict {
	t.Helper()
	v, err := expr.FromJSON(line)
	if err != nil {
		t.Fatal(err)
	}
	return v.(*expr.Dict)
}

// vectorRunner runs cases through the public API.
type vectorRunner struct {
	plain, withSt2  *Evaluator
	strict, lenient *jinja.Environment
}

func newVectorRunner() *vectorRunner {
	return &vectorRunner{
		plain: New(yaql.Options{}, nil), withSt2: New(yaql.Options{}, functions.StackStorm(nil)),
		strict: jinja.StackStorm(expr.Strict, nil), lenient: jinja.StackStorm(expr.Lenient, nil),
	}
}

func (r *vectorRunner) run(c *expr.Dict) (expr.Value, error) {
	ev, source := r.plain, field(c, "expr")
	if field(c, "group") == "st2fn" {
		ev = r.withSt2
	}
	switch field(c, "op") {
	case "validate":
		return validate(ev, source)
	case "extract_vars":
		return variables(source)
	case "evaluate":
		w, err := functions.WorkflowOf(field(c, "context").(*expr.Dict))
		if err != nil {
			return nil, err
		}
		return ev.Evaluate(Run{}, source, w)
	}
	return r.render(c, source)
}

// render runs the cases of Jinja outside of workflows.
func (r *vectorRunner) render(c *expr.Dict, source expr.Value) (expr.Value, error) {
	env := r.strict
	if field(c, "allow_undefined") == true {
		env = r.lenient
	}
	context, _ := field(c, "context").(*expr.Dict)
	switch field(c, "op") {
	case "render_values":
		out, err := env.RenderMapping(jinja.Run{}, expr.DictOf("p", source), context)
		if err != nil {
			return nil, err
		}
		return field(out, "p"), nil
	case "render_mapping":
		return env.RenderMapping(jinja.Run{}, source.(*expr.Dict), context)
	case "is_jinja_expression":
		s, ok := source.(string)
		return ok && jinja.IsExpression(s), nil
	}
	return jinja.ToRawBlock(source)
}

func validate(ev *Evaluator, source expr.Value) (expr.Value, error) {
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
}

func variables(source expr.Value) (expr.Value, error) {
	found, err := Variables(source)
	out := expr.NewList()
	for _, v := range found {
		out.Items = append(out.Items, expr.NewList(string(v.Language), v.Text, v.Name))
	}
	return out, err
}

// check runs a case and explains what is wrong, or gives "".
func (r *vectorRunner) check(c *expr.Dict) string {
	got, err := r.run(c)
	source := show(field(c, "expr"))
	if class, fails := c.Get("error_class"); fails {
		var e *expr.Error
		cause := text(c, "cause")
		if !errors.As(err, &e) {
			return fmt.Sprintf("%s gives %s, %v, want %s", source, show(got), err, show(field(c, "error")))
		}
		if e.Class != class || e.Cause != cause {
			return fmt.Sprintf("%s fails with %s/%s (%v), want %s", source, e.Class, e.Cause, err, show(field(c, "error")))
		}
		return checkMessage(source, cause, e, text(c, "error"))
	}
	if err != nil {
		return fmt.Sprintf("%s fails: %v", source, err)
	}
	want, kind := field(c, "expect"), text(c, "type")
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

func field(d *expr.Dict, name string) expr.Value {
	v, _ := d.Get(name)
	return v
}

func text(d *expr.Dict, name string) string {
	s, _ := field(d, name).(string)
	return s
}

func show(v expr.Value) string {
	s, err := expr.Repr(nil, v)
	if err != nil {
		return err.Error()
	}
	return s
}
