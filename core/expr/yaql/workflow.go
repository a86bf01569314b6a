package yaql

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// Evaluator evaluates YAQL in the texts of workflows, as orquesta does: "<% … %>" alone keeps its
// type, in a text it becomes text.
type Evaluator struct{ engine *Engine }

// NewEvaluator makes an Evaluator with orquesta's functions and the given extra ones. Functions that
// differ from one evaluation to the next (st2kv, task) belong into functions.Workflow.Extra.
func NewEvaluator(o Options, extra map[string]functions.Function) *Evaluator {
	o.Functions = append(slices.Clone(o.Functions), Variadic("zip", functions.Zip))
	for name, f := range functions.Data() {
		o.Functions = append(o.Functions, shared(name, f))
	}
	for name, f := range extra {
		o.Functions = append(o.Functions, shared(name, f))
	}
	return &Evaluator{New(o)}
}

// readers are the shared functions that make data of text; it is Python's own data, not frozen.
var readers = map[string]bool{"json": true, "json_parse": true, "from_json_string": true, "yaml_parse": true, "from_yaml_string": true}

func shared(name string, f functions.Function) *Function {
	if !readers[name] {
		return Shared(name, f.Params, f.Fn)
	}
	return Shared(name, f.Params, func(b *expr.Budget, a []Value) (Value, error) {
		v, err := f.Fn(b, a)
		if err != nil {
			return nil, err
		}
		return expr.NewThawer(b).Thaw(v)
	})
}

// HasExpressions reports whether a text holds YAQL.
func HasExpressions(text string) bool {
	_, _, ok := nextBlock(text, 0)
	return ok
}

// nextBlock finds the first <% … %> from a place on. It stands on one line.
func nextBlock(text string, from int) (start, end int, ok bool) {
	for {
		i := strings.Index(text[from:], "<%")
		if i < 0 {
			return 0, 0, false
		}
		start = from + i
		length := strings.Index(text[start+2:], "%>")
		if length < 0 {
			return 0, 0, false
		}
		end = start + 2 + length + 2
		newline := strings.LastIndexByte(text[start:end], '\n')
		if newline < 0 {
			return start, end, true
		}
		from = start + newline + 1 // nothing that begins before the newline can end here
	}
}

// block is one expression in a text.
type block struct {
	start, end int    // with its delimiters
	source     string // without them
	at         int    // where source begins in the text
}

// blocks finds the expressions of a text. Any run of <, % and > at the ends counts as delimiter.
func blocks(text string) []block {
	var out []block
	for from := 0; ; {
		start, end, ok := nextBlock(text, from)
		if !ok {
			return out
		}
		inner := strings.TrimLeftFunc(strings.TrimLeft(text[start:end], "<%>"), isSpace)
		source := strings.TrimRightFunc(strings.TrimRight(inner, "<%>"), isSpace)
		out = append(out, block{start, end, source, end - len(inner)})
		from = end
	}
}

// Evaluate gives the value of a text. Errors are of class YaqlEvaluationException, with the class of
// the inner error as cause and the place in the text, or a budget's.
func (e *Evaluator) Evaluate(run Run, text string, w *functions.Workflow) (Value, error) {
	run.Budget = run.budget()
	run.Functions = func(name string) *Function {
		if f, ok := w.Function(name); ok {
			return Shared(name, f.Params, f.Fn)
		}
		return nil
	}
	found := blocks(text)
	if len(found) == 1 && found[0].end-found[0].start == len(text) {
		return e.value(run, text, found[0])
	}
	var sb strings.Builder
	end := 0
	for _, b := range found {
		v, err := e.value(run, text, b)
		if err != nil {
			return nil, err
		}
		s, err := expr.Str(run.Budget, v)
		if err != nil {
			return nil, evaluationError(text, b, err)
		}
		if err := run.Budget.Grow(int64(b.start - end + len(s))); err != nil {
			return nil, err
		}
		sb.WriteString(text[end:b.start])
		sb.WriteString(s)
		end = b.end
	}
	sb.WriteString(text[end:])
	return sb.String(), nil
}

func (e *Evaluator) value(run Run, text string, b block) (Value, error) {
	v, err := e.engine.Eval(b.source, run)
	if err != nil {
		return nil, evaluationError(text, b, err)
	}
	return v, nil
}

const evaluationClass = "YaqlEvaluationException"

// evaluationError wraps what went wrong in an expression, and moves its place into the text.
func evaluationError(text string, b block, err error) error {
	var inner *expr.Error
	if !errors.As(err, &inner) {
		return err
	}
	pos := position(text, b.at+inner.Pos.Offset)
	if inner.Class == expr.BudgetError {
		return &expr.Error{Class: inner.Class, Msg: inner.Msg, Pos: pos, Err: err}
	}
	source := text[b.start:b.end]
	msg := fmt.Sprintf("Unable to evaluate expression '%s'. %s: %s", source, inner.Class, strings.Trim(inner.Msg, "'"))
	if inner.Class == "KeyError" {
		msg = fmt.Sprintf("Unable to resolve key '%s' in expression '%s' from context.", strings.Trim(inner.Msg, "'"), source)
	}
	return &expr.Error{Class: evaluationClass, Cause: inner.Class, Msg: msg, Pos: pos, Err: err}
}

// Fault is a syntax error found by Validate.
type Fault struct {
	Expression string
	Message    string
	Pos        expr.Pos // in the text
}

// Validate finds the syntax errors of a text, at most one for each expression.
func (e *Evaluator) Validate(text string) []Fault {
	var faults []Fault
	for _, b := range blocks(text) {
		_, err := e.engine.Compile(b.source)
		if err == nil {
			continue
		}
		f := Fault{Expression: text[b.start:b.end], Message: err.Error(), Pos: position(text, b.at)}
		var inner *expr.Error
		if errors.As(err, &inner) {
			f.Message, f.Pos = inner.Msg, position(text, b.at+inner.Pos.Offset)
		}
		faults = append(faults, f)
	}
	return faults
}

// ContextVariables are the names of the context variables that a text uses in "<% … %>", sorted.
func ContextVariables(text string) []string {
	var names []string
	for _, b := range blocks(text) {
		names = append(names, functions.ContextNames(b.source)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
