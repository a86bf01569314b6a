// Package orquesta evaluates values that hold Jinja or YAQL as workflows do: every text of a value, at
// any depth and keys included, is searched for Jinja first and then for YAQL; the first language found is
// the text's language.
//
// st2 differs: a result is never searched again, so text from outside that looks like an expression stays text.
package orquesta

import (
	"context"
	"sort"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/expr/yaql"
)

// Language is one of the two, as reports name it.
type Language string

// The languages. Mixed is a text that holds both.
const (
	Jinja Language = "jinja"
	YAQL  Language = "yaql"
	Mixed Language = ""
)

// Evaluator evaluates expressions. Build it once; safe for concurrent use.
type Evaluator struct {
	jinja *jinja.Evaluator
	yaql  *yaql.Evaluator
}

// New makes an Evaluator with orquesta's functions and the given extra ones (functions.StackStorm).
// Those of one evaluation, such as st2kv and task, go into functions.Workflow.Extra.
func New(o yaql.Options, extra map[string]functions.Function) *Evaluator {
	return &Evaluator{jinja.NewEvaluator(extra), yaql.NewEvaluator(o, extra)}
}

// Run is how one evaluation is done. The zero value has default limits and no context. The limits
// hold for a whole value, not for each of its texts.
type Run struct {
	Context context.Context
	Limits  expr.Limits
}

// Evaluate rebuilds v with every text evaluated. w.Vars and what else w holds must be frozen. Errors
// are of class JinjaEvaluationException or YaqlEvaluationException with the inner class as cause, or
// a budget's; their place is in the text that failed.
func (e *Evaluator) Evaluate(run Run, v expr.Value, w *functions.Workflow) (expr.Value, error) {
	b := expr.NewBudget(run.Context, run.Limits)
	return expr.Walk(v, func(text string) (expr.Value, error) {
		switch languageOf(text) {
		case Jinja:
			return e.jinja.Evaluate(jinja.Run{Budget: b}, text, w)
		case YAQL:
			return e.yaql.Evaluate(yaql.Run{Budget: b}, text, w)
		}
		return text, nil
	})
}

// none is the language of a text without expressions.
const none Language = "none"

func languageOf(text string) Language {
	switch {
	case strings.Contains(text, "{") && jinja.HasExpressions(text):
		return Jinja
	case yaql.HasExpressions(text):
		return YAQL
	}
	return none
}

// HasExpressions reports whether some text of v holds an expression.
func HasExpressions(v expr.Value) bool {
	found := false
	err := expr.Strings(v, func(text string) error {
		found = found || languageOf(text) != none
		return nil
	})
	return found || err != nil
}

// Fault is a syntax error.
type Fault struct {
	Language   Language
	Expression string
	Message    string
	Pos        expr.Pos
}

// Validate finds the syntax errors in the texts of v. A text may hold one language only.
func (e *Evaluator) Validate(v expr.Value) ([]Fault, error) {
	var out []Fault
	err := expr.Strings(v, func(text string) error {
		out = append(out, e.validate(text)...)
		return nil
	})
	return out, err
}

func (e *Evaluator) validate(text string) []Fault {
	var out []Fault
	switch hasJinja, hasYAQL := jinja.HasExpressions(text), yaql.HasExpressions(text); {
	case hasJinja && hasYAQL:
		return []Fault{{Mixed, text, "Expression with multiple types is not supported.", expr.Pos{}}}
	case hasJinja:
		for _, f := range e.jinja.Validate(text) {
			out = append(out, Fault{Jinja, f.Expression, f.Message, f.Pos})
		}
	case hasYAQL:
		for _, f := range e.yaql.Validate(text) {
			out = append(out, Fault{YAQL, f.Expression, f.Message, f.Pos})
		}
	}
	return out
}

// Variable is a use of a context variable.
type Variable struct {
	Language Language
	Text     string // the whole text
	Name     string
}

// Variables are the context variables that the texts of v use, sorted by name; each once for a text.
func Variables(v expr.Value) ([]Variable, error) {
	var out []Variable
	err := expr.Strings(v, func(text string) error {
		for _, name := range jinja.ContextVariables(text) {
			out = append(out, Variable{Jinja, text, name})
		}
		for _, name := range yaql.ContextVariables(text) {
			out = append(out, Variable{YAQL, text, name})
		}
		return nil
	})
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, err
}
