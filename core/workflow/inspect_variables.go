package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/pack/document"
)

// names is a set of variables.
type names map[string]bool

func (n names) with(more names) names {
	out := make(names, len(n)+len(more))
	for name := range n {
		out[name] = true
	}
	for name := range more {
		out[name] = true
	}
	return out
}

func (n names) equal(m names) bool {
	if len(n) != len(m) {
		return false
	}
	for name := range n {
		if !m[name] {
			return false
		}
	}
	return true
}

// variables finds uses of variables that may not be set by then: it walks the workflow from its
// start and carries along what each way sets.
func (i *inspector) variables() {
	known := names{}
	for _, name := range i.Names {
		known[name] = true
	}
	for _, part := range []string{"input", "vars"} {
		known = i.uses(field(i.doc, part), part, "properties."+part, known, true)
	}
	if len(i.tasks) > 0 {
		known = i.taskVariables(known)
	}
	i.uses(field(i.doc, "output"), "output", "properties.output", known, true)
}

// maxVisits bounds the ways on which one task is looked at. st2 differs: without a bound a workflow
// of thirty branches that meet again without a join is never done.
const maxVisits = 64

// visit is a task to look at, with the variables set on the way to it; a join's are collected apart.
type visit struct {
	task  *task
	known names
}

// variableWalk is one walk over the tasks.
type variableWalk struct {
	i      *inspector
	queue  []visit
	seen   map[string]bool
	visits map[string]int
	last   map[string]names // with which a task was queued last
	joined map[string]names // what the ways into a join set together
	all    names
}

func (i *inspector) taskVariables(known names) names {
	w := &variableWalk{i: i, seen: map[string]bool{}, visits: map[string]int{}, last: map[string]names{}, joined: map[string]names{}, all: known}
	for _, t := range i.startTasks() {
		w.queue = append(w.queue, visit{t, known})
	}
	for len(w.queue) > 0 {
		v := w.queue[0]
		w.queue = w.queue[1:]
		w.look(v)
	}
	return w.all
}

func (w *variableWalk) look(v visit) {
	t := v.task
	if w.visits[t.name]++; w.visits[t.name] > maxVisits {
		return
	}
	w.seen[t.name] = true
	if len(v.known) == 0 {
		v.known = w.joined[t.name]
	}
	w.i.taskUses(t, v.known)
	w.all = w.all.with(v.known)
	for n, item := range t.next {
		path := indexed("tasks."+t.name+".next", n)
		for _, name := range item.do {
			w.queueNext(name, w.i.transitionUses(item, path, v.known))
		}
	}
}

func (w *variableWalk) queueNext(name string, known names) {
	t := w.i.find(name)
	if t == nil || w.seen[name] {
		return
	}
	if t.join.given && (t.join.all || t.join.count > 0) {
		w.joined[name] = w.joined[name].with(known)
		w.queue = append(w.queue, visit{t, nil})
		return
	}
	if last, queued := w.last[name]; queued && last.equal(known) {
		return
	}
	w.last[name] = known
	w.queue = append(w.queue, visit{t, known})
}

func (i *inspector) taskUses(t *task, known names) {
	path, schema := "tasks."+t.name, taskPattern+".properties"
	i.uses(t.delay.doc, path+".delay", schema+".delay", known, false)
	if with := field(t.doc, "with"); !empty(with) {
		i.uses(field(with, "concurrency"), path+".with.concurrency", schema+".with.properties.concurrency", known, false)
		i.uses(field(with, "items"), path+".with.items", schema+".with.properties.items", known, false)
	}
	i.usesValue(t.action, path+".action", schema+".action", known, false)
	i.usesValue(t.input, path+".input", schema+".input", known, false)
}

func (i *inspector) transitionUses(item transition, path string, known names) names {
	schema := taskPattern + ".properties.next.items.properties"
	i.uses(item.when.doc, path+".when", schema+".when", known, false)
	known = i.uses(field(item.doc, "publish"), path+".publish", schema+".publish", known, true)
	i.uses(field(item.doc, "do"), path+".do", schema+".do", known, false)
	return known
}

// uses looks at a part of the workflow and gives what is known after it; sets says that the part sets variables.
func (i *inspector) uses(v *document.Value, path, schema string, known names, sets bool) names {
	if v == nil {
		return known
	}
	return i.usesValue(template{value: valueOf(v), doc: v}, path, schema, known, sets)
}

func (i *inspector) usesValue(t template, path, schema string, known names, sets bool) names {
	if yes, err := expr.Truthy(t.value); err != nil || !yes {
		return known
	}
	value := t.value
	if s, ok := value.(string); ok {
		if inline := inlineParameters(s); len(inline) > 0 { // st2: so what stands beside x=1 in an expression goes unseen
			value = pairs(inline)
		}
	}
	l, ok := value.(*expr.List)
	if !ok {
		return i.useOf(value, t.doc, path, schema, known, sets)
	}
	for n, item := range l.Items {
		known = i.useOf(item, t.doc, indexed(path, n), schema, known, sets)
	}
	return known
}

func pairs(inline []pair) *expr.List {
	l := expr.NewList()
	for _, p := range inline {
		l.Items = append(l.Items, expr.DictOf(p.name, p.value))
	}
	return l
}

func (i *inspector) useOf(value expr.Value, doc *document.Value, path, schema string, known names, sets bool) names {
	found, err := orquesta.Variables(value)
	if err != nil {
		return known
	}
	for n, v := range found {
		if slices.Contains(found[:n], v) {
			continue
		}
		fault := Fault{Group: Context, SpecPath: path, SchemaPath: schema, Language: string(v.Language), Expression: v.Text, Line: lineOf(doc, v.Text)}
		if strings.HasPrefix(v.Name, "__") {
			fault.Message = fmt.Sprintf("Variable %q that is prefixed with double underscores is considered a private variable and cannot be referenced.", v.Name)
			i.faults = append(i.faults, fault)
		}
		if !known[v.Name] {
			fault.Message = fmt.Sprintf("Variable %q is referenced before assignment.", v.Name)
			fault.Hint = didYouMean(v.Name, sorted(known))
			i.faults = append(i.faults, fault)
		}
	}
	if sets {
		known = known.with(setBy(value))
	}
	return known
}

// setBy are the variables that an item of input, vars, output or publish sets.
func setBy(value expr.Value) names {
	out := names{}
	switch v := value.(type) {
	case string:
		out[v] = true
	case *expr.Dict:
		for k := range v.All() {
			if name, ok := k.(string); ok {
				out[name] = true
			}
		}
	}
	return out
}

func sorted(n names) []string {
	out := make([]string, 0, len(n))
	for name := range n {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
