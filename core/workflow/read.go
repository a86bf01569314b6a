package workflow

import (
	"regexp"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/pack/document"
)

// readTop reads the workflow's own fields and checks the form of the whole.
func (s *Spec) readTop() {
	s.spellOutItems()
	c := &checker{}
	c.check(s.doc, workflowSchema, spot{line: s.doc.Line, column: s.doc.Column})
	s.faults = c.faults
	s.Name, _ = text(field(s.doc, "name"))
	s.Description, _ = text(field(s.doc, "description"))
	s.input = readVariables(field(s.doc, "input"))
	s.vars = readVariables(field(s.doc, "vars"))
	s.output = readVariables(field(s.doc, "output"))
	if tasks := field(s.doc, "tasks"); tasks != nil {
		for i := range tasks.Fields {
			s.readTask(&tasks.Fields[i])
		}
	}
}

// spellOutItems writes "with: x in …" as "with: {items: x in …}".
func (s *Spec) spellOutItems() {
	tasks := field(s.doc, "tasks")
	if tasks == nil {
		return
	}
	for _, t := range tasks.Fields {
		for i := range t.Value.Fields {
			f := &t.Value.Fields[i]
			if _, ok := text(f.Value); ok && f.Name == "with" {
				list := document.Field{Name: "items", Line: f.Line, Column: f.Column, Value: f.Value}
				f.Value = &document.Value{Line: f.Line, Column: f.Column, Kind: document.Object, Fields: []document.Field{list}}
			}
		}
	}
}

func (s *Spec) readTask(f *document.Field) {
	t := &task{name: f.Name, line: f.Line, doc: f.Value}
	switch {
	case !word.MatchString(f.Name):
		s.refuse(f, `a task's name is made of letters, digits and "_"`)
	case f.Value.Kind == document.Object && len(f.Value.Fields) == 0 || f.Value.IsNull():
		s.refuse(f, "the task is empty; give it an action, or a next")
	}
	t.delay = templateOf(field(t.doc, "delay"))
	t.with = readItems(field(t.doc, "with"))
	t.join = readJoin(field(t.doc, "join"))
	t.retry = readRetry(field(t.doc, "retry"))
	if !s.readAction(t) {
		s.refuse(f, "an action's name is followed by a blank and its parameters")
	}
	if next := field(t.doc, "next"); next != nil {
		for _, item := range next.Items {
			t.next = append(t.next, readTransition(item))
		}
	}
	s.tasks = append(s.tasks, t)
	s.byName[t.name] = t
}

func (s *Spec) refuse(f *document.Field, message string) {
	s.faults = append(s.faults, Fault{Group: Syntax, Message: message, SpecPath: "tasks." + f.Name, Line: f.Line, Column: f.Column})
}

func templateOf(v *document.Value) template {
	if v == nil {
		return template{}
	}
	return newTemplate(valueOf(v), v)
}

// readAction takes action and input; parameters behind the action's name stand for input.
func (s *Spec) readAction(t *task) bool {
	t.action, t.input = templateOf(field(t.doc, "action")), templateOf(field(t.doc, "input"))
	source, ok := t.action.value.(string)
	inline := inlineParameters(source)
	if !ok || len(inline) == 0 {
		return true
	}
	name, _, ok := strings.Cut(source, " ")
	input := expr.NewDict()
	for _, p := range inline {
		input.Set(p.name, p.value)
	}
	doc := t.action.doc
	t.action, t.input = newTemplate(name, doc), newTemplate(expr.Freeze(input), doc)
	return ok
}

func readItems(v *document.Value) *items {
	if empty(v) {
		return nil
	}
	list, _ := text(field(v, "items"))
	w := &items{concurrency: templateOf(field(v, "concurrency"))}
	if before, after, named := strings.Cut(list, " in "); named {
		w.names, list = strings.Split(strings.ReplaceAll(before, " ", ""), ","), after
	}
	list = strings.TrimSpace(list)
	w.list, w.variable = newTemplate(list, field(v, "items")), variableForm.MatchString(list)
	return w
}

// variableForm finds expressions that give a variable, or a part of it, as it is.
var variableForm = regexp.MustCompile(`^(?:<%|\{\{)\s*(?:ctx\(\s*['"]?\w*['"]?\s*\)|\$)(?:\.\w+)*\s*(?:%>|\}\})$`)

func readJoin(v *document.Value) join {
	if v == nil {
		return join{}
	}
	if s, ok := text(v); ok {
		return join{given: true, all: s == "all"}
	}
	n, _ := valueOf(v).(int64)
	return join{given: true, count: int(n)}
}

func readRetry(v *document.Value) *retry {
	if empty(v) {
		return nil
	}
	return &retry{when: templateOf(field(v, "when")), count: templateOf(field(v, "count")), delay: templateOf(field(v, "delay"))}
}

func readTransition(v *document.Value) transition {
	return transition{
		when:    templateOf(field(v, "when")),
		publish: readVariables(field(v, "publish")),
		do:      readDo(field(v, "do")),
		doc:     v,
	}
}

// readDo gives the names in "do": a list of them, a text with commas, or nothing.
func readDo(v *document.Value) []string {
	if empty(v) {
		return []string{commandContinue}
	}
	var names []string
	if s, ok := text(v); ok {
		for name := range strings.SplitSeq(s, ",") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	for _, item := range v.Items {
		if s, ok := text(item); ok {
			names = append(names, s)
		}
	}
	return names
}

// readVariables reads inputs, vars, output and publish: "a=1 b=2", or a list of names and of
// objects with one field.
func readVariables(v *document.Value) []variable {
	var out []variable
	if s, ok := text(v); ok {
		for _, p := range inlineParameters(s) {
			out = append(out, variable{p.name, newTemplate(p.value, v)})
		}
		return out
	}
	if v == nil {
		return nil
	}
	for _, item := range v.Items {
		if s, ok := text(item); ok {
			out = append(out, variable{s, template{doc: item}})
		}
		for _, f := range item.Fields[:min(1, len(item.Fields))] {
			out = append(out, variable{f.Name, newTemplate(valueOf(f.Value), f.Value)})
		}
	}
	return out
}
