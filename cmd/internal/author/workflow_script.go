package author

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/pack/document"
)

// script is a test of a workflow: what it is given, how its actions end, and what is to
// come of it.
type script struct {
	file     string
	name     string
	workflow string // path of the workflow's file
	input    *expr.Dict
	context  *expr.Dict // variables beside the input
	keys     *expr.Dict // of the datastore: system.x, or x of the user's
	results  map[string][]answer
	expect   expectation
}

// answer is how an action ends. Of several the first one is for the task's first visit,
// and so on; the last one is for all later visits too.
type answer struct {
	status core.Status
	result expr.Value
	takes  int64    // seconds
	items  []answer // of a task with items: the same, item by item
}

// expectation is what is to come of a workflow. What is nil is not looked at.
type expectation struct {
	status core.Status
	output any
	tasks  []string
	errors []string
	inputs map[string][]any
}

// readScript reads a test. The error names all that is wrong with it, by file and line.
func readScript(file string) (*script, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc, twice, err := document.ParseYAML(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	r := &scriptReader{file: file}
	for _, f := range twice {
		r.fail(f.Line, "%s", f.Text)
	}
	s := r.script(doc)
	if len(r.faults) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(r.faults, "\n"))
	}
	return s, nil
}

// scriptReader reads a test and collects what is wrong with it.
type scriptReader struct {
	file   string
	faults []string
}

func (r *scriptReader) fail(line int, format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf("%s:%d: ", r.file, line)+fmt.Sprintf(format, args...))
}

// members hands the members of an object to those who read them.
func (r *scriptReader) members(v *document.Value, what string, readers map[string]func(*document.Value)) {
	if v == nil || v.Kind != document.Object {
		line := 1
		if v != nil {
			line = v.Line
		}
		r.fail(line, "%s needs to be a mapping", what)
		return
	}
	var names []string
	for name := range readers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, f := range v.Fields {
		if read := readers[f.Name]; read != nil {
			read(f.Value)
			continue
		}
		hint := "; known here: " + strings.Join(names, ", ")
		if near := core.Nearest(f.Name, names); near != "" {
			hint = "; did you mean " + near + "?"
		}
		r.fail(f.Line, "%s has no %q%s", what, f.Name, hint)
	}
}

func (r *scriptReader) script(doc *document.Value) *script {
	s := &script{file: r.file, results: map[string][]answer{}}
	r.members(doc, "a workflow test", map[string]func(*document.Value){
		"name":     r.text(&s.name),
		"workflow": r.text(&s.workflow),
		"input":    r.dict(&s.input),
		"context":  r.dict(&s.context),
		"keys":     r.dict(&s.keys),
		"results":  func(v *document.Value) { r.results(v, s.results) },
		"expect":   func(v *document.Value) { s.expect = r.expectation(v) },
	})
	if len(r.faults) > 0 {
		return s
	}
	if s.workflow == "" {
		r.fail(1, "workflow: say which file holds the workflow")
	}
	if s.expect.status == "" {
		r.fail(1, "expect: say at least the status that the workflow is to end with")
	}
	if !filepath.IsAbs(s.workflow) {
		s.workflow = filepath.Join(filepath.Dir(r.file), s.workflow)
	}
	return s
}

func (r *scriptReader) text(into *string) func(*document.Value) {
	return func(v *document.Value) {
		text, ok := v.Scalar.(string)
		if !ok {
			r.fail(v.Line, "this needs to be a text")
		}
		*into = text
	}
}

func (r *scriptReader) dict(into **expr.Dict) func(*document.Value) {
	return func(v *document.Value) {
		d, ok := r.value(v).(*expr.Dict)
		if !ok {
			r.fail(v.Line, "this needs to be a mapping")
		}
		*into = d
	}
}

func (r *scriptReader) value(v *document.Value) expr.Value {
	raw, err := json.Marshal(v)
	if err == nil {
		var value expr.Value
		if value, err = expr.FromJSON(raw); err == nil {
			return value
		}
	}
	r.fail(v.Line, "%v", err)
	return nil
}

func (r *scriptReader) results(v *document.Value, into map[string][]answer) {
	if v.Kind != document.Object {
		r.fail(v.Line, "results needs to be a mapping of tasks to how their actions end")
		return
	}
	for _, f := range v.Fields {
		into[f.Name] = r.answers(f.Value)
	}
}

func (r *scriptReader) answers(v *document.Value) []answer {
	list := []*document.Value{v}
	if v.Kind == document.List {
		list = v.Items
	}
	out := make([]answer, len(list))
	for i, item := range list {
		out[i] = r.answer(item)
	}
	if len(out) == 0 {
		r.fail(v.Line, "give at least one way in which the action ends")
	}
	return out
}

// ends are the statuses in which an action can end.
var ends = []string{string(core.Succeeded), string(core.Failed), string(core.TimedOut), string(core.Canceled), string(core.Abandoned)}

func (r *scriptReader) answer(v *document.Value) answer {
	a := answer{status: core.Succeeded, takes: 1}
	r.members(v, "the end of an action", map[string]func(*document.Value){
		"status": func(v *document.Value) { a.status = r.status(v, ends) },
		"result": func(v *document.Value) { a.result = r.value(v) },
		"takes": func(v *document.Value) {
			n, ok := r.value(v).(int64)
			if !ok || n < 0 {
				r.fail(v.Line, "takes needs to be a number of seconds")
			}
			a.takes = n
		},
		"items": func(v *document.Value) { a.items = r.answers(v) },
	})
	return a
}

func (r *scriptReader) status(v *document.Value, allowed []string) core.Status {
	text, _ := v.Scalar.(string)
	if !slices.Contains(allowed, text) {
		r.fail(v.Line, "%q is none of %s", text, strings.Join(allowed, ", "))
	}
	return core.Status(text)
}

func (r *scriptReader) expectation(v *document.Value) expectation {
	var e expectation
	r.members(v, "expect", map[string]func(*document.Value){
		"status": func(v *document.Value) { e.status = r.status(v, ends) },
		"output": func(v *document.Value) { e.output = v.Interface() },
		"tasks":  func(v *document.Value) { e.tasks = r.lines(v, taskLine) },
		"errors": func(v *document.Value) { e.errors = r.lines(v, plainLine) },
		"inputs": func(v *document.Value) {
			e.inputs = map[string][]any{}
			for _, f := range v.Fields {
				if list, ok := f.Value.Interface().([]any); ok {
					e.inputs[f.Name] = list
				} else {
					e.inputs[f.Name] = []any{f.Value.Interface()}
				}
			}
		},
	})
	return e
}

func (r *scriptReader) lines(v *document.Value, line func(*document.Value) (string, bool)) []string {
	if v.Kind != document.List {
		r.fail(v.Line, "this needs to be a list")
	}
	out := make([]string, len(v.Items))
	for i, item := range v.Items {
		var ok bool
		if out[i], ok = line(item); !ok {
			r.fail(item.Line, "this needs to be a text")
		}
	}
	return out
}

func plainLine(v *document.Value) (string, bool) {
	text, ok := v.Scalar.(string)
	return text, ok && v.Kind == document.Scalar
}

// taskLine reads "task", or "task: status" for one that does not succeed.
func taskLine(v *document.Value) (string, bool) {
	if v.Kind != document.Object || len(v.Fields) != 1 {
		return plainLine(v)
	}
	status, ok := plainLine(v.Fields[0].Value)
	return visitLine(v.Fields[0].Name, core.Status(status)), ok
}

func visitLine(task string, status core.Status) string {
	if status == core.Succeeded {
		return task
	}
	return task + ": " + string(status)
}
