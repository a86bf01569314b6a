package workflow

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/expr/yaql"
)

// failure is an expression that failed, and where it stands.
type failure struct {
	error
	line       int
	expression string
}

func (f *failure) Unwrap() error { return f.error }

// expressionIn finds the expression that an error's message quotes.
var expressionIn = regexp.MustCompile(`(?s)expression '((?:<%|\{\{|\{%).*?(?:%>|\}\}|%\}))'`)

func failureIn(t template, err error) error {
	f := &failure{error: err}
	if m := expressionIn.FindStringSubmatch(err.Error()); m != nil {
		f.expression = m[1]
	} else if s, ok := t.value.(string); ok {
		f.expression = strings.TrimSpace(s)
	}
	f.line = lineOf(t.doc, f.expression)
	return f
}

// compute gives the value of a template as it comes.
func (c *Conductor) compute(t template, w *functions.Workflow) (expr.Value, error) {
	if !t.dynamic {
		return t.value, nil
	}
	ev := c.Evaluator
	if ev == nil {
		ev = defaultEvaluator
	}
	v, err := ev.Evaluate(orquesta.Run{Context: c.Context, Limits: c.Limits}, t.value, w)
	if err != nil {
		return nil, failureIn(t, err)
	}
	return v, nil
}

// evaluate gives the value of a template as plain data, which can be stored.
func (c *Conductor) evaluate(t template, w *functions.Workflow) (expr.Value, error) {
	v, err := c.compute(t, w)
	if err != nil || !t.dynamic {
		return v, err
	}
	v, err = plain(v)
	if err != nil {
		return nil, failureIn(t, err)
	}
	return expr.Freeze(v), nil
}

// evaluateAll evaluates variables, each with those before it at hand. What fails is noted, with at, and left out.
func (c *Conductor) evaluateAll(vars []variable, w *functions.Workflow, at Error) (set *expr.Dict, ok bool) {
	set, ok = expr.NewDict(), true
	here := *w
	for _, v := range vars {
		value, err := c.evaluate(v.value, &here)
		if err != nil {
			c.note(err, at)
			ok = false
			continue
		}
		set.Set(v.name, value) // a text is always a fit key
		if !private(v.name) {
			here.Vars = here.Vars.With(expr.DictOf(v.name, value))
		}
	}
	expr.Freeze(set)
	return set, ok
}

// private reports whether a variable is the engine's own, which expressions do not see.
func private(name string) bool { return strings.HasPrefix(name, "__") }

// visible is what expressions see of variables outside of tasks.
func (c *Conductor) visible(vars *expr.Dict) *functions.Workflow {
	w := &functions.Workflow{Vars: vars}
	if c.hasPrivate {
		w, _ = functions.WorkflowOf(vars) // fails for keys that are no texts only
	}
	w.Status = c.taskStatus
	return w
}

// sight is what expressions of a task see.
func (c *Conductor) sight(p place, in *scope) *functions.Workflow {
	w := c.visible(c.varsOf(in))
	w.Task = expr.DictOf("id", p.node.ID, "route", int64(p.route))
	w.Extra = c.outside(p.node.ID, p.route)
	expr.Freeze(w.Task)
	return w
}

// sightAfter is what expressions see once a task has ended with a result.
func (c *Conductor) sightAfter(e *entry, result expr.Value) *functions.Workflow {
	w := c.sight(e.place, e.in)
	w.Task = expr.DictOf("id", e.node.ID, "route", int64(e.route), "result", expr.Freeze(result))
	expr.Freeze(w.Task)
	return w
}

// plain makes data that JSON can hold of what an expression gave: sets and tuples become lists, dates
// and lengths of time texts. Data that is so already is not copied.
func plain(v expr.Value) (expr.Value, error) {
	switch x := v.(type) {
	case expr.Markup:
		return string(x), nil
	case *expr.List:
		return plainList(x, x.Items)
	case expr.Tuple:
		return plainList(nil, x)
	case *expr.Set:
		return plainList(nil, x.Items())
	case *expr.Dict:
		return plainDict(x)
	case *expr.Undefined:
		return nil, x.Err()
	case *yaql.DateTime:
		return x.ISO(), nil
	case yaql.Timespan:
		return x.Str(nil)
	case float64:
		_, err := expr.ToGo(x) // refuses NaN and the infinities
		return x, err
	case expr.Object:
		return nil, expr.Errorf("TypeError", "Object of type %s is not JSON serializable", x.TypeName())
	}
	return v, nil
}

func plainList(same *expr.List, items []expr.Value) (expr.Value, error) {
	var out []expr.Value
	for i, item := range items {
		p, err := plain(item)
		if err != nil {
			return nil, err
		}
		if out == nil && (same == nil || !identical(p, item)) {
			out = append(make([]expr.Value, 0, len(items)), items[:i]...)
		}
		if out != nil {
			out = append(out, p)
		}
	}
	if out == nil && same != nil {
		return same, nil
	}
	return expr.NewList(out...), nil
}

func plainDict(d *expr.Dict) (expr.Value, error) {
	out, changed := expr.NewDict(), false
	for k, item := range d.All() {
		p, err := plain(item)
		if err != nil {
			return nil, err
		}
		name, isText := k.(string)
		if !isText {
			if name, err = expr.Str(nil, k); err != nil {
				return nil, err
			}
		}
		changed = changed || !isText || !identical(p, item)
		out.Set(name, p)
	}
	if !changed {
		return d, nil
	}
	return out, nil
}

// identical reports whether plain has given back what it got.
func identical(p, v expr.Value) bool {
	switch v.(type) {
	case expr.Tuple, *expr.Set, expr.Markup, *yaql.DateTime, yaql.Timespan:
		return false
	case *expr.List, *expr.Dict:
		return p == v
	}
	return true
}

// errorType is the type of all errors of a workflow, as orquesta names it.
const errorType = "error"

// Error is what went wrong in a workflow.
type Error struct {
	Type       string `json:"type"` // error
	Message    string `json:"message"`
	Task       string `json:"task_id,omitempty"`
	Route      *int   `json:"route,omitempty"`
	Transition string `json:"task_transition_id,omitempty"`
	Result     data   `json:"result,omitzero"`
	File       string `json:"file,omitempty"`       // of the workflow
	Line       int    `json:"line,omitempty"`       // of the expression, else of the task
	Expression string `json:"expression,omitempty"` // the one that failed
}

// note keeps an error, with what at says of its place.
func (c *Conductor) note(err error, at Error) {
	at.Type, at.Message = errorType, err.Error()
	var f *failure
	if errors.As(err, &f) {
		at.Line, at.Expression = f.line, f.expression
	}
	c.noteAt(at)
}

func (c *Conductor) noteAt(e Error) {
	e.Type = errorType
	if e.Line == 0 {
		e.Line = c.spec.Line(e.Task)
	}
	if e.Line != 0 {
		e.File = c.spec.File
	}
	c.do(&errorAdded{e})
}

// String is "file:3: task t1: message: expression".
func (e *Error) String() string {
	s := e.Message
	if e.Task != "" {
		s = "task " + e.Task + ": " + s
	}
	if e.Expression != "" && !strings.Contains(s, e.Expression) {
		s += ": " + e.Expression
	}
	if e.Line != 0 {
		s = e.File + ":" + strconv.Itoa(e.Line) + ": " + s
	}
	return s
}
