package workflow

import (
	"slices"
	"strconv"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr/orquesta"
)

// Inspection is what an inspection knows of the world around a workflow.
type Inspection struct {
	// Names are variables that the workflow gets beside its inputs: st2, parent.
	Names []string
	// Action, when set, tells whether an action exists; Actions list those there are, for suggestions.
	Action  func(ref string) bool
	Actions func() []string
	// Evaluator parses expressions; nil means one that knows orquesta's functions and StackStorm's.
	Evaluator *orquesta.Evaluator
}

const (
	tasksSchema = "properties.tasks"
	taskPattern = tasksSchema + ".patternProperties." + wordPattern
	noStart     = "Unable to identify any tasks to start the workflow. If the workflow has a loop, please add a task that serves as an entry point (or lead) into the loop."
)

// Inspect finds everything wrong with a workflow. st2: orquesta, inspect.
func Inspect(file string, source []byte, in Inspection) *Report {
	return read(file, source).Inspect(in)
}

// Inspect finds everything wrong with the workflow. Of an ActionChain expressions show only when it runs.
func (s *Spec) Inspect(in Inspection) *Report {
	if in.Evaluator == nil {
		in.Evaluator = defaultEvaluator
	}
	i := &inspector{Spec: s, Inspection: in, faults: slices.Clone(s.faults)}
	switch {
	case s.chain != nil:
		i.actions()
	case s.doc != nil:
		i.faults = append(i.faults, s.semantics()...)
		i.actions()
		i.expressions()
		i.variables()
	}
	return newReport(s.File, i.faults)
}

// inspector collects what it finds.
type inspector struct {
	*Spec
	Inspection
	faults []Fault
}

// actions looks for actions that do not exist. st2 differs: there this shows when the task runs.
func (i *inspector) actions() {
	if i.Action == nil {
		return
	}
	for _, t := range i.tasks {
		ref, ok := t.action.value.(string)
		if !ok || t.action.dynamic || i.Action(ref) {
			continue
		}
		f := Fault{
			Group: Semantics, Message: "The action \"" + ref + "\" is not known.",
			SpecPath: "tasks." + t.name + ".action", SchemaPath: taskPattern + ".properties.action", Line: lineOf(t.action.doc, ""),
		}
		if i.Actions != nil {
			f.Hint = didYouMean(ref, i.Actions())
		}
		i.faults = append(i.faults, f)
	}
}

func didYouMean(name string, known []string) string {
	if near := core.Nearest(name, known); near != "" {
		return "Did you mean " + near + "?"
	}
	return ""
}

func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
