package sdktest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Host is a host in memory that allows everything. It may be used from many goroutines at
// once.
type Host struct {
	t      testing.TB
	config json.RawMessage
	web    func(ctx context.Context, r wire.HTTP) wire.Reply
	run    func(action string, params json.RawMessage) (any, error)

	mu       sync.Mutex
	now      time.Time
	keys     map[string]kept
	secrets  map[string]string
	logs     []wire.Log
	output   []wire.Output
	progress []wire.Progress
	ran      int

	sensor     string // whose turn began last
	events     []wire.Event
	cursors    map[string]json.RawMessage // by sensor
	triggers   []wire.Trigger
	generation uint64
	changed    chan struct{} // closed when the set of triggers is another
}

// NewHost makes a Host. What the pack asks for and nobody has provided fails t.
func NewHost(t testing.TB, options ...Option) *Host {
	h := &Host{
		t: t, config: json.RawMessage("{}"), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		keys: map[string]kept{}, secrets: map[string]string{},
		cursors: map[string]json.RawMessage{}, generation: 1, changed: make(chan struct{}),
	}
	for _, o := range options {
		o(h)
	}
	return h
}

// Do answers one question of the pack.
func (h *Host) Do(ctx context.Context, op wire.Op) wire.Reply {
	if ctx.Err() != nil {
		return refuse(wire.Canceled, "%v", context.Cause(ctx))
	}
	switch op.Name {
	case wire.OpLog:
		return note(h, op, &h.logs)
	case wire.OpOutput:
		return note(h, op, &h.output)
	case wire.OpProgress:
		return note(h, op, &h.progress)
	case wire.OpConfig:
		return wire.Reply{Body: h.config}
	case wire.OpKV:
		return with(op, h.keep)
	case wire.OpSecret:
		return with(op, h.secret)
	case wire.OpHTTP:
		return with(op, func(r wire.HTTP) wire.Reply { return h.fetch(ctx, r) })
	case wire.OpEmit:
		return with(op, h.store)
	case wire.OpTriggers:
		return with(op, func(a wire.Triggers) wire.Reply { return h.current(ctx, a) })
	case wire.OpRun:
		return with(op, h.runs)
	case wire.OpClock:
		return answer(wire.Clock{UnixNano: h.Now().UnixNano()})
	case wire.OpSleep:
		return with(op, func(s wire.Sleep) wire.Reply { return h.sleep(time.Duration(s.Nanoseconds)) })
	}
	return refuse(wire.Invalid, "the host knows no op %q", op.Name)
}

// with answers an op whose body is an A.
func with[A any](op wire.Op, do func(A) wire.Reply) wire.Reply {
	var a A
	if err := json.Unmarshal(op.Body, &a); err != nil {
		return refuse(wire.Invalid, "%s: %v", op.Name, err)
	}
	return do(a)
}

// note adds the op's body to a list.
func note[A any](h *Host, op wire.Op, list *[]A) wire.Reply {
	return with(op, func(a A) wire.Reply {
		h.mu.Lock()
		defer h.mu.Unlock()
		*list = append(*list, a)
		return wire.Reply{}
	})
}

func (h *Host) sleep(d time.Duration) wire.Reply {
	h.Advance(d)
	return wire.Reply{}
}

func (h *Host) secret(s wire.Secret) wire.Reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	value, ok := h.secrets[s.Name]
	if !ok {
		return refuse(wire.NotFound, "no secret %q: give Run sdktest.Secrets", s.Name)
	}
	return answer(wire.SecretReply{Value: value})
}

func (h *Host) fetch(ctx context.Context, r wire.HTTP) wire.Reply {
	if h.web == nil {
		h.t.Errorf("the pack asks for %s %s: give Run sdktest.Site or sdktest.Recorded", r.Method, r.URL)
		return refuse(wire.Failed, "nobody answers HTTP requests here")
	}
	return h.web(ctx, r)
}

func (h *Host) runs(r wire.Run) wire.Reply {
	if h.run == nil {
		h.t.Errorf("the pack runs the action %s: give Run sdktest.Runs", r.Action)
		return refuse(wire.Failed, "nobody runs actions here")
	}
	result, err := h.run(r.Action, r.Params)
	status := "succeeded"
	if err != nil {
		status, result = "failed", map[string]string{"error": err.Error()}
	}
	raw, err := json.Marshal(result)
	if err != nil {
		h.t.Errorf("the result of %s: %v", r.Action, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ran++
	return answer(wire.RunReply{ID: fmt.Sprintf("ran%d", h.ran), Status: status, Result: raw})
}

// Now is the time that the pack sees.
func (h *Host) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// Advance lets time go by, as the pack's own sleeping does.
func (h *Host) Advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// Logs are the lines logged so far.
func (h *Host) Logs() []wire.Log {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.logs)
}

// Progress is what was told so far.
func (h *Host) Progress() []wire.Progress {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.progress)
}

// Output is the text printed so far on a stream, stdout or stderr.
func (h *Host) Output(stream string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var text strings.Builder
	for _, o := range h.output {
		if o.Stream == stream {
			text.WriteString(o.Text)
		}
	}
	return text.String()
}

// answer is a Reply with a body.
func answer(body any) wire.Reply {
	raw, err := json.Marshal(body)
	if err != nil {
		return refuse(wire.Failed, "%v", err)
	}
	return wire.Reply{Body: raw}
}

func refuse(kind wire.Kind, format string, args ...any) wire.Reply {
	return wire.Reply{Error: &wire.Error{Kind: kind, Message: fmt.Sprintf(format, args...)}}
}
