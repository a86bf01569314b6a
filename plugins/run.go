package plugins

import (
	"context"
	"encoding/json"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// RunRequest asks for an action on behalf of a pack's code.
type RunRequest struct {
	Pack      string // whose code asks
	Execution string // of the action that asks, the new one's parent; "" for a sensor
	User      string // on whose behalf; "" for a sensor: the system's
	Action    string // reference
	Params    json.RawMessage
}

// maxAbove is how many executions may stand above one that runs another: what calls
// itself ends there.
const maxAbove = 10

// run runs another action. An action that waits holds a worker, so only some may wait.
func (h *host) run(ctx context.Context, r wire.Run) (wire.RunReply, error) {
	if _, _, ok := core.SplitRef(r.Action); !ok {
		return wire.RunReply{}, core.FieldErrorf("action", "action: %q is no reference of the form pack.name", r.Action)
	}
	if err := h.check(ctx, mayRun, r.Action); err != nil {
		return wire.RunReply{}, err
	}
	if h.execution != "" {
		above, err := h.l.Above(ctx, h.execution, maxAbove)
		if err != nil {
			return wire.RunReply{}, err
		}
		if above >= maxAbove {
			return wire.RunReply{}, core.Errorf(core.Forbidden, "%s was not run: %d executions stand above this one already, each run by the next; does an action call itself?", r.Action, above)
		}
		select {
		case h.l.waiting <- struct{}{}:
			defer func() { <-h.l.waiting }()
		default:
			return wire.RunReply{}, core.Errorf(core.TooMany, "%s was not run: %d actions of this server wait for others already, and the rest of its workers have to be free for those", r.Action, cap(h.l.waiting))
		}
	}
	return h.l.RunAction(ctx, RunRequest{Pack: h.pack, Execution: h.execution, User: h.user, Action: r.Action, Params: r.Params})
}
