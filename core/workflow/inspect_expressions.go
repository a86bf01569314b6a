package workflow

import (
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/pack/document"
)

// expressions finds those that do not parse.
func (i *inspector) expressions() {
	for _, name := range []string{"vars", "input", "output"} {
		i.parses(field(i.doc, name), name, "properties."+name)
	}
	for _, t := range i.tasks {
		i.taskExpressions(t)
	}
}

func (i *inspector) taskExpressions(t *task) {
	path, schema := "tasks."+t.name, taskPattern+".properties"
	i.parses(t.delay.doc, path+".delay", schema+".delay")
	i.parses(field(t.doc, "join"), path+".join", schema+".join")
	if with := field(t.doc, "with"); !empty(with) {
		for _, name := range []string{"items", "concurrency"} {
			i.parses(field(with, name), path+".with."+name, schema+".with.properties."+name)
		}
	}
	i.parsesValue(t.action, path+".action", schema+".action")
	i.parsesValue(t.input, path+".input", schema+".input")
	if again := field(t.doc, "retry"); !empty(again) {
		for _, name := range []string{"when", "count", "delay"} {
			i.parses(field(again, name), path+".retry."+name, schema+".retry.properties."+name)
		}
	}
	for n, item := range t.next {
		i.transitionExpressions(item, indexed(path+".next", n), schema+".next.items.properties")
	}
}

func (i *inspector) transitionExpressions(item transition, path, schema string) {
	i.parses(item.when.doc, path+".when", schema+".when")
	if publish := field(item.doc, "publish"); publish != nil {
		if _, inline := text(publish); inline {
			i.parsesValue(template{value: published(item.publish), doc: publish}, path+".publish", schema+".publish")
		} else {
			i.parses(publish, path+".publish", schema+".publish")
		}
	}
	i.parses(field(item.doc, "do"), path+".do", schema+".do")
}

// published is what "publish: a=1 b=2" stands for.
func published(vars []variable) expr.Value {
	l := expr.NewList()
	for _, v := range vars {
		l.Items = append(l.Items, expr.DictOf(v.name, v.value.value))
	}
	return expr.Freeze(l)
}

func (i *inspector) parses(v *document.Value, path, schema string) {
	if v != nil {
		i.parsesValue(template{value: valueOf(v), doc: v}, path, schema)
	}
}

func (i *inspector) parsesValue(t template, path, schema string) {
	found, err := i.Evaluator.Validate(t.value)
	if err != nil {
		found = append(found, orquesta.Fault{Message: err.Error()})
	}
	for _, f := range found {
		i.faults = append(i.faults, Fault{
			Group: Expressions, Message: f.Message, SpecPath: path, SchemaPath: schema,
			Language: string(f.Language), Expression: f.Expression, Line: lineOf(t.doc, f.Expression),
		})
	}
}
