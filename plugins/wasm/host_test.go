package wasm

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/petrelhq/petrel/sdk/wire"
)

// world is a host with a datastore and one web page, that remembers what is said to it.
type world struct {
	mu   sync.Mutex
	keys map[string]string
	said []string // text of output and messages of logs
	ops  int
}

func newWorld() *world { return &world{keys: map[string]string{}} }

func (h *world) Do(ctx context.Context, op wire.Op) wire.Reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops++
	switch op.Name {
	case wire.OpKV:
		return h.kv(op.Body)
	case wire.OpHTTP:
		var q wire.HTTP
		json.Unmarshal(op.Body, &q)
		if q.URL != "http://example.com/motto" {
			return wire.Reply{Error: &wire.Error{Kind: wire.Denied, Message: "pack hello may not reach " + q.URL}}
		}
		return body(wire.HTTPReply{Status: 200, Body: []byte("\"Be kind\"\n– ö 🐦")})
	case wire.OpLog:
		var l wire.Log
		json.Unmarshal(op.Body, &l)
		h.said = append(h.said, l.Level+": "+l.Message)
	case wire.OpOutput:
		var o wire.Output
		json.Unmarshal(op.Body, &o)
		h.said = append(h.said, o.Stream+": "+o.Text)
	case wire.OpClock:
		return body(wire.Clock{UnixNano: 1})
	default:
		return wire.Reply{Error: &wire.Error{Kind: wire.Invalid, Message: "no operation " + string(op.Name)}}
	}
	return wire.Reply{}
}

func (h *world) kv(text []byte) wire.Reply {
	var q wire.KV
	json.Unmarshal(text, &q)
	value, found := h.keys[q.Key]
	if q.Do == "set" {
		h.keys[q.Key] = q.Value
	}
	return body(wire.KVReply{Found: found, Value: value})
}

func body(v any) wire.Reply {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return wire.Reply{Body: text}
}

// slow is a host that answers when told to.
type slow struct{ answer chan struct{} }

func (h slow) Do(ctx context.Context, op wire.Op) wire.Reply {
	select {
	case <-h.answer:
		return wire.Reply{}
	case <-ctx.Done():
		return wire.Reply{Error: &wire.Error{Kind: wire.Canceled, Message: "canceled"}}
	}
}
