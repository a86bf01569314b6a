package workflow

import (
	"errors"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/pack/document"
)

// load reads YAML; what is wrong with it comes as a syntax fault. A key given twice is one too.
// st2: a workflow with a key given twice is refused, other metadata is not.
func load(text []byte) (*document.Value, []Fault) {
	doc, twice, err := document.ParseYAML(text)
	var broken *document.Fault
	if errors.As(err, &broken) {
		return nil, []Fault{yamlFault(broken)}
	}
	if err != nil {
		return nil, []Fault{{Group: Syntax, Message: err.Error(), Line: 1, Column: 1}}
	}
	var faults []Fault
	for _, f := range twice {
		f.Text, _, _ = strings.Cut(f.Text, ";")
		f.Text += "; rename or remove one"
		faults = append(faults, yamlFault(f))
	}
	return doc, faults
}

func yamlFault(f *document.Fault) Fault {
	if f.Line > 1 && strings.HasPrefix(f.Text, "did not find expected") {
		f.Line++ // the YAML parser counts the lines of such errors from 0
	}
	return Fault{Group: Syntax, Message: f.Text, Line: f.Line, Column: f.Column}
}

// valueOf is a part of a document as data of expressions.
func valueOf(v *document.Value) expr.Value { return expr.Freeze(thawed(v)) }

func thawed(v *document.Value) expr.Value {
	if v == nil {
		return nil
	}
	switch v.Kind {
	case document.List:
		l := expr.NewList()
		for _, item := range v.Items {
			l.Items = append(l.Items, thawed(item))
		}
		return l
	case document.Object:
		d := expr.NewDict()
		for _, f := range v.Fields {
			d.Set(f.Name, thawed(f.Value)) // a text is always a fit key
		}
		return d
	}
	x, err := expr.FromGo(v.Scalar)
	if err != nil {
		return nil // document holds no scalars that expr does not
	}
	return x
}

// field is the value of a field that is there and not null.
func field(v *document.Value, name string) *document.Value {
	if v == nil || v.Kind != document.Object {
		return nil
	}
	f := v.Field(name)
	if f == nil || f.Value.IsNull() {
		return nil
	}
	return f.Value
}

// text is the string that v is.
func text(v *document.Value) (string, bool) {
	if v == nil || v.Kind != document.Scalar {
		return "", false
	}
	s, ok := v.Scalar.(string)
	return s, ok
}

// empty reports whether v counts as not given: null, false, 0 and what holds nothing.
func empty(v *document.Value) bool {
	if v == nil {
		return true
	}
	yes, err := expr.Truthy(valueOf(v))
	return err == nil && !yes
}

// lineOf is the line of the text below v that holds an expression, or v's own.
func lineOf(v *document.Value, expression string) int {
	if v == nil {
		return 0
	}
	if line, ok := findLine(v, expression); ok && expression != "" {
		return line
	}
	return v.Line
}

func findLine(v *document.Value, expression string) (int, bool) {
	if s, ok := text(v); ok {
		at := strings.Index(s, expression)
		if at < 0 {
			return 0, false
		}
		if strings.Contains(s, "\n") {
			return v.Line + 1 + strings.Count(s[:at], "\n"), true // a block begins on the line after its |
		}
		return v.Line, true
	}
	for _, item := range v.Items {
		if line, ok := findLine(item, expression); ok {
			return line, true
		}
	}
	for _, f := range v.Fields {
		if strings.Contains(f.Name, expression) {
			return f.Line, true
		}
		if line, ok := findLine(f.Value, expression); ok {
			return line, true
		}
	}
	return 0, false
}
