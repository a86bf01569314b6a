package workflow

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/pack/document"
)

// schema is the part of JSON Schema, draft 4, that describes workflows.
type schema struct {
	types      []string
	enum       []expr.Value
	nonEmpty   bool // a text, list or object with something in it
	minimum    bool // no number below 0
	pattern    *regexp.Regexp
	oneOf      []*schema
	anyOf      []*schema
	unique     bool
	items      *schema
	fields     []property
	closed     bool     // no fields beside these
	required   []string // fields that must be there
	anyName    *schema  // of fields whose name is a word
	singleName bool     // exactly one field
}

// property is a field of an object with its schema.
type property struct {
	name string
	*schema
}

var word = regexp.MustCompile(`^[\p{L}\p{N}_]+$`)

const wordPattern = `^\w+$`

// checker collects what does not fit a schema.
type checker struct{ faults []Fault }

// spot is where in the document and in the schema a check is.
type spot struct {
	spec, schema string
	line, column int
}

func (p spot) field(f *document.Field, schemaStep string) spot {
	q := p.step(schemaStep)
	q.line, q.column = f.Line, f.Column
	if q.spec != "" {
		q.spec += "."
	}
	q.spec += f.Name
	return q
}

func (p spot) item(i int, v *document.Value) spot {
	q := p.step("items")
	q.spec += "[" + strconv.Itoa(i) + "]"
	q.line, q.column = v.Line, v.Column
	return q
}

func (p spot) step(schemaStep string) spot {
	if p.schema != "" {
		p.schema += "."
	}
	p.schema += schemaStep
	return p
}

func (c *checker) fail(p spot, keyword, format string, args ...any) {
	p = p.step(keyword)
	c.faults = append(c.faults, Fault{
		Group: Syntax, Message: fmt.Sprintf(format, args...), SpecPath: p.spec, SchemaPath: p.schema, Line: p.line, Column: p.column,
	})
}

// check compares v with a schema. The messages are those of Python's jsonschema, as orquesta shows them.
func (c *checker) check(v *document.Value, s *schema, p spot) {
	if len(s.types) > 0 && !slices.ContainsFunc(s.types, func(t string) bool { return isType(v, t) }) {
		c.fail(p, "type", "%s is not of type '%s'", show(v), strings.Join(s.types, "', '"))
	}
	c.checkScalar(v, s, p)
	c.checkChoices(v, s, p)
	switch v.Kind {
	case document.List:
		c.checkList(v, s, p)
	case document.Object:
		c.checkObject(v, s, p)
	}
}

func (c *checker) checkScalar(v *document.Value, s *schema, p spot) {
	if s.enum != nil && !slices.ContainsFunc(s.enum, func(e expr.Value) bool { return equal(valueOf(v), e) }) {
		c.fail(p, "enum", "%s is not one of %s", show(v), repr(expr.NewList(s.enum...)))
	}
	if t, ok := text(v); ok {
		if s.asks("string") && t == "" {
			c.fail(p, "minLength", "%s should be non-empty", show(v))
		}
		if s.pattern != nil && !s.pattern.MatchString(t) {
			c.fail(p, "pattern", "%s does not match '%s'", show(v), itemsPattern)
		}
	}
	if n, ok := number(v); ok && s.minimum && n.Sign() < 0 {
		c.fail(p, "minimum", "%s is less than the minimum of 0", show(v))
	}
}

func (c *checker) checkChoices(v *document.Value, s *schema, p spot) {
	if s.oneOf != nil && !fitsAny(v, s.oneOf) {
		c.fail(p, "oneOf", "%s is not valid under any of the given schemas", show(v))
	}
	if s.anyOf != nil && !fitsAny(v, s.anyOf) {
		c.fail(p, "anyOf", "%s is not valid under any of the given schemas", show(v))
	}
}

func fitsAny(v *document.Value, choices []*schema) bool {
	return slices.ContainsFunc(choices, func(s *schema) bool { return fits(v, s) })
}

