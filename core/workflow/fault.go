package workflow

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// Group is the kind of a fault, as orquesta groups them.
type Group string

// The groups, in the order in which they are shown.
const (
	Syntax      Group = "syntax"      // not the form of a workflow
	Semantics   Group = "semantics"   // of the right form, but it makes no sense
	Expressions Group = "expressions" // an expression that does not parse
	Context     Group = "context"     // a variable that is used before it is set
)

// Fault is something wrong with a workflow.
type Fault struct {
	Group      Group
	Message    string
	Hint       string // what may help, "" when nothing is known
	SpecPath   string // where in the workflow: tasks.t1.next[0].do
	SchemaPath string // where in orquesta's schema
	Language   string // yaql or jinja, "" when both or neither
	Expression string
	Line       int // from 1
	Column     int // from 1, 0 when only the line is known
}

// Task is the name of the task that the fault is in, "" when it is in none.
func (f *Fault) Task() string {
	rest, ok := strings.CutPrefix(f.SpecPath, "tasks.")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, ".")
	return name
}

// String is "task t1: message: expression".
func (f *Fault) String() string {
	s := f.Message
	if task := f.Task(); task != "" {
		s = "task " + task + ": " + s
	} else if f.SpecPath != "" {
		s = f.SpecPath + ": " + s
	}
	if f.Hint != "" {
		s += " " + f.Hint
	}
	if f.Expression != "" && !strings.Contains(s, f.Expression) {
		s += ": " + f.Expression
	}
	return s
}

// Report is everything found wrong with a workflow, ordered by group and then as orquesta does, by
// place in the schema and in the workflow. An empty report means that it may run.
type Report struct {
	File   string
	Faults []Fault
}

var groups = []Group{Syntax, Semantics, Expressions, Context}

func newReport(file string, faults []Fault) *Report {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(slices.Index(groups, a.Group), slices.Index(groups, b.Group)),
			cmp.Compare(a.SchemaPath, b.SchemaPath), cmp.Compare(a.SpecPath, b.SpecPath))
	})
	return &Report{file, faults}
}

// Lines are the faults for people, first line first, each once: "file:3: task t1: message".
func (r *Report) Lines() []string {
	byLine := slices.Clone(r.Faults)
	slices.SortStableFunc(byLine, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	var out []string
	for i := range byLine {
		line := fmt.Sprintf("%s:%d: %s", r.File, byLine[i].Line, byLine[i].String())
		if len(out) == 0 || out[len(out)-1] != line {
			out = append(out, line)
		}
	}
	return out
}

// Err is nil for an empty report, else an error of kind Invalid with a line for each fault.
func (r *Report) Err() error {
	if len(r.Faults) == 0 {
		return nil
	}
	return core.Errorf(core.Invalid, "%s", strings.Join(r.Lines(), "\n"))
}

// MarshalJSON writes the faults as orquesta's inspection gives them, by group, with the line added.
// st2: runners reference 7, result of a workflow that is refused.
func (r *Report) MarshalJSON() ([]byte, error) {
	out := map[Group][]any{}
	for i := range r.Faults {
		f := &r.Faults[i]
		out[f.Group] = append(out[f.Group], f.shape())
	}
	return json.Marshal(out)
}

func (f *Fault) shape() map[string]any {
	m := map[string]any{"message": f.Message, "spec_path": orNull(f.SpecPath), "schema_path": orNull(f.SchemaPath), "line": f.Line}
	if f.Group == Expressions || f.Group == Context {
		m["type"], m["expression"] = orNull(f.Language), f.Expression
	}
	return m
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
