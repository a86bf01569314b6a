package plugins_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

func TestCallCarriesEverything(t *testing.T) {
	w := newWorld(t)
	w.settings.Values = json.RawMessage(`{"url":"u"}`)
	var got wire.Call
	w.does(func(_ context.Context, c wire.Call, _ plugins.Host) (wire.Result, error) {
		got = c
		return wire.Result{Value: json.RawMessage(`{"greeting":"hello x"}`)}, nil
	})
	status, s := w.run(t.Context())
	if status != core.Succeeded || s.ExitCode != 0 || fmt.Sprint(s.Result) != "map[greeting:hello x]" {
		t.Errorf("%s %+v", status, s)
	}
	if got.ID != "e1" || got.Action != "greet" || got.Pack != "hello" || string(got.Params) != `{"name":"x"}` ||
		string(got.Config) != `{"url":"u"}` || got.User != "ada" || got.Deadline.IsZero() {
		t.Errorf("called with %+v", got)
	}
}

func TestResults(t *testing.T) {
	canceled := &wire.Error{Kind: wire.Canceled, Message: "ended"}
	for name, c := range map[string]struct {
		result wire.Result
		err    error
		cause  error // why the context ends during the call
		status core.Status
		want   string
	}{
		"value":        {result: wire.Result{Value: json.RawMessage(`5`)}, status: core.Succeeded, want: `{"exit_code":0,"result":5,"stdout":"","stderr":""}`},
		"no value":     {status: core.Succeeded, want: `{"exit_code":0,"result":null,"stdout":"","stderr":""}`},
		"html":         {result: wire.Result{Value: json.RawMessage(`"<a>"`)}, status: core.Succeeded, want: `{"exit_code":0,"result":"<a>","stdout":"","stderr":""}`},
		"failed":       {result: wire.Result{Error: &wire.Error{Kind: wire.Failed, Message: "no luck", Trace: "at 1\n"}}, status: core.Failed, want: `{"exit_code":1,"result":"None","stdout":"","stderr":"no luck\nat 1\n","error":"no luck"}`},
		"failed, says": {result: wire.Result{Value: json.RawMessage(`{"a":1}`), Error: &wire.Error{Message: "no luck"}}, status: core.Failed, want: `{"exit_code":1,"result":{"a":1},"stdout":"","stderr":"no luck\n","error":"no luck"}`},
		"times out":    {result: wire.Result{Error: &wire.Error{Kind: wire.TimedOut, Message: "a request did"}}, status: core.Failed, want: `{"exit_code":1,"result":"None","stdout":"","stderr":"a request did\n","error":"a request did"}`},
		"broken":       {err: &wire.Error{Kind: wire.Broken, Message: "trap"}, status: core.Failed, want: `{"exit_code":1,"result":"None","stdout":"","stderr":"trap\n","error":"trap"}`},
		"canceled":     {err: canceled, cause: core.ErrCanceled, status: core.Canceled, want: `{"exit_code":-15,"result":"None","stdout":"","stderr":"","error":"canceled by user"}`},
		"drained":      {err: canceled, cause: core.ErrDrained, status: core.Abandoned, want: `{"exit_code":-15,"result":"None","stdout":"","stderr":"","error":"the server is shutting down"}`},
		"late":         {result: wire.Result{Value: json.RawMessage(`1`)}, cause: core.ErrCanceled, status: core.Succeeded, want: `{"exit_code":0,"result":1,"stdout":"","stderr":""}`},
		"deep":         {result: wire.Result{Value: json.RawMessage(strings.Repeat("[", 600) + strings.Repeat("]", 600))}, status: core.Failed, want: `nested too deep`},
		"large":        {result: wire.Result{Value: json.RawMessage(`"` + strings.Repeat("x", 2000) + `"`)}, status: core.Failed, want: `the most is 1500`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *plugins.Config) { c.MaxOutput = 1500 })
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			w.does(func(context.Context, wire.Call, plugins.Host) (wire.Result, error) {
				if c.cause != nil {
					cancel(c.cause)
				}
				return c.result, c.err
			})
			r, err := w.action(ctx)
			if err != nil || r.Status != c.status || !strings.Contains(string(r.Value), c.want) {
				t.Errorf("%s %s, %v", r.Status, r.Value, err)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	w := newWorld(t)
	w.does(func(ctx context.Context, _ wire.Call, h plugins.Host) (wire.Result, error) {
		h.Do(ctx, opOf(wire.OpOutput, wire.Output{Stream: "stdout", Text: "begun"}))
		reply := h.Do(ctx, opOf(wire.OpSleep, wire.Sleep{Nanoseconds: 1 << 60}))
		return wire.Result{}, reply.Error
	})
	status, s := w.run(t.Context(), func(c *core.Call) { c.RunnerParams["timeout"] = 0.02 })
	if status != core.TimedOut || s.ExitCode != -9 || s.Error != "Action failed to complete in 0 seconds" || s.Stdout != "begun" {
		t.Errorf("%s %+v", status, s)
	}
}

func TestActionsThatCannotBeCarriedOut(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func()
		runner string
		part   string
	}{
		"no such pack": {func() { w.pack = nil }, core.RuntimeWASM, "no pack hello"},
		"no runtime":   {func() { w.pack = &core.Pack{Ref: "hello"} }, core.RuntimeWASM, "has no code"},
		"other runner": {func() { w.pack = &core.Pack{Ref: "hello", Runtime: &core.Runtime{Type: core.RuntimeProcess}} }, core.RuntimeWASM, `have the runner "plugin"`},
		"no carrier":   {func() { w.pack = &core.Pack{Ref: "hello", Digest: "d", Runtime: &core.Runtime{Type: "jvm"}} }, "jvm", "no carrier"},
		"no file": {func() {
			w.pack = &core.Pack{Ref: "hello", Runtime: &core.Runtime{Type: core.RuntimeWASM, Module: "b.wasm"}}
		}, core.RuntimeWASM, "petrel pack build"},
		"does not open": {func() {
			w.pack = &core.Pack{Ref: "hello", Runtime: &core.Runtime{Type: core.RuntimeWASM}}
			w.openErr = errors.New("no module")
		}, core.RuntimeWASM, "no module"},
	} {
		t.Run(name, func(t *testing.T) {
			w.change(c.change)
			r := w.loader.Runners()[core.RuntimeWASM]
			_, err := r.Run(t.Context(), core.Call{Action: &core.Action{Pack: "hello", Name: "greet", Runner: c.runner}, Output: &printedOutput{}})
			if err == nil || !strings.Contains(err.Error(), c.part) {
				t.Errorf("got %v, want %q", err, c.part)
			}
		})
	}
}

