package builtin

import (
	"context"

	"github.com/petrelhq/petrel/core"
)

// inquirer asks somebody something. Its executions are ended by an answer, or by their
// time. st2: runners reference 8.
type inquirer struct{}

func (inquirer) Run(_ context.Context, c core.Call) (core.Result, error) {
	o := newObject()
	for _, name := range []string{"schema", "roles", "users", "route", "ttl"} {
		o.set(name, c.RunnerParams[name])
	}
	return core.Result{Status: core.Pending, Value: o.json()}, nil
}

func inquirerType() core.RunnerType {
	oneQuestion := map[string]any{
		"title": "response_data", "type": "object",
		"properties": map[string]any{"continue": map[string]any{"type": "boolean", "required": true}},
	}
	return core.RunnerType{
		Name:        "inquirer",
		Description: "Asks a person and waits for the answer.",
		Enabled:     true,
		Package:     "inquirer_runner",
		Module:      "inquirer_runner",
		Parameters: core.Parameters{
			param("schema", "object", "JSON Schema of the answer.", "required", true, "default", oneQuestion),
			param("route", "string", "Names the sort of question, for rules on the trigger core.st2.generic.inquiry.", "default", ""),
			param("roles", "array", "Who of these roles may answer; nobody named: everybody.", "default", []any{}),
			param("users", "array", "Who may answer; nobody named: everybody.", "default", []any{}),
			param("ttl", "integer", "Minutes to wait for the answer; 0: for ever.", "required", true, "default", int64(1440)),
		},
	}
}
