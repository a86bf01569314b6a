package schema_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
)

func told(errs []error) []string {
	var lines []string
	for _, err := range errs {
		var e *core.Error
		errors.As(err, &e)
		lines = append(lines, e.Field+": "+e.Msg)
	}
	return lines
}

func TestValidate(t *testing.T) {
	for text, want := range map[string][]string{
		`{"a": {}, "b": {"type": "string", "secret": true, "position": 1}, "c": {"position": 2, "immutable": false}}`: nil,
		`{"a": {"requird": true}}`:                     {`a.requird: parameter "a" has the unknown attribute "requird"; did you mean "required"?`},
		`{"a": {"format": "date-time"}}`:               {`a.format: parameter "a" has the unknown attribute "format"`},
		`{"a": {"required": "yes"}}`:                   {`a.required: required of parameter "a" needs to be true or false, got 'yes'`},
		`{"a": {"type": ["string"]}}`:                  {`a.type: type of parameter "a" needs to be one name, got ['string']; use anyOf for a choice`},
		`{"a": {"type": "str"}}`:                       {`a.type: 'str' is not a type; use one of array, boolean, integer, null, number, object, string`},
		`{"a": {"description": 5}}`:                    {`a.description: description of parameter "a" needs to be a text, got 5`},
		`{"a": {"position": -1}}`:                      {`a.position: position of parameter "a" needs to be a whole number that is not negative, got -1`},
		`{"a-b": {}}`:                                  {`a-b: parameter name "a-b" may hold letters, digits and _ only`},
		`{"a": {"position": 0}, "b": {"position": 0}}`: {`b.position: parameters "a" and "b" both have position 0; give each its own`},
		`{"a": {"position": 3}, "b": {"position": 1}}`: {`a.position: no parameter has position 2, between "b" and "a"; positions may leave no gap`},
		`{"a": {"items": {"type": "x"}}}`:              {`a.items.type: 'x' is not a type; use one of array, boolean, integer, null, number, object, string`},
	} {
		if diff := cmp.Diff(want, told(schema.Validate(params(t, text)))); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestValidateAction(t *testing.T) {
	runner := params(t, `{"cmd": {"type": "string", "description": "x"}, "sudo": {"type": "boolean", "default": false}, "kind": {"immutable": true, "default": 1}}`)
	for text, want := range map[string][]string{
		localAction: nil,
		`{"cmd": {"type": "string", "description": "y", "enum": ["a"], "default": "a", "required": true}}`: nil,
		`{"cmd": {"type": "object"}}`:   {`cmd.type: "cmd" is a parameter of the runner, whose type is 'string'; an action may change only its default, description, enum, immutable, required`},
		`{"cmd": {"secret": true}}`:     {`cmd.secret: "cmd" is a parameter of the runner, whose secret is None; an action may change only its default, description, enum, immutable, required`},
		`{"cmd": {"immutable": true}}`:  {`cmd.immutable: immutable parameter "cmd" needs a default, since nobody may give it a value`},
		`{"own": {"immutable": true}}`:  {`own.immutable: immutable parameter "own" needs a default, since nobody may give it a value`},
		`{"kind": {"immutable": true}}`: {`kind.immutable: "kind" is a parameter of the runner, which decides itself whether it is immutable; leave immutable out`},
	} {
		if diff := cmp.Diff(want, told(schema.ValidateAction(runner, params(t, text)))); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"trigger", "criteria", "action", "enabled"}
	for name, want := range map[string]string{
		"trigerr": `; did you mean "trigger"?`, "actoin": `; did you mean "action"?`, "enable": `; did you mean "enabled"?`, "crit": `; did you mean "criteria"?`, "zzzzzz": "", "x": "",
	} {
		if got := schema.DidYouMean(name, known); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
