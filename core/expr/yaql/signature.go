package yaql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// spec is one entry of the library as it is written down. The signature lists the parameters:
//
//	collection: iterable, separator: string?, count: int = -1, *args: any, **names: any
//
// "?" takes null too; "= …" gives a default; "= -" makes the parameter optional without one.
type spec struct {
	name      string
	form      Form
	signature string
	fn        func(c *Call) (Value, error)
	summary   string
	example   string
	result    string
}

// both is a function that may be called as a method too.
const both = AsFunction | AsMethod

// build makes functions of specs.
func build(specs []spec) []*Function {
	out := make([]*Function, len(specs))
	for i, s := range specs {
		params, err := signature(s.signature)
		if err != nil {
			panic(fmt.Sprintf("yaql library: %s: %v", s.name, err)) // a fault of this package's tables, met by every test
		}
		doc := expr.Doc{Name: s.name, Signature: written(s.name, params), Summary: s.summary, Example: s.example, Result: s.result}
		out[i] = &Function{Name: s.name, Form: s.form, Doc: doc, params: params, fn: s.fn}
	}
	return out
}

func signature(text string) ([]param, error) {
	if text == "" {
		return nil, nil
	}
	var out []param
	for _, part := range strings.Split(text, ", ") {
		p, err := parameter(part)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func parameter(text string) (param, error) {
	name, kindText, ok := strings.Cut(text, ": ")
	if !ok {
		return param{}, fmt.Errorf("parameter %q has no kind", text)
	}
	var p param
	kindText, def, optional := strings.Cut(kindText, " = ")
	kindText, p.null = strings.CutSuffix(kindText, "?")
	if p.kind, ok = kindNames[kindText]; !ok {
		return param{}, fmt.Errorf("parameter %q has an unknown kind", text)
	}
	name, p.keywords = strings.CutPrefix(name, "**")
	name, p.rest = strings.CutPrefix(name, "*")
	p.name, p.optional = name, optional
	p.def = defaultValue(def)
	return p, nil
}

func defaultValue(text string) Value {
	switch text {
	case "-":
		return notGiven
	case "", "null":
		return nil
	case "true", "false":
		return text == "true"
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if text == "0s" {
		return Timespan{}
	}
	return strings.Trim(text, "'")
}

// written is a signature as reference pages show it.
func written(name string, params []param) string {
	var parts []string
	for _, p := range params {
		parts = append(parts, p.String())
	}
	return name + "(" + strings.Join(parts, ", ") + ")"
}

// String is the parameter as signatures write it.
func (p param) String() string {
	s := p.name + ": " + p.kind.String()
	if p.rest {
		s = "*" + s
	}
	if p.keywords {
		s = "**" + s
	}
	if p.null {
		s += "?"
	}
	if p.optional && given(p.def) {
		if d, err := expr.Repr(nil, p.def); err == nil {
			s += " = " + yaqlText(d)
		}
	} else if p.optional {
		s += " = …"
	}
	return s
}

// yaqlText spells Python's constants as YAQL does.
func yaqlText(s string) string {
	switch s {
	case "None":
		return "null"
	case "True", "False":
		return strings.ToLower(s)
	case "datetime.timedelta(0)":
		return "timespan()"
	}
	return s
}

// String is the kind as signatures spell it.
func (k kind) String() string {
	for name, x := range kindNames {
		if x == k {
			return name
		}
	}
	return "any"
}
