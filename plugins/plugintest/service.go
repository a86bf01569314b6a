package plugintest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/sdktest"
	"github.com/petrelhq/petrel/sdk/wire"
)

var services = []promise{
	{"log, output and progress", talking},
	{"key-value store", keeping},
	{"secret", secrets},
	{"http", fetching},
	{"run", running},
	{"clock and sleep", napping},
	{"refusals", refusals},
	{"many goroutines", crowding},
	{"large replies", largeReplies},
}

func talking(s *subject) {
	h := s.host()
	s.must(h, "talk", params{"message": "grüezi"}, &specimen.Message{})
	s.equal("the log", h.Logs(), []wire.Log{
		{Level: "debug", Message: "looking", Fields: map[string]any{"pack": "specimen"}},
		{Level: "info", Message: "grüezi", Fields: map[string]any{
			"pack": "specimen", "request": map[string]any{"n": 3.0, "took": "2s", "err": "none really"},
		}},
		{Level: "warning", Message: "slow", Fields: map[string]any{"pack": "specimen"}},
		{Level: "error", Message: "broken", Fields: map[string]any{"pack": "specimen"}},
	})
	s.equal("the output", h.Output("stdout")+h.Output("stderr"), "grüezi\nGRÜEZI\n")
	s.equal("the progress", h.Progress(), []wire.Progress{{Fraction: 0.5, Message: "half"}, {Fraction: 1}})
}

func keeping(s *subject) {
	h := s.host(sdktest.Keys(map[string]string{"k": "old"}))
	var got specimen.Kept
	s.must(h, "keep", params{"key": "k"}, &got)
	s.equal("keep", got, specimen.Kept{
		Before: "old", Stored: specimen.Inner{Name: "kept", Count: 7}, Keys: []string{"k", "k.second"}, Gone: true,
	})
	if v, ok := h.Key("k"); !ok || v != `{"name":"kept","count":7}` {
		s.Errorf("the key is %q, %t", v, ok)
	}
	h.Advance(time.Minute)
	if v, ok := h.Key("k"); ok {
		s.Errorf("after its time the key is %q", v)
	}
}

func secrets(s *subject) {
	var got specimen.Message
	s.must(s.host(sdktest.Secrets(map[string]string{"token": "hush"})), "secret", params{"key": "token"}, &got)
	s.equal("secret", got.Message, "hush")
	r := s.failing(s.host(), "secret", params{"key": "other"})
	s.equal("a missing secret", r.Error.Kind, wire.NotFound)
}

func fetching(s *subject) {
	var got specimen.Fetched
	s.must(s.host(sdktest.Site(site())), "fetch", params{"url": "https://one.example/moved"}, &got)
	s.equal("a redirect", got, specimen.Fetched{Status: http.StatusOK, Body: "found üyes", At: "https://other.example/found?q=%c3%bc"})
	s.must(s.host(sdktest.Site(site())), "fetch", params{"url": "http://one.example:81/echo", "body": "sent\x00"}, &got)
	if got.Status != http.StatusCreated || !strings.HasSuffix(got.Body, "sent\x00") || !strings.Contains(got.Body, "Host: one.example:81") {
		s.Errorf("the answer to a POST is %d %q", got.Status, got.Body)
	}
	s.must(s.host(sdktest.Site(site())), "fetch", params{"url": "http://one.example/nowhere"}, &got)
	s.equal("a page that is not there", got.Status, http.StatusNotFound)
}

func running(s *subject) {
	runs := sdktest.Runs(func(action string, p json.RawMessage) (any, error) {
		if action != "core.local" {
			return nil, errors.New("broken")
		}
		return p, nil
	})
	var got specimen.Ran
	s.must(s.host(runs), "run", params{"action": "core.local", "params": params{"cmd": "date"}}, &got)
	s.equal("run", got, specimen.Ran{ID: "ran1", Status: "succeeded", Result: json.RawMessage(`{"cmd":"date"}`)})
	s.must(s.host(runs), "run", params{"action": "core.remote"}, &got)
	s.equal("an action that fails", got, specimen.Ran{ID: "ran1", Status: "failed", Result: json.RawMessage(`{"error":"broken"}`)})
}

func napping(s *subject) {
	began := time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)
	var got specimen.Nap
	s.must(s.host(sdktest.At(began)), "nap", params{"length": "2h"}, &got)
	s.equal("nap", got, specimen.Nap{Began: began, Slept: sdk.Duration(2 * time.Hour)})
}

// refusals are told to the code with their kind, and the code's own words go around them.
func refusals(s *subject) {
	for op, call := range map[wire.OpName]struct {
		action string
		params params
	}{
		wire.OpKV:     {"keep", params{"key": "system:k"}},
		wire.OpSecret: {"secret", params{"key": "token"}},
		wire.OpHTTP:   {"fetch", params{"url": "https://one.example/"}},
		wire.OpRun:    {"run", params{"action": "core.local"}},
		wire.OpSleep:  {"nap", params{"length": "1s"}},
		wire.OpOutput: {"talk", params{"message": "m"}},
	} {
		for _, kind := range []wire.Kind{wire.Denied, wire.TooLarge} {
			r := s.failing(s.denying(op, kind), call.action, call.params)
			if r.Error.Kind != kind || !strings.Contains(r.Error.Message, "no "+string(op)+" for you") {
				s.Errorf("%s refused: %s: %s", op, r.Error.Kind, r.Error.Message)
			}
		}
	}
	for _, op := range []wire.OpName{wire.OpLog, wire.OpProgress} {
		s.must(s.denying(op, wire.Denied), "talk", params{"message": "m"}, &specimen.Message{})
	}
}

func crowding(s *subject) {
	h := s.host()
	s.must(h, "crowd", params{"size": 20}, &specimen.Message{})
	if v, _ := h.Key("crowd.19"); v != "19" {
		s.Errorf("the last key is %q", v)
	}
}

func largeReplies(s *subject) {
	const size = 1 << 20
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("z", size)))
	})
	var got specimen.Fetched
	s.must(s.host(sdktest.Site(page)), "fetch", params{"url": "https://one.example/"}, &got)
	if len(got.Body) != size {
		s.Errorf("the page has %d bytes, want %d", len(got.Body), size)
	}
}
