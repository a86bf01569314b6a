package sdk

import (
	"context"
	"encoding/json"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Execution is another action that [Run] has run to its end.
type Execution struct {
	ID     string
	Status string // succeeded, failed, timeout, canceled and the like
	Result json.RawMessage
}

// Run runs another action, such as core.local, with parameters that are anything JSON makes
// an object of, and waits for its end. The error says that it could not be run; how it
// ended is in the Execution. The pack needs a permission for the action.
func Run(ctx context.Context, action string, params any) (Execution, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return Execution{}, Errorf(Invalid, "the parameters for %s cannot be written as JSON: %v", action, err)
	}
	var r wire.RunReply
	err = Ask(ctx, wire.OpRun, wire.Run{Action: action, Params: raw}, &r)
	return Execution(r), err
}

// Succeeded tells whether the action did what it was asked for.
func (e Execution) Succeeded() bool { return e.Status == "succeeded" }

// Decode reads the result into what into points to.
func (e Execution) Decode(into any) error {
	if err := json.Unmarshal(e.Result, into); err != nil {
		return Errorf(Failed, "the result of execution %s: %v", e.ID, err)
	}
	return nil
}
