package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/petrelhq/petrel/cmd/internal/author"
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/expr/regex"
	"github.com/petrelhq/petrel/core/expr/yaql"
	"github.com/petrelhq/petrel/core/rules"
)

const (
	expressionsPage = "../../docs/expressions.md"
	exampleFolder   = "testdata/expressions/"
)

// example is a file that the page shows.
func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(exampleFolder + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestExpressionsPageRule holds the criteria that the page shows against the payload that it shows.
func TestExpressionsPageRule(t *testing.T) {
	var rule struct{ Criteria map[string]any }
	if err := yaml.Unmarshal([]byte(example(t, "rule.yaml")), &rule); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(rule.Criteria)
	if err != nil {
		t.Fatal(err)
	}
	var criteria core.Criteria
	if err := json.Unmarshal(raw, &criteria); err != nil {
		t.Fatal(err)
	}
	event, err := expr.FromJSON([]byte(example(t, "event.json")))
	if err != nil {
		t.Fatal(err)
	}
	for load, want := range map[string]bool{"3": true, "0.1": false} {
		stored := expr.NewLookup(func(_ context.Context, key string) (expr.Value, bool, error) { return load, key == "max_load", nil })
		names := expr.DictOf("st2kv", expr.DictOf("system", stored))
		c, err := rules.CompileCriteria(criteria, rules.NewRenderer(jinja.StackStorm(expr.Strict, nil), jinja.DictVars(names)))
		if err != nil {
			t.Fatal(err)
		}
		payload, _ := event.(*expr.Dict).Get("trigger")
		if out, err := c.Match(t.Context(), payload, time.Now()); out.Matched != want {
			t.Errorf("with max_load %s: %s (%v)", load, out.Reason, err)
		}
	}
}

// TestExpressionsPage compares docs/expressions.md with what the packages say about themselves;
// with UPDATE=1 it writes the page. The packages' own tests run the examples of the tables; those
// of the command line run here.
func TestExpressionsPage(t *testing.T) {
	page := template.New("expressions.md.tmpl").Delims("«", "»").Funcs(template.FuncMap{
		"operators":     func() string { return rows(rules.OperatorDocs()) },
		"filters":       func() string { return rows(jinja.FilterDocs()) },
		"tests":         func() string { return rows(jinja.TestDocs()) },
		"globals":       func() string { return rows(jinja.GlobalDocs()) },
		"stackstorm":    func() string { return rows(functions.StackStormDocs()) },
		"workflow":      func() string { return rows(orquesta.Docs()) },
		"yaqlOperators": func() string { return rows(append(yaqlLibrary(true), yaql.SyntaxDocs()...)) },
		"yaqlFunctions": func() string { return rows(yaqlLibrary(false)) },
		"yaqlMore":      func() string { return rows(stackstormInYAQL()) },
		"methods":       methodRows,
		"file":          func(name string) string { return strings.TrimSpace(example(t, name)) },
		"budget":        func() string { return budgetRows(t) },
		"sizes":         sizeRows,
		"eval":          func(args ...string) string { return session(t, args) },
	})
	var want bytes.Buffer
	if err := template.Must(page.ParseFiles("testdata/expressions.md.tmpl")).Execute(&want, nil); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(expressionsPage, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(expressionsPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("docs/expressions.md is not what the code says any more; write it anew:\n  UPDATE=1 go test -run TestExpressionsPage ./cmd/petrel")
	}
}

// rows are the rows of a table: name, what it does, example, result.
func rows(docs []expr.Doc) string {
	var b strings.Builder
	for _, d := range docs {
		name := d.Signature
		if name == "" {
			name = d.Name
		}
		b.WriteString("| " + code(name) + " | " + cell(d.Summary) + " | " + code(d.Example) + " | " + code(d.Result) + " |\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// code is a cell with code; quoted where blanks or line ends would be lost.
func code(text string) string {
	if strings.Contains(text, "\n") || strings.TrimSpace(text) != text || text == "" {
		text = strconv.Quote(text)
	}
	return "`" + cell(text) + "`"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// yaqlLibrary are YAQL's operators or its functions, by name, written as they are used.
func yaqlLibrary(operators bool) []expr.Doc {
	var docs []expr.Doc
	for _, f := range yaql.Library() {
		if strings.HasPrefix(f.Name, "#") != operators {
			continue
		}
		d := f.Doc
		switch {
		case operators:
			d.Signature = operatorUse(d)
		case f.Form == yaql.AsMethod:
			d.Signature = methodUse(d)
		}
		docs = append(docs, d)
	}
	if !operators {
		slices.SortStableFunc(docs, func(a, b expr.Doc) int { return strings.Compare(a.Name, b.Name) })
	}
	return docs
}

// stackstormInYAQL are YAQL's docs of what orquesta.Docs does not tell of already.
func stackstormInYAQL() []expr.Doc {
	return slices.DeleteFunc(yaql.WorkflowDocs(), func(d expr.Doc) bool {
		return slices.ContainsFunc(orquesta.Docs(), func(told expr.Doc) bool { return told.Name == d.Name })
	})
}

// methodRows are the types of Jinja's values and their methods.
func methodRows() string {
	var b strings.Builder
	for _, of := range []struct{ what, typeName string }{
		{"texts", "str"}, {"lists", "list"}, {"maps", "dict"}, {"tuples", "tuple"}, {"sets", "set"}, {"integers", "int"}, {"floats", "float"}, {"ranges", "range"},
	} {
		if names := jinja.MethodNames(of.typeName); len(names) > 0 {
			b.WriteString("| " + of.what + " | `" + strings.Join(names, "` `") + "` |\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// operatorUse writes an operator between its operands.
func operatorUse(d expr.Doc) string {
	params := strings.Split(strings.TrimSuffix(d.Signature[strings.Index(d.Signature, "(")+1:], ")"), ", ")
	for i, p := range params {
		params[i], _, _ = strings.Cut(p, ":")
	}
	if op, ok := strings.CutPrefix(d.Name, "#operator_"); ok {
		return params[0] + " " + op + " " + params[1]
	}
	if op, ok := strings.CutPrefix(d.Name, "#unary_operator_"); ok {
		return op + " " + params[0]
	}
	switch d.Name {
	case "#indexer":
		return params[0] + "[" + strings.Join(params[1:], ", ") + "]"
	case "#list":
		return "[item, …]"
	}
	return "{key => value, …}"
}

// methodUse writes a method after its first parameter.
func methodUse(d expr.Doc) string {
	receiver, rest, _ := strings.Cut(strings.TrimPrefix(d.Signature, d.Name+"("), ",")
	if rest == "" {
		receiver, rest = strings.TrimSuffix(receiver, ")"), ")"
	}
	receiver, _, _ = strings.Cut(receiver, ":")
	return receiver + "." + d.Name + "(" + strings.TrimSpace(rest)
}

// budgetRows are the limits of one evaluation, each with an expression that it stops.
func budgetRows(t *testing.T) string {
	l := expr.DefaultLimits()
	var b strings.Builder
	for _, r := range []struct{ what, most, example string }{
		{"steps", expr.LimitText(l.Steps), `{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}`},
		{"memory", expr.LimitText(l.Bytes) + " bytes", `{{ "x" * 100000000 }}`},
		{"calls within calls", expr.LimitText(int64(l.Depth)), `{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}`},
		{"time", l.Time.String(), ""},
		{"time of one regular expression", regex.DefaultLimit.String(), `{{ ("a" * 50 ~ "b") | regex_match("(?=a)(a+)+$") }}`},
	} {
		example, says := "", ""
		if r.example != "" {
			example, says = code(r.example), cell(refusal(t, r.example))
		}
		b.WriteString("| " + r.what + " | " + r.most + " | " + example + " | " + says + " |\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// refusal is the first line of what `petrel expr eval` says against an expression.
func refusal(t *testing.T, source string) string {
	_, err := eval(source)
	if err == nil {
		t.Fatalf("%s: no limit stops it", source)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// sizeRows are the limits of what is written down.
func sizeRows() string {
	var b strings.Builder
	for _, d := range append(jinja.LimitDocs(), yaql.LimitDocs()...) {
		b.WriteString("| " + d.Summary + " | " + d.Result + " |\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// session is a command line and what it prints.
func session(t *testing.T, args []string) string {
	out, err := eval(args...)
	if err != nil {
		out = err.Error() + "\n"
	}
	shown := make([]string, len(args))
	for i, a := range args {
		shown[i] = a
		if strings.ContainsAny(a, ` '"|<>{}()$*[]`) {
			shown[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	line := "$ petrel expr eval " + strings.Join(shown, " ") + "\n"
	return "```\n" + line + strings.TrimSuffix(out, "\n") + "\n```"
}

// eval runs `petrel expr eval` in testdata.
func eval(args ...string) (string, error) {
	for i, a := range args {
		if i > 0 && args[i-1] == "--context" {
			args = slices.Clone(args)
			args[i] = exampleFolder + a
		}
	}
	var out bytes.Buffer
	cmd := author.ExprCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"eval"}, args...))
	err := cmd.Execute()
	return out.String(), err
}
