package schema

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// attributes are what a parameter's schema may say; the set is closed.
// st2: metadata reference 3.1. "format" is not among them.
var attributes = []string{
	"$ref", "$schema", "additionalItems", "additionalProperties", "allOf", "anyOf", "default",
	"definitions", "dependencies", "description", "enum", "exclusiveMaximum", "exclusiveMinimum",
	"id", "immutable", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems",
	"minLength", "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern",
	"patternProperties", "position", "properties", "required", "secret", "title", "type", "uniqueItems",
}

// flags are the attributes that are true or false.
var flags = []string{"required", "secret", "immutable", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"}

// overridable is what an action may say anew about a parameter of its runner.
var overridable = []string{"default", "description", "enum", "immutable", "required"}

var nameForm = regexp.MustCompile(`^\w+$`)

// Validate checks declarations of parameters, of an action, a runner or a pack's
// configuration. Each error is Invalid, names the attribute (cmd.position) and the fix.
func Validate(params core.Parameters) []error {
	var errs []error
	for _, p := range params {
		errs = append(errs, validateParameter(p)...)
	}
	return append(errs, validatePositions(params)...)
}

func validateParameter(p core.Parameter) []error {
	var errs []error
	if !nameForm.MatchString(p.Name) {
		errs = append(errs, core.FieldErrorf(p.Name, "parameter name %q may hold letters, digits and _ only", p.Name))
	}
	for _, name := range sortedKeys(p.Schema) {
		if err := validateAttribute(p, name); err != nil {
			errs = append(errs, err)
		}
	}
	if _, err := compileRoot(p.Schema); err != nil && len(errs) == 0 {
		errs = append(errs, prefixField(p.Name, err))
	}
	return errs
}

func validateAttribute(p core.Parameter, name string) error {
	v, field := p.Schema[name], p.Name+"."+name
	switch {
	case !slices.Contains(attributes, name):
		return core.FieldErrorf(field, "parameter %q has the unknown attribute %q%s", p.Name, name, DidYouMean(name, attributes))
	case slices.Contains(flags, name) && !isType(v, "boolean"):
		return core.FieldErrorf(field, "%s of parameter %q needs to be true or false, got %s", name, p.Name, repr(v))
	case name == "type" && !isType(v, "string"):
		return core.FieldErrorf(field, "type of parameter %q needs to be one name, got %s; use anyOf for a choice", p.Name, repr(v))
	case (name == "description" || name == "title") && !isType(v, "string"):
		return core.FieldErrorf(field, "%s of parameter %q needs to be a text, got %s", name, p.Name, repr(v))
	case name == "position" && !isPosition(v):
		return core.FieldErrorf(field, "position of parameter %q needs to be a whole number that is not negative, got %s", p.Name, repr(v))
	}
	return nil
}

func isPosition(v any) bool {
	n, ok := numberOf(v)
	return ok && n.whole && n.big == nil && n.small >= 0
}

type positioned struct {
	name  string
	place int64
}

// validatePositions demands unique places without a gap; they may start above 0.
func validatePositions(params core.Parameters) []error {
	var places []positioned
	for _, p := range params {
		if v, ok := p.Schema["position"]; ok && isPosition(v) {
			n, _ := numberOf(v)
			places = append(places, positioned{p.Name, n.small})
		}
	}
	slices.SortStableFunc(places, func(a, b positioned) int { return cmp.Compare(a.place, b.place) })
	var errs []error
	for i := 1; i < len(places); i++ {
		before, at := places[i-1], places[i]
		switch field := at.name + ".position"; {
		case before.place == at.place:
			errs = append(errs, core.FieldErrorf(field, "parameters %q and %q both have position %d; give each its own", before.name, at.name, at.place))
		case before.place+1 != at.place:
			errs = append(errs, core.FieldErrorf(field, "no parameter has position %d, between %q and %q; positions may leave no gap", before.place+1, before.name, at.name))
		}
	}
	return errs
}

// ValidateAction checks an action's declarations against those of its runner: of a
// parameter of the runner only default, description, enum, immutable and required may
// be said anew, and what is immutable needs a default from either.
func ValidateAction(runner, action core.Parameters) []error {
	var errs []error
	for _, p := range action {
		below, inherited := runner.Get(p.Name)
		if inherited {
			errs = append(errs, validateOverride(p, below)...)
		}
		// st2 differs: "immutable: false" promises nothing, so it needs no default.
		if p.Schema.Flag("immutable") && !has(p.Schema, "default") && !has(below, "default") {
			errs = append(errs, core.FieldErrorf(p.Name+".immutable",
				"immutable parameter %q needs a default, since nobody may give it a value", p.Name))
		}
	}
	return errs
}

func validateOverride(p core.Parameter, below core.Schema) []error {
	var errs []error
	for _, name := range sortedKeys(p.Schema) {
		if slices.Contains(overridable, name) || equal(p.Schema[name], below[name]) {
			continue
		}
		errs = append(errs, core.FieldErrorf(p.Name+"."+name,
			"%q is a parameter of the runner, whose %s is %s; an action may change only its %s",
			p.Name, name, repr(below[name]), strings.Join(overridable, ", ")))
	}
	if has(p.Schema, "immutable") && has(below, "immutable") {
		errs = append(errs, core.FieldErrorf(p.Name+".immutable",
			"%q is a parameter of the runner, which decides itself whether it is immutable; leave immutable out", p.Name))
	}
	return errs
}

// DidYouMean returns `; did you mean "x"?` for the known name nearest to a mistyped one,
// or nothing if none is near.
func DidYouMean(name string, known []string) string {
	nearest := core.Nearest(name, known)
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", nearest)
}
