package plugintest

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/petrelhq/petrel/sdk/sdktest"
	"github.com/petrelhq/petrel/sdk/wire"
)

// A host is for one Call or Watch, as every Host: whoever asks it later than that has been
// left running.
type host struct {
	*sdktest.Host
	s       *subject
	instead map[wire.OpName]answering

	mu        sync.Mutex
	under     int // questions under way
	dismissed bool
}

// answering takes the place of what a host does.
type answering func(ctx context.Context, op wire.Op) wire.Reply

// host makes a host that allows everything.
func (s *subject) host(options ...sdktest.Option) *host {
	return &host{Host: sdktest.NewHost(s, options...), s: s, instead: map[wire.OpName]answering{}}
}

// on makes a host answer an op differently.
func (h *host) on(name wire.OpName, a answering) *host {
	h.instead[name] = a
	return h
}

// denying is a host that refuses one op.
func (s *subject) denying(name wire.OpName, kind wire.Kind) *host {
	return s.host().on(name, func(context.Context, wire.Op) wire.Reply {
		return wire.Reply{Error: &wire.Error{Kind: kind, Message: "no " + string(name) + " for you"}}
	})
}

// Do answers one question.
func (h *host) Do(ctx context.Context, op wire.Op) wire.Reply {
	h.enter(op)
	defer h.leave()
	if a, ok := h.instead[op.Name]; ok {
		return a(ctx, op)
	}
	return h.Host.Do(ctx, op)
}

func (h *host) enter(op wire.Op) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dismissed {
		h.s.Errorf("%s is asked for after the plugin has returned", op.Name)
	}
	h.under++
}

func (h *host) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.under--
}

// dismiss is for when the plugin has returned.
func (h *host) dismiss() {
	h.s.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.under > 0 {
		h.s.Errorf("%d questions to the host are under way after the plugin has returned", h.under)
	}
	h.dismissed = true
}

// waiting is a host whose sleep lasts until it is released or the request ends; asleep
// receives when the code sleeps.
func (s *subject) waiting() (h *host, asleep <-chan struct{}, release func()) {
	begun, end := make(chan struct{}, 1), make(chan struct{})
	h = s.host().on(wire.OpSleep, func(ctx context.Context, _ wire.Op) wire.Reply {
		begun <- struct{}{}
		select {
		case <-end:
			return wire.Reply{}
		case <-ctx.Done():
			return wire.Reply{Error: &wire.Error{Kind: wire.Canceled, Message: "woken"}}
		}
	})
	return h, begun, sync.OnceFunc(func() { close(end) })
}

// logging is a host that tells of each line logged.
func (s *subject) logging() (h *host, lines <-chan string) {
	logged := make(chan string, 64)
	h = s.host()
	return h.on(wire.OpLog, func(ctx context.Context, op wire.Op) wire.Reply {
		var l wire.Log
		if err := json.Unmarshal(op.Body, &l); err != nil {
			s.Errorf("a log line %s: %v", op.Body, err)
		}
		logged <- l.Message
		return h.Host.Do(ctx, op)
	}), logged
}

// site is a web server for tests of HTTP.
func site() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_ = r.Write(w)
	})
	m.Handle("GET /moved", http.RedirectHandler("https://other.example/found?q=ü", http.StatusFound))
	m.HandleFunc("GET other.example/found", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("found " + r.FormValue("q") + r.Header.Get("X-Specimen")))
	})
	return m
}
