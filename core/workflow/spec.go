package workflow

import (
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/expr/yaql"
	"github.com/petrelhq/petrel/core/pack/document"
)

// Spec is a workflow as it was written. It never changes and may be shared.
type Spec struct {
	File        string // the name that errors give
	Name        string
	Description string

	input, vars, output []variable
	tasks               []*task // as written
	byName              map[string]*task
	links               *links
	graph               *Graph
	chain               *chain // of an ActionChain, nil for a workflow

	doc    *document.Value
	faults []Fault // of form; such a spec can be inspected but not run
}

// variable is a name with its value: an input and its default, a var, a published value.
type variable struct {
	name  string
	value template
}

// template is a part of a workflow that may hold expressions.
type template struct {
	value   expr.Value
	dynamic bool // some text of it holds an expression
	doc     *document.Value
}

func newTemplate(value expr.Value, doc *document.Value) template {
	return template{value, orquesta.HasExpressions(value), doc}
}

// given reports whether the workflow says anything there.
func (t template) given() bool { return t.value != nil }

// task is a task as it was written.
type task struct {
	name   string
	line   int
	action template // a text; not given for a task without an action
	input  template
	delay  template
	with   *items
	join   join
	retry  *retry
	next   []transition
	doc    *document.Value

	publish template   // of a chain: whatever the end of the task
	notify  expr.Value // of a chain
}

// items say what a task is repeated over.
type items struct {
	list        template // an expression that gives a list
	names       []string // of the parts of an item; nil when items go without a name
	concurrency template
	variable    bool // the list is no more than a variable, which is stored
}

// join says how many of the tasks before one need to lead to it.
type join struct {
	given bool
	all   bool
	count int
}

// retry says when a task is done again.
type retry struct {
	when         template
	count, delay template
	command      bool // it comes from "do: retry"
}

// transition is an item of a task's next.
type transition struct {
	when    template
	on      outcome // of a chain: instead of when
	publish []variable
	do      []string
	doc     *document.Value
}

// Commands of the engine, which stand in "do" beside the names of tasks.
const (
	commandNoop     = "noop"
	commandFail     = "fail"
	commandContinue = "continue"
	commandRetry    = "retry"
)

func isCommand(name string) bool {
	return name == commandNoop || name == commandFail || name == commandContinue || name == commandRetry
}

// Parse reads a workflow. The error, of kind Invalid, names file and line of what is no YAML or has
// not the form of a workflow; for all that is wrong at once see Inspect.
func Parse(file string, source []byte) (*Spec, error) {
	s := read(file, source)
	if len(s.faults) > 0 {
		return nil, newReport(file, s.faults).Err()
	}
	return s, nil
}

// read reads as much of a workflow as is there.
func read(file string, source []byte) *Spec {
	s := &Spec{File: file, byName: map[string]*task{}}
	doc, faults := load(source)
	if len(faults) > 0 {
		s.faults = faults
		return s
	}
	if empty(doc) || doc.Kind != document.Object {
		s.faults = []Fault{{Group: Syntax, Message: "a workflow is an object with version and tasks", Line: 1, Column: 1}}
		return s
	}
	s.doc = doc
	s.readTop()
	s.links = newLinks(s)
	if len(s.faults) == 0 {
		s.graph = compose(s)
	}
	return s
}

// Graph is the workflow's tasks and transitions, from those it starts with.
func (s *Spec) Graph() *Graph { return s.graph }

// Tasks are the names of the tasks, as written.
func (s *Spec) Tasks() []string {
	names := make([]string, len(s.tasks))
	for i, t := range s.tasks {
		names[i] = t.name
	}
	return names
}

// Inputs are the names of the parameters that the workflow takes.
func (s *Spec) Inputs() []string {
	names := make([]string, len(s.input))
	for i, v := range s.input {
		names[i] = v.name
	}
	return names
}

// Line is the line of a task in the file, 0 for what is none.
func (s *Spec) Line(task string) int {
	if t := s.byName[task]; t != nil {
		return t.line
	}
	return 0
}

// defaultEvaluator knows orquesta's functions and StackStorm's, without lookups.
var defaultEvaluator = orquesta.New(yaql.Options{}, functions.StackStorm(nil))

// runnable is an error of kind Invalid for a spec that cannot run.
func (s *Spec) runnable() error {
	if len(s.faults) > 0 {
		return newReport(s.File, s.faults).Err()
	}
	if s.chain != nil {
		return nil
	}
	return newReport(s.File, s.semantics()).Err()
}
