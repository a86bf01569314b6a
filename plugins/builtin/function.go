package builtin

import (
	"context"

	"github.com/petrelhq/petrel/core"
)

// Function is the Go form of a Python action. Its value becomes the execution's "result",
// in JSON's form; an error means that the action failed, for the reason the error tells.
// What the action logs goes to c.Output.Stderr(), as a Python action's logger writes there.
type Function func(ctx context.Context, c core.Call) (value any, err error)
