package router

import (
	"context"
	"encoding/json"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// ActionType is the trigger of finished executions.
const ActionType = "core.st2.generic.actiontrigger"

// WantsFinished reports whether an enabled rule waits for finished executions. Without
// one no instance is made of them.
func (r *Router) WantsFinished(ctx context.Context, tx *store.Tx) (bool, error) {
	ix, err := r.index.In(ctx, tx)
	if err != nil {
		return false, err
	}
	return ix.watched[ActionType], nil
}

// finishedPayload is the action trigger's payload.
// st2: triggers-rules reference, internal trigger types.
type finishedPayload struct {
	ExecutionID string          `json:"execution_id"`
	Status      core.Status     `json:"status"`
	Start       string          `json:"start_timestamp"`
	ActionName  string          `json:"action_name"`
	ActionRef   string          `json:"action_ref"`
	RunnerRef   string          `json:"runner_ref"`
	Parameters  json.RawMessage `json:"parameters"`
	Result      json.RawMessage `json:"result"`
}

// pythonTime is how Python prints a datetime, which is what StackStorm sends here.
const pythonTime = "2006-01-02 15:04:05.000000-07:00"

// Finished raises the action trigger for a finished execution, once however often it is
// told: the instance's id derives from the execution's. Parameters come masked.
func (r *Router) Finished(ctx context.Context, tx *store.Tx, x *core.Execution, masked, result json.RawMessage) error {
	wanted, err := r.WantsFinished(ctx, tx)
	if err != nil || !wanted {
		return err
	}
	id := core.DeriveID(x.ID, ActionType)
	if _, err := tx.Instances().Get(ctx, id); core.KindOf(err) != core.NotFound {
		return err
	}
	payload, err := json.Marshal(finishedPayload{
		ExecutionID: x.ID, Status: x.Status, Start: x.Start.Std().Format(pythonTime),
		ActionName: x.Action, ActionRef: x.Action, RunnerRef: x.Runner,
		Parameters: orEmpty(masked), Result: orEmpty(result),
	})
	if err != nil {
		return err
	}
	e := core.Event{Payload: payload}
	if t := x.Context.Trace; t != nil {
		e.TraceTag = t.Tag
	}
	_, err = r.raise(tx, ActionType, id, e)
	return err
}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}
