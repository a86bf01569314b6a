package builtin

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/petrelhq/petrel/core"
)

// announcement publishes the action's parameters to those who listen on a route of the
// event stream. st2: runners reference 9.
type announcement struct {
	announce func(ctx context.Context, route string, payload json.RawMessage) error
}

func (a announcement) Run(ctx context.Context, c core.Call) (core.Result, error) {
	if !boolOf(c.RunnerParams, "experimental") {
		return core.Result{}, core.FieldErrorf("experimental", "experimental has to be true: the announcement runner may still change")
	}
	if a.announce == nil {
		return core.Result{}, core.Errorf(core.Unavailable, "this server has no event stream to announce on")
	}
	params := newObject()
	for _, p := range c.Action.Parameters {
		if v, ok := c.Params[p.Name]; ok {
			params.set(p.Name, v)
		}
	}
	payload := params.json()
	if err := a.announce(ctx, textOf(c.RunnerParams, "route"), payload); err != nil {
		return core.Result{}, err
	}
	return core.Result{Status: core.Succeeded, Value: withOutput(payload, c.Params)}, nil
}

// withOutput is the payload with itself as "output", unless a parameter has that name.
func withOutput(payload json.RawMessage, params map[string]any) json.RawMessage {
	if _, taken := params["output"]; taken {
		return payload
	}
	o := newObject()
	o.raw("output", payload)
	if rest := bytes.TrimPrefix(payload, []byte("{")); len(rest) > 1 {
		o.buf.WriteByte(',')
		o.buf.Write(rest[:len(rest)-1])
	}
	return o.json()
}

func announcementType() core.RunnerType {
	return core.RunnerType{
		Name:        "announcement",
		Description: "Publishes the action's parameters on a route of the event stream.",
		Enabled:     true,
		Package:     "announcement_runner",
		Module:      "announcement_runner",
		Parameters: core.Parameters{
			param("experimental", "boolean", "Has to be true: says you know that this runner may still change.", "required", true, "default", false),
			param("route", "string", "Where to announce; listeners see events named st2.announcement__ROUTE.", "default", "general", "minLength", int64(1), "maxLength", int64(255)),
		},
	}
}
