package plugins

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// host does what a pack's code asks for during one call or turn. It implements Host.
type host struct {
	l         *Loader
	pack      string
	execution string // id; "" for a sensor
	user      string // on whose behalf; "" is the system
	secrets   *secrets
	voice     voice
	events    events
	over      atomic.Bool // the call or turn has ended, though code may have been left behind
}

// voice is where code is heard: in an execution's output, or in the server's log.
type voice interface {
	log(level, message string, fields map[string]any)
	print(stream, text string)
}

// events takes events and tells of triggers.
type events interface {
	emit(ctx context.Context, b wire.Batch) error
	triggers(ctx context.Context, t wire.Triggers) (wire.TriggersReply, error)
}

// Do implements Host.
func (h *host) Do(ctx context.Context, op wire.Op) wire.Reply {
	if h.over.Load() {
		return refusal(&wire.Error{Kind: wire.Canceled, Message: "what the code was asked for is over"})
	}
	switch op.Name {
	case wire.OpLog:
		return done(h, ctx, op, h.log)
	case wire.OpOutput:
		return done(h, ctx, op, h.output)
	case wire.OpProgress:
		return done(h, ctx, op, h.progress)
	case wire.OpConfig:
		return answered(h, ctx, op, h.config)
	case wire.OpKV:
		return answered(h, ctx, op, h.keyValue)
	case wire.OpSecret:
		return answered(h, ctx, op, h.secret)
	case wire.OpHTTP:
		return answered(h, ctx, op, h.request)
	case wire.OpEmit:
		return done(h, ctx, op, h.events.emit)
	case wire.OpTriggers:
		return answered(h, ctx, op, h.events.triggers)
	case wire.OpRun:
		return answered(h, ctx, op, h.run)
	case wire.OpClock:
		return answered(h, ctx, op, h.clock)
	case wire.OpSleep:
		return done(h, ctx, op, h.sleep)
	}
	return refusal(&wire.Error{Kind: wire.Invalid, Message: fmt.Sprintf("this server knows no operation %q", op.Name)})
}

// answered carries out an operation that takes an In and answers with an Out.
func answered[In, Out any](h *host, ctx context.Context, op wire.Op, do func(context.Context, In) (Out, error)) wire.Reply {
	var in In
	if len(op.Body) > 0 {
		if err := json.Unmarshal(op.Body, &in); err != nil {
			return refusal(&wire.Error{Kind: wire.Invalid, Message: fmt.Sprintf("%s: %v", op.Name, err)})
		}
	}
	out, err := do(ctx, in)
	if err != nil {
		return refusal(h.onWire(ctx, op.Name, err))
	}
	body, err := json.Marshal(out)
	if err != nil {
		return refusal(h.onWire(ctx, op.Name, err))
	}
	return wire.Reply{Body: body}
}

// done carries out an operation that answers with nothing.
func done[In any](h *host, ctx context.Context, op wire.Op, do func(context.Context, In) error) wire.Reply {
	r := answered(h, ctx, op, func(ctx context.Context, in In) (struct{}, error) { return struct{}{}, do(ctx, in) })
	r.Body = nil
	return r
}

func refusal(err *wire.Error) wire.Reply { return wire.Reply{Error: err} }

// onWire tells code of an error. What is the server's own affair is logged, not told.
func (h *host) onWire(ctx context.Context, op wire.OpName, err error) *wire.Error {
	var told *wire.Error
	switch {
	case errors.As(err, &told):
		return told
	case ctx.Err() != nil:
		return ended(ctx)
	}
	switch core.KindOf(err) {
	case core.Invalid, core.Conflict:
		return &wire.Error{Kind: wire.Invalid, Message: err.Error()}
	case core.NotFound:
		return &wire.Error{Kind: wire.NotFound, Message: err.Error()}
	case core.Forbidden, core.Unauthorized:
		return &wire.Error{Kind: wire.Denied, Message: err.Error()}
	case core.TooLarge:
		return &wire.Error{Kind: wire.TooLarge, Message: err.Error()}
	case core.Unavailable, core.TooMany:
		return &wire.Error{Kind: wire.Failed, Message: err.Error()}
	}
	h.l.Log.Error("an operation of a pack's code failed", "pack", h.pack, "execution", h.execution, "operation", op, "error", err)
	return &wire.Error{Kind: wire.Failed, Message: "internal error"}
}

// ended tells why ctx is done.
func ended(ctx context.Context) *wire.Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &wire.Error{Kind: wire.TimedOut, Message: "the deadline has passed"}
	}
	return &wire.Error{Kind: wire.Canceled, Message: "the call was ended"}
}

// nothing is the body of operations that take none.
type nothing struct{}

func (h *host) config(ctx context.Context, _ nothing) (json.RawMessage, error) {
	s, err := h.l.settings(ctx, h.pack, h.user)
	for _, secret := range s.Secrets {
		h.secrets.add(secret)
	}
	return s.Values, err
}

// settings is a pack's configuration, {} for none.
func (l *Loader) settings(ctx context.Context, pack, user string) (Settings, error) {
	s, err := l.Settings(ctx, pack, user)
	if err == nil && len(s.Values) == 0 {
		s.Values = json.RawMessage("{}")
	}
	return s, err
}

func (h *host) request(ctx context.Context, r wire.HTTP) (wire.HTTPReply, error) {
	granted, err := h.l.Grant(ctx, h.pack)
	if err != nil {
		return wire.HTTPReply{}, err
	}
	client, err := h.l.clients.of(h.pack, granted)
	if err != nil {
		return wire.HTTPReply{}, err
	}
	reply, refused := client.Do(ctx, r)
	if refused != nil {
		return reply, refused
	}
	return reply, nil
}

func (h *host) clock(context.Context, nothing) (wire.Clock, error) {
	return wire.Clock{UnixNano: h.l.Now().UnixNano()}, nil
}

func (h *host) sleep(ctx context.Context, s wire.Sleep) error {
	t := time.NewTimer(time.Duration(s.Nanoseconds))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ended(ctx)
	case <-t.C:
		return nil
	}
}
