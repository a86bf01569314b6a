package builtin

import (
	"context"
	"encoding/json"

	"github.com/petrelhq/petrel/core"
)

// noop does nothing and succeeds. st2: runners reference 9.
type noop struct{}

func (noop) Run(context.Context, core.Call) (core.Result, error) {
	return core.Result{
		Status: core.Succeeded,
		Value:  json.RawMessage(`{"failed":false,"succeeded":true,"return_code":0}`),
	}, nil
}

func noopType() core.RunnerType {
	return core.RunnerType{
		Name:        "noop",
		Description: "Does nothing and succeeds. Useful to try out rules and workflows.",
		Enabled:     true,
		Package:     "noop_runner",
		Module:      "noop_runner",
	}
}
