package router

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/textproto"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// WebhookType is the trigger type of webhooks.
const WebhookType = "core.st2.webhook"

// keepReceipts is how long a numbered delivery is remembered.
const keepReceipts = 72 * time.Hour

// Delivery is what came to a webhook's URL.
type Delivery struct {
	Hook    string            // the URL below /webhooks/
	Headers map[string]string // as sent
	Body    json.RawMessage   // JSON; form bodies already made into it
}

// hookSettings are a webhook trigger's parameters.
type hookSettings struct {
	URL        string `json:"url"`
	DeliveryID string `json:"delivery_id_header"` // names the header that numbers deliveries
}

func hookParameters(t *core.Trigger) hookSettings {
	var p hookSettings
	_ = json.Unmarshal(t.Parameters, &p) // checked when the trigger was made
	return p
}

func (p hookSettings) path() string { return strings.Trim(p.URL, "/") }

// Webhook raises an instance of every trigger registered for the URL, and returns the
// answer for the sender: the body, or for a delivery seen before, the answer it got
// then. The error is NotFound for an unknown URL.
// st2: triggers-rules reference, webhooks.
func (r *Router) Webhook(ctx context.Context, tx *store.Tx, d Delivery) (json.RawMessage, error) {
	ix, err := r.index.In(ctx, tx)
	if err != nil {
		return nil, err
	}
	triggers := ix.hooks[d.Hook]
	if len(triggers) == 0 {
		return nil, core.Errorf(core.NotFound, "Webhook %s not registered with st2", d.Hook)
	}
	headers := canonicalHeaders(d.Headers)
	number := deliveryNumber(triggers, headers)
	if number != "" {
		if answer, err := r.seen(ctx, tx, d.Hook, number); answer != nil || err != nil {
			return answer, err
		}
	}
	ids, err := r.raiseAll(tx, triggers, d, headers)
	if err == nil && number != "" {
		err = tx.Receipts().Put(ctx, &store.Receipt{
			ID: receiptID(d.Hook, number), At: tx.Time(), Answer: d.Body, Instances: ids,
		})
	}
	return d.Body, err
}

func (r *Router) raiseAll(tx *store.Tx, triggers []*core.Trigger, d Delivery, headers map[string]string) ([]string, error) {
	tag := headers["St2-Trace-Tag"]
	if tag == "" {
		tag = traceTag(d.Hook)
	}
	payload := hookPayload(headers, d.Body)
	ids := make([]string, 0, len(triggers))
	for _, t := range triggers {
		i, err := r.raise(tx, t.Ref(), core.NewID(tx.Store().Now()), core.Event{Payload: payload, TraceTag: tag})
		if err != nil {
			return nil, err
		}
		ids = append(ids, i.ID)
	}
	return ids, nil
}

func traceTag(hook string) string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return "webhook-" + hook + "-" + hex.EncodeToString(b[:])
}

// deliveryNumber is what tells this delivery from others: the Idempotency-Key header, or
// the header that a trigger of this URL names.
func deliveryNumber(triggers []*core.Trigger, headers map[string]string) string {
	if k := headers["Idempotency-Key"]; k != "" {
		return k
	}
	for _, t := range triggers {
		if name := hookParameters(t).DeliveryID; name != "" {
			if k := headers[textproto.CanonicalMIMEHeaderKey(name)]; k != "" {
				return k
			}
		}
	}
	return ""
}

func receiptID(hook, number string) string { return core.DeriveID("webhook", hook, number) }

// seen returns the answer a delivery got before. The Put of a new receipt is guarded by
// what was read here, so of two equal deliveries at once one conflicts and begins again.
func (r *Router) seen(ctx context.Context, tx *store.Tx, hook, number string) (json.RawMessage, error) {
	old, err := tx.Receipts().Get(ctx, receiptID(hook, number))
	switch {
	case core.KindOf(err) == core.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case tx.Time().Sub(old.At) > keepReceipts:
		return nil, nil
	}
	return old.Answer, tx.Receipts().Confirm(old.ID)
}

// forgetBatch is how many old receipts go in one Apply.
const forgetBatch = 500

// ForgetDeliveries removes the receipts of numbered deliveries that are too old to count.
func (r *Router) ForgetDeliveries(ctx context.Context) error {
	for {
		old, _, err := r.Store.Receipts().List(ctx, store.Query{
			To: r.Store.Time() - core.Time(keepReceipts.Microseconds()), Oldest: true, Limit: forgetBatch,
		})
		if err != nil || len(old) == 0 {
			return err
		}
		err = r.Store.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
			for _, o := range old {
				if err := tx.Receipts().Delete(ctx, o.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// canonicalHeaders spells header names as StackStorm hands them to rules.
func canonicalHeaders(h map[string]string) map[string]string {
	out := make(map[string]string, len(h))
	for name, value := range h {
		out[textproto.CanonicalMIMEHeaderKey(strings.ToLower(name))] = value
	}
	return out
}

// hidden headers never reach a payload.
var hidden = map[string]bool{"X-Auth-Token": true, "St2-Api-Key": true, "Cookie": true, "St2-Trace-Tag": true}

// hookPayload is {headers, headers_lower, body}.
func hookPayload(headers map[string]string, body json.RawMessage) json.RawMessage {
	shown := make(map[string]string, len(headers))
	lower := make(map[string]string, len(headers))
	for name, value := range headers {
		if !hidden[name] {
			shown[name], lower[strings.ToLower(name)] = value, value
		}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = json.RawMessage("{}")
	}
	raw, _ := json.Marshal(struct {
		Headers map[string]string `json:"headers"`
		Lower   map[string]string `json:"headers_lower"`
		Body    json.RawMessage   `json:"body"`
	}{shown, lower, body})
	return raw
}