func fits(v *document.Value, s *schema) bool {
	var c checker
	c.check(v, s, spot{})
	return len(c.faults) == 0
}

func (c *checker) checkList(v *document.Value, s *schema, p spot) {
	if s.asks("array") && len(v.Items) == 0 {
		c.fail(p, "minItems", "[] should be non-empty")
	}
	if s.unique && !allDifferent(v.Items) {
		c.fail(p, "uniqueItems", "%s has non-unique elements", show(v))
	}
	for i, item := range v.Items {
		if s.items != nil {
			c.check(item, s.items, p.item(i, item))
		}
	}
}

func allDifferent(items []*document.Value) bool {
	seen := map[string]bool{}
	for _, item := range items {
		t, err := expr.ToJSON(nil, valueOf(item), expr.JSONOptions{SortKeys: true})
		if err != nil || seen[t] {
			return false
		}
		seen[t] = true
	}
	return true
}

func (c *checker) checkObject(v *document.Value, s *schema, p spot) {
	if s.asks("object") && len(v.Fields) == 0 {
		c.fail(p, "minProperties", "{} should be non-empty")
	}
	if s.singleName && len(v.Fields) > 1 {
		c.fail(p, "maxProperties", "%s has too many properties", show(v))
	}
	for _, name := range s.required {
		if v.Field(name) == nil {
			c.fail(p, "required", "'%s' is a required property", name)
		}
	}
	for i := range v.Fields {
		f := &v.Fields[i]
		if known := s.field(f.Name); known != nil {
			c.check(f.Value, known, p.field(f, "properties."+f.Name))
		}
		if s.anyName != nil && word.MatchString(f.Name) {
			c.check(f.Value, s.anyName, p.field(f, "patternProperties."+wordPattern))
		}
	}
	if s.closed {
		c.checkNames(v, s, p)
	}
}

func (s *schema) field(name string) *schema {
	for _, f := range s.fields {
		if f.name == name {
			return f.schema
		}
	}
	return nil
}

// checkNames finds fields that the schema does not have.
func (c *checker) checkNames(v *document.Value, s *schema, p spot) {
	var extra []*document.Field
	for i := range v.Fields {
		if s.field(v.Fields[i].Name) == nil {
			extra = append(extra, &v.Fields[i])
		}
	}
	c.failExtra(extra, p)
}

func (c *checker) failExtra(extra []*document.Field, p spot) {
	if len(extra) == 0 {
		return
	}
	verb := "was"
	if len(extra) > 1 {
		verb = "were"
	}
	p.line, p.column = extra[0].Line, extra[0].Column
	var names []string
	for _, f := range extra {
		names = append(names, repr(f.Name))
	}
	slices.Sort(names)
	c.fail(p, "additionalProperties", "Additional properties are not allowed (%s %s unexpected)", strings.Join(names, ", "), verb)
}

// asks reports whether values of a type must hold something.
func (s *schema) asks(typeName string) bool { return s.nonEmpty && slices.Contains(s.types, typeName) }

func isType(v *document.Value, name string) bool {
	if name == "integer" {
		n, ok := v.Scalar.(json.Number)
		return v.Kind == document.Scalar && ok && !strings.ContainsAny(string(n), ".eE")
	}
	return v.TypeName() == name
}

func number(v *document.Value) (*big.Float, bool) {
	n, ok := v.Scalar.(json.Number)
	if v.Kind != document.Scalar || !ok {
		return nil, false
	}
	return new(big.Float).SetString(string(n))
}

func equal(x, y expr.Value) bool {
	eq, err := expr.Equal(nil, x, y)
	return err == nil && eq
}

func show(v *document.Value) string { return repr(valueOf(v)) }

func repr(v expr.Value) string {
	s, err := expr.Repr(nil, v)
	if err != nil {
		return expr.TypeName(v)
	}
	return s
}
