package builtin

import (
	"context"
	"encoding/json"

	"github.com/petrelhq/petrel/core"
)

// injectTrigger is core.inject_trigger: it raises a trigger, and returns what it raised
// as the generic webhook answers it.
type injectTrigger struct {
	inject func(ctx context.Context, trigger string, payload json.RawMessage, traceTag string) error
}

func (i injectTrigger) call(ctx context.Context, c core.Call) (any, error) {
	if i.inject == nil {
		return nil, core.Errorf(core.Unavailable, "this server takes no events from actions")
	}
	trigger, err := injectedTrigger(c.Params)
	if err != nil {
		return nil, err
	}
	payload, err := jsonText(objectOf(c.Params, "payload"))
	if err != nil {
		return nil, core.FieldErrorf("payload", "payload cannot be sent: %w", err)
	}
	if len(objectOf(c.Params, "payload")) == 0 {
		payload = json.RawMessage("{}")
	}
	if err := i.inject(ctx, trigger, payload, textOf(c.Params, "trace_tag")); err != nil {
		return nil, err
	}
	return map[string]any{"trigger": trigger, "payload": payload}, nil
}

// injectedTrigger reads the trigger's name, which has an old parameter beside the new one.
func injectedTrigger(params map[string]any) (string, error) {
	old, name := textOf(params, "trigger"), textOf(params, "trigger_name")
	switch {
	case old != "" && name != "":
		return "", core.FieldErrorf("trigger_name", "trigger and trigger_name mean the same: give one of them")
	case old == "" && name == "":
		return "", core.FieldErrorf("trigger_name", "trigger_name is missing: the trigger to raise, such as mypack.mytrigger")
	case name == "":
		return old, nil
	}
	return name, nil
}
