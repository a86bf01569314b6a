package api

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/store"
)

// postWebhook takes an event in. The answer comes after the event is on disk.
// This is the hot path: one Tx, and the body is looked through but never decoded.
// st2: triggers-rules reference, webhooks.
func (c *call) postWebhook() error {
	body, err := c.json()
	if err != nil {
		return err
	}
	if len(body) == 0 {
		body = json.RawMessage("{}")
	}
	if k := kindOfJSON(body); k != "object" && k != "array" {
		return core.Errorf(core.Invalid, "Input body needs to be an object or an array, got: %s", k)
	}
	d := router.Delivery{Hook: strings.Trim(c.Params("*"), "/"), Headers: c.headers(), Body: body}
	var reply json.RawMessage
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		reply, err = c.s.Router.Webhook(c.ctx(), tx, d)
		return err
	})
	if err != nil {
		return err
	}
	return answerRaw(c.Ctx, fiber.StatusAccepted, reply)
}

// headers returns the request's headers; of one sent several times the values are
// joined, as servers do for StackStorm.
func (c *call) headers() map[string]string {
	in := &c.Request().Header
	h := make(map[string]string, in.Len())
	in.VisitAll(func(name, value []byte) {
		if old, ok := h[string(name)]; ok {
			h[string(name)] = old + "," + string(value)
			return
		}
		h[string(name)] = string(value)
	})
	return h
}

// postGenericWebhook dispatches the trigger that the body names.
func (c *call) postGenericWebhook() error {
	raw, err := c.json()
	if err != nil {
		return err
	}
	if k := kindOfJSON(raw); len(raw) > 0 && k != "object" {
		return core.Errorf(core.Invalid, "Webhook body needs to be an object, got: %s", k)
	}
	var body struct {
		Trigger string          `json:"trigger"`
		Payload json.RawMessage `json:"payload"`
	}
	if len(raw) > 0 {
		if err := readInto(raw, &body); err != nil {
			return err
		}
	}
	if body.Trigger == "" {
		return core.FieldErrorf("trigger", "Trigger not specified.")
	}
	if bytes.Equal(body.Payload, []byte("null")) {
		body.Payload = nil
	}
	e := core.Event{Trigger: body.Trigger, Payload: body.Payload, TraceTag: string(c.Request().Header.Peek("St2-Trace-Tag"))}
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error {
		_, err := c.s.Router.Emit(c.ctx(), tx, e)
		return err
	})
	if err != nil {
		return err
	}
	return answerRaw(c.Ctx, fiber.StatusAccepted, raw)
}

// hooks returns the triggers of webhooks.
func (s *Server) hooks(ctx context.Context) ([]*core.Trigger, error) {
	all, err := s.Store.Triggers().All(ctx)
	if err != nil {
		return nil, err
	}
	var hooks []*core.Trigger
	for _, t := range all {
		if t.Type == router.WebhookType {
			hooks = append(hooks, t)
		}
	}
	return hooks, nil
}

func (c *call) listWebhooks() error {
	hooks, err := c.s.hooks(c.ctx())
	if err != nil {
		return err
	}
	return sendAll(c, hooks, writeWholeTrigger)
}

// getWebhook returns the first trigger of a URL, which may hold slashes.
func (c *call) getWebhook() error {
	hooks, err := c.s.hooks(c.ctx())
	if err != nil {
		return err
	}
	want := strings.Trim(c.Params("*"), "/")
	for _, t := range hooks {
		var p struct {
			URL string `json:"url"`
		}
		if json.Unmarshal(t.Parameters, &p) == nil && strings.Trim(p.URL, "/") == want {
			return sendOne(c, fiber.StatusOK, t, writeWholeTrigger)
		}
	}
	return core.Errorf(core.NotFound, "Unhandled exception") // st2: rest-api reference, abort(404) without text
}

func writeWholeTrigger(b []byte, t *core.Trigger) ([]byte, error) { return writeTrigger(b, t, nil) }
