package jinja

import (
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// Evaluator evaluates Jinja in the texts of workflows, as orquesta does: "{{ … }}" alone keeps its
// type, in a text it becomes text, and a text with a block is one template.
type Evaluator struct {
	env   *Environment
	extra map[string]functions.Function
	plans *expr.Cache[*plan]
}

// NewEvaluator makes an Evaluator with orquesta's functions and the given extra ones; each is both
// a function and a filter.
func NewEvaluator(extra map[string]functions.Function) *Evaluator {
	all := functions.Data()
	for name, f := range extra {
		all[name] = f
	}
	filters := asFilters(all)
	filters["zip"] = Func{Variadic: true, Fn: func(c *Call, _ []expr.Value) (expr.Value, error) { return functions.Zip(&c.Call) }}
	env := New(Options{TrimBlocks: true, LstripBlocks: true}, filters, nil, nil)
	return &Evaluator{env: env, extra: all, plans: expr.NewCache[*plan](env.CacheSize)}
}

// What counts as an expression. A dot does not match a newline: an expression stands on one line.
var (
	inlineText = regexp.MustCompile(`\{\{.*?\}\}`)
	blockText  = regexp.MustCompile(`\{%.*?%\}`)
	rawText    = regexp.MustCompile(`\{% raw %\}.*?\{% endraw %\}`)
)

// HasExpressions reports whether a text holds Jinja.
func HasExpressions(text string) bool {
	return inlineText.MatchString(text) || blockText.MatchString(text)
}

// strip takes the braces and blanks off an expression, as orquesta does: any run of them.
func strip(text string) string {
	return strings.TrimFunc(strings.Trim(text, "{}"), isSpace)
}

// vars are the names that expressions see: the functions and the engine's own.
func (e *Evaluator) vars(w *functions.Workflow) Vars {
	fns := map[string]expr.Value{}
	return func(name string) (expr.Value, bool) {
		if v, ok := fns[name]; ok {
			return v, true
		}
		v, ok := e.variable(w, name)
		if ok {
			fns[name] = v
		}
		return v, ok
	}
}

func (e *Evaluator) variable(w *functions.Workflow, name string) (expr.Value, bool) {
	switch name {
	case "__vars":
		return w.Vars, true
	case "__current_task":
		return dictOrNone(w.Task), true
	case "__current_item":
		return w.Item, true
	case "__state":
		return dictOrNone(w.State), true
	case "zip":
		return &expr.Func{Name: "zip", Fn: functions.Zip}, true
	}
	f, ok := e.extra[name]
	if !ok {
		f, ok = w.Function(name)
	}
	if !ok {
		return nil, false
	}
	return &expr.Func{Name: name, Fn: func(c *expr.Call) (expr.Value, error) { return f.Call(name, c) }}, true
}

func dictOrNone(d *expr.Dict) expr.Value {
	if d == nil {
		return nil
	}
	return d
}

const evaluationClass = "JinjaEvaluationException"

// evaluationError wraps what went wrong in an expression.
func evaluationError(source string, err error) error {
	var inner *expr.Error
	if !errors.As(err, &inner) || inner.Class == expr.BudgetError {
		return err
	}
	msg := fmt.Sprintf("Unable to evaluate expression '%s'. %s: %s", source, inner.Class, inner.Msg)
	return &expr.Error{Class: evaluationClass, Cause: inner.Class, Msg: msg, Pos: inner.Pos, Err: err}
}

// Fault is a syntax error found by Validate.
type Fault struct {
	Expression string
	Message    string
	Pos        expr.Pos // in Expression
}

// Validate finds the syntax errors of a text: in the whole, then in each "{{ … }}".
func (e *Evaluator) Validate(text string) []Fault {
	var faults []Fault
	if err := e.env.check(text); err != nil {
		faults = append(faults, fault(text, err))
	}
	for _, source := range inlineText.FindAllString(text, -1) {
		if len(faults) > 0 && faults[0].Expression == source {
			continue
		}
		inner := strip(source)
		if err := checkExpression(inner); err != nil {
			f := fault(source, err)
			f.Pos = within(position(source, strings.Index(source, inner)), f.Pos)
			faults = append(faults, f)
		}
	}
	return faults
}

func fault(source string, err error) Fault {
	f := Fault{Expression: source, Message: err.Error()}
	var inner *expr.Error
	if errors.As(err, &inner) {
		f.Message, f.Pos = inner.Msg, inner.Pos
	}
	return f
}

// What orquesta takes for a use of a context variable.
var (
	contextUse  = regexp.MustCompile(`\bctx\(['"]?[\]\[a-zA-Z0-9_'".()]*['"]?\)\.?[\]\[a-zA-Z0-9_'".()]*`)
	afterDot    = regexp.MustCompile(`\bctx\(\)\.([a-zA-Z0-9_-]+)`)
	inBrackets  = regexp.MustCompile(`\bctx\(([a-zA-Z0-9_-]+)\)`)
	singleQuote = regexp.MustCompile(`\bctx\('([a-zA-Z0-9_-]+)'\)`)
	doubleQuote = regexp.MustCompile(`\bctx\("([a-zA-Z0-9_-]+)"\)`)
)

// ContextVariables are the names of the context variables that a text uses in "{{ … }}", sorted.
// st2: orquesta looks at the text only: blocks and ctx().get('x') go unseen.
func ContextVariables(text string) []string {
	found := map[string]bool{}
	for _, source := range inlineText.FindAllString(text, -1) {
		for _, use := range contextUse.FindAllString(strip(source), -1) {
			for _, name := range usedNames(use) {
				found[name] = true
			}
		}
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func usedNames(use string) []string {
	var names []string
	for _, m := range afterDot.FindAllStringSubmatchIndex(use, -1) {
		if isCall := m[1] < len(use) && use[m[1]] == '('; !isCall {
			names = append(names, use[m[2]:m[3]])
			break
		}
	}
	for _, re := range []*regexp.Regexp{inBrackets, singleQuote, doubleQuote} {
		if m := re.FindStringSubmatch(use); m != nil {
			names = append(names, m[1])
		}
	}
	return names
}