// An action with an entry point is a WASI command in the pack's folder actions.
func TestCommands(t *testing.T) {
	w := newWorld(t)
	w.change(func() { w.pack = &core.Pack{Ref: "hello", Digest: "d"} })
	var got plugins.Code
	w.loader.Carriers[core.RuntimeWASM] = func(ctx context.Context, c plugins.Code) (plugins.Plugin, error) {
		got = c
		return w.open(ctx, c)
	}
	w.does(func(context.Context, wire.Call, plugins.Host) (wire.Result, error) { return wire.Result{}, nil })
	if _, err := w.action(t.Context(), func(c *core.Call) { c.Action.EntryPoint = "greet.wasm" }); err != nil {
		t.Fatal(err)
	}
	if got.Runtime.Module != "actions/greet.wasm" || got.Pack != "hello" || got.Dir != w.dir {
		t.Errorf("opened %+v", got)
	}
}

func TestLogAndOutput(t *testing.T) {
	w := newWorld(t)
	w.does(func(ctx context.Context, _ wire.Call, h plugins.Host) (wire.Result, error) {
		for _, op := range []wire.Op{
			opOf(wire.OpLog, wire.Log{Level: "debug", Message: "quiet"}),
			opOf(wire.OpLog, wire.Log{Level: "info", Message: "loud", Fields: map[string]any{"b": 1, "a": "x y", "c": []int{1}}}),
			opOf(wire.OpOutput, wire.Output{Stream: "stdout", Text: "out\n"}),
			opOf(wire.OpOutput, wire.Output{Stream: "stderr", Text: "err\n"}),
			opOf(wire.OpProgress, wire.Progress{Fraction: 0.5, Message: "half"}),
		} {
			if r := h.Do(ctx, op); r.Error != nil {
				t.Errorf("%s: %v", op.Name, r.Error)
			}
		}
		return wire.Result{}, nil
	})
	out := &printedOutput{}
	_, s := w.run(t.Context(), func(c *core.Call) { c.RunnerParams["log_level"], c.Output = "INFO", out })
	want := "hello.greet : INFO     loud a=\"x y\" b=1 c=[1]\nerr\nhello.greet : INFO     progress 50%: half\n"
	if s.Stderr != want || s.Stdout != "out\n" || out.stderr.String() != want || out.stdout.String() != "out\n" {
		t.Errorf("printed %q and %q", s.Stdout, s.Stderr)
	}
	w.refused(wire.OpLog, wire.Log{Level: "loud"}, wire.Invalid, "level")
	w.refused(wire.OpOutput, wire.Output{Stream: "x"}, wire.Invalid, "stream")
	w.refused(wire.OpProgress, wire.Progress{Fraction: 1.5}, wire.Invalid, "fraction")
	w.refused("dance", nil, wire.Invalid, "dance")
	w.refused(wire.OpLog, []int{1}, wire.Invalid, "log")
	w.refused(wire.OpTriggers, wire.Triggers{}, wire.Invalid, "sensors")
}

