package workflow

import (
	"fmt"
	"slices"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/pack/document"
)

// chain is what an ActionChain has beside its tasks. st2: runners reference 6.
type chain struct {
	vars template
}

// outcome is how a task of a chain has to end for another one to follow.
type outcome string

const (
	onSuccess outcome = "on-success"
	onFailure outcome = "on-failure"
)

var anyObject = &schema{types: []string{"object"}}

var nodeSchema = &schema{types: []string{"object"}, required: []string{"name", "ref"}, fields: []property{
	{"name", someText},
	{"ref", someText},
	{"params", anyObject},
	{"parameters", anyObject},
	{string(onSuccess), &schema{types: []string{"string"}}},
	{string(onFailure), &schema{types: []string{"string"}}},
	{"publish", anyObject},
	{"notify", anyObject},
}}

var chainSchema = &schema{types: []string{"object"}, closed: true, required: []string{"chain"}, fields: []property{
	{"chain", &schema{types: []string{"array"}, nonEmpty: true, items: nodeSchema}},
	{"default", &schema{types: []string{"string"}}},
	{"vars", anyObject},
}}

// ParseChain reads an ActionChain; conductors run it like a workflow. The error, of kind Invalid, names
// file and line.
func ParseChain(file string, source []byte) (*Spec, error) {
	s := readChain(file, source)
	if err := newReport(file, s.faults).Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// InspectChain finds everything wrong with an ActionChain.
func InspectChain(file string, source []byte, in Inspection) *Report {
	return readChain(file, source).Inspect(in)
}

func readChain(file string, source []byte) *Spec {
	s := &Spec{File: file, byName: map[string]*task{}, chain: &chain{}, links: &links{}}
	doc, faults := load(source)
	s.faults = faults
	if len(faults) > 0 {
		return s
	}
	if empty(doc) || doc.Kind != document.Object {
		s.faults = []Fault{{Group: Syntax, Message: "an action chain is an object with chain: a list of tasks", Line: 1, Column: 1}}
		return s
	}
	s.doc = doc
	withoutNulls(doc)
	c := &checker{}
	c.check(doc, chainSchema, spot{line: doc.Line, column: doc.Column})
	if first := field(doc, "chain"); first != nil && len(first.Items) > 0 {
		// st2: of the tasks after the first one unknown fields are let through
		c.checkNames(first.Items[0], nodeSchema, spot{spec: "chain[0]"})
	}
	if s.faults = c.faults; len(s.faults) > 0 {
		return s
	}
	s.readNodes()
	s.graph = s.composeChain()
	return s
}

// withoutNulls leaves out what is null: it counts as not given.
func withoutNulls(doc *document.Value) {
	doc.Fields = slices.DeleteFunc(doc.Fields, func(f document.Field) bool { return f.Value.IsNull() })
	if nodes := field(doc, "chain"); nodes != nil {
		for _, n := range nodes.Items {
			n.Fields = slices.DeleteFunc(n.Fields, func(f document.Field) bool { return f.Value.IsNull() })
		}
	}
}

func (s *Spec) readNodes() {
	s.chain.vars = s.jinjaTemplate(field(s.doc, "vars"), "vars")
	for i, v := range field(s.doc, "chain").Items {
		s.readNode(v, indexed("chain", i))
	}
	for i, t := range s.tasks {
		for n := range t.next {
			s.checkName(t.next[n].do[0], indexed("chain", i)+"."+string(t.next[n].on), fmt.Sprintf("%q in task %q", t.next[n].on, t.name), field(t.doc, string(t.next[n].on)))
		}
	}
}

func (s *Spec) readNode(v *document.Value, path string) {
	name, _ := text(field(v, "name"))
	t := &task{name: name, line: v.Line, doc: v, action: template{value: valueOf(field(v, "ref")), doc: field(v, "ref")}}
	t.input = s.jinjaTemplate(field(v, "parameters"), path+".parameters")
	if params := field(v, "params"); !empty(params) {
		if !empty(t.input.doc) {
			s.chainFault(v, path, `Either "params" or "parameters" attribute needs to be provided, but not both`)
		}
		t.input = s.jinjaTemplate(params, path+".params")
	}
	if t.input.value == nil {
		t.input.value = emptyIfNil(nil)
	}
	t.publish = s.jinjaTemplate(field(v, "publish"), path+".publish")
	t.notify = valueOf(field(v, "notify"))
	for _, on := range []outcome{onSuccess, onFailure} {
		if next, _ := text(field(v, string(on))); next != "" {
			t.next = append(t.next, transition{on: on, do: []string{next}, doc: v})
		}
	}
	if s.byName[name] != nil {
		s.chainFault(v, path, fmt.Sprintf("the task %q is there twice; the first one is the one that runs", name))
		return
	}
	s.tasks = append(s.tasks, t)
	s.byName[name] = t
}

// jinjaTemplate is a mapping of templates; those that do not parse are faults.
func (s *Spec) jinjaTemplate(v *document.Value, path string) template {
	t := templateOf(v)
	if v == nil {
		return t
	}
	for _, f := range v.Fields {
		if err := expr.Strings(valueOf(f.Value), compiles); err != nil {
			fault := Fault{Group: Expressions, Message: err.Error(), SpecPath: path + "." + f.Name, Language: "jinja", Line: f.Line, Column: f.Column}
			s.faults = append(s.faults, fault)
		}
	}
	return t
}

func compiles(text string) error {
	if !jinja.IsExpression(text) {
		return nil
	}
	_, err := defaultTemplates.Compile(text)
	return err
}

// defaultTemplates render chains when the environment has no templates of its own.
var defaultTemplates = jinja.StackStorm(expr.Strict, nil)

func (s *Spec) chainFault(v *document.Value, path, message string) {
	s.faults = append(s.faults, Fault{Group: Semantics, Message: message, SpecPath: path, Line: v.Line, Column: v.Column})
}

// checkName finds names that are no tasks. Names with Jinja pass: st2 finds at run time only that it has none.
func (s *Spec) checkName(name, path, where string, at *document.Value) {
	if s.byName[name] != nil || jinja.IsExpression(name) {
		return
	}
	s.faults = append(s.faults, Fault{
		Group: Semantics, Message: fmt.Sprintf("Unable to find node with name %q referenced in %s.", name, where),
		Hint: didYouMean(name, s.Tasks()), SpecPath: path, Line: at.Line, Column: at.Column,
	})
}

// composeChain makes the graph of a chain: all its tasks, from the one it starts with.
func (s *Spec) composeChain() *Graph {
	g := &Graph{byID: map[string]*Node{}}
	for _, t := range s.tasks {
		g.node(t.name, s)
	}
	for _, t := range s.tasks {
		n := g.byID[t.name]
		for i, item := range t.next {
			if to := g.byID[item.do[0]]; to != nil {
				g.connect(n, to, i)
			}
		}
		n.sortEdges()
	}
	if n := g.byID[s.startOfChain()]; n != nil {
		g.roots = []*Node{n}
	}
	return g
}

// startOfChain is the default, or else the first task that no other names, or else the first.
func (s *Spec) startOfChain() string {
	if at := field(s.doc, "default"); at != nil {
		name, _ := text(at)
		if name != "" {
			s.checkName(name, "default", `"default"`, at)
			return name
		}
	}
	named := names{}
	for _, t := range s.tasks {
		for _, item := range t.next {
			named[item.do[0]] = true
		}
	}
	for _, t := range s.tasks {
		if !named[t.name] {
			return t.name
		}
	}
	return s.tasks[0].name
}