func TestTooManyLogLines(t *testing.T) {
	w := newWorld(t)
	w.does(func(ctx context.Context, _ wire.Call, h plugins.Host) (wire.Result, error) {
		h.Do(ctx, opOf(wire.OpLog, wire.Log{Level: "info", Message: strings.Repeat("x", 9<<10)}))
		for range 1499 {
			h.Do(ctx, opOf(wire.OpLog, wire.Log{Level: "info", Message: "x"}))
		}
		return wire.Result{}, nil
	})
	_, s := w.run(t.Context())
	if n := strings.Count(s.Stderr, "\n"); n != 1001 || !strings.Contains(s.Stderr, "500 log lines were dropped") {
		t.Errorf("%d lines", n)
	}
	if first, _, _ := strings.Cut(s.Stderr, "\n"); len(first) > 8<<10+100 {
		t.Errorf("a line of %d bytes", len(first))
	}
}

// What was told in confidence does not show, wherever it is cut.
func TestSecretsDoNotShow(t *testing.T) {
	const password = `pa"ss<wörd>`
	w := newWorld(t)
	w.keys["hello.password"] = plugins.Key{Value: password, Secret: true}
	w.settings = plugins.Settings{Values: json.RawMessage(`{"token":"t0ken-t0ken"}`), Secrets: []string{"t0ken-t0ken"}}
	w.does(func(ctx context.Context, _ wire.Call, h plugins.Host) (wire.Result, error) {
		r := h.Do(ctx, opOf(wire.OpSecret, wire.Secret{Name: "hello.password"}))
		if string(r.Body) == "" {
			t.Errorf("no secret: %v", r.Error)
		}
		for _, c := range "it is " + password + ", t0ken-t0ken, pa\"ss and more" {
			h.Do(ctx, opOf(wire.OpOutput, wire.Output{Stream: "stdout", Text: string(c)}))
		}
		h.Do(ctx, opOf(wire.OpLog, wire.Log{Level: "info", Message: "have " + password, Fields: map[string]any{"p": map[string]any{"x": password}}}))
		value, _ := json.Marshal(map[string]any{password: []any{"x" + password + "y", 5, "t0ken-t0ken"}})
		return wire.Result{Value: value, Error: &wire.Error{Message: "bad " + password, Trace: "at " + password}}, nil
	})
	r, err := w.action(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(r.Value), "wörd") || strings.Contains(string(r.Value), "t0ken") {
		t.Errorf("a secret shows: %s", r.Value)
	}
	_, s := w.run(t.Context())
	if s.Stdout != `it is ********, ********, pa"ss and more` || s.Error != "bad ********" || fmt.Sprint(s.Result) != "map[********:[x********y 5 ********]]" {
		t.Errorf("%+v", s)
	}
}

// Code chooses both a secret and what it prints: comparing them has to stay cheap.
func TestMaskingCannotBeMadeSlow(t *testing.T) {
	w := newWorld(t)
	w.does(func(ctx context.Context, _ wire.Call, h plugins.Host) (wire.Result, error) {
		h.Do(ctx, opOf(wire.OpKV, wire.KV{Do: "set", Key: "k", Value: strings.Repeat("a", 1<<20), Secret: true}))
		h.Do(ctx, opOf(wire.OpOutput, wire.Output{Stream: "stdout", Text: strings.Repeat("a", 1<<20-1) + "b"}))
		return wire.Result{}, nil
	})
	begin := time.Now()
	if _, s := w.run(t.Context()); len(s.Stdout) != 1<<20 {
		t.Errorf("%d bytes", len(s.Stdout))
	}
	if took := time.Since(begin); took > 5*time.Second { // it can be minutes
		t.Errorf("it took %s", took)
	}
}

func TestOldestSecretsAreForgotten(t *testing.T) {
	w := newWorld(t)
	w.settings = plugins.Settings{Values: json.RawMessage(`{}`), Secrets: []string{"t0ken-t0ken"}}
	w.does(func(ctx context.Context, _ wire.Call, h plugins.Host) (wire.Result, error) {
		for n := range 1001 {
			h.Do(ctx, opOf(wire.OpKV, wire.KV{Do: "set", Key: "k", Value: fmt.Sprintf("secret%04d", n), Secret: true}))
		}
		return wire.Result{Value: json.RawMessage(`"t0ken-t0ken secret0000 secret0001 secret1000"`)}, nil
	})
	if _, s := w.run(t.Context()); s.Result != "******** secret0000 ******** ********" {
		t.Errorf("%+v", s)
	}
}
