package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
)

// pythonCall calls an action of runner python-script.
func pythonCall(ref string, params map[string]any) core.Call {
	pack, name, _ := core.SplitRef(ref)
	return core.Call{
		ID: newID(), Action: &core.Action{Pack: pack, Name: name, Runner: "python-script"},
		RunnerParams: map[string]any{"timeout": int64(60), "log_level": "DEBUG"}, Params: params, Output: newOutput(),
	}
}

// withFunction is a python-script runner with one function of the test's own, t.f.
func withFunction(f Function) core.Runner {
	c := testConfig()
	c.Functions = map[string]Function{"t.f": f}
	return runner(c, "python-script")
}

func TestPythonScriptResults(t *testing.T) {
	for name, c := range map[string]struct {
		f      Function
		status core.Status
		want   string
	}{
		"a value": {
			func(context.Context, core.Call) (any, error) {
				return map[string]any{"a": []string{"<b>"}, "n": int64(3)}, nil
			},
			core.Succeeded, `{"exit_code":0,"result":{"a":["<b>"],"n":3},"stdout":"","stderr":""}`,
		},
		"nothing": {
			func(context.Context, core.Call) (any, error) { return nil, nil },
			core.Succeeded, `{"exit_code":0,"result":null,"stdout":"","stderr":""}`,
		},
		"what it prints": {
			func(_ context.Context, c core.Call) (any, error) {
				io.WriteString(c.Output.Stdout(), "5\n")
				newPythonLog(c, "Test").info("%d%%", 10)
				return true, nil
			},
			core.Succeeded, `{"exit_code":0,"result":true,"stdout":"5\n","stderr":"st2.actions.python.Test: INFO     10%\n"}`,
		},
		"an error": {
			func(context.Context, core.Call) (any, error) { return nil, errors.New("no way") },
			core.Failed, `{"exit_code":1,"result":"None","stdout":"","stderr":"no way\n"}`,
		},
		"a value beside an error": {
			func(context.Context, core.Call) (any, error) { return []int{1}, errors.New("half way") },
			core.Failed, `{"exit_code":0,"result":[1],"stdout":"","stderr":"half way\n"}`,
		},
		"a value without a JSON form": {
			func(context.Context, core.Call) (any, error) { return func() {}, nil },
			core.Failed, `{"exit_code":1,"result":"None","stdout":"","stderr":"json: unsupported type: func()\n"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			call := pythonCall("t.f", nil)
			wantResult(t, run(t, t.Context(), withFunction(c.f), call), c.status, c.want)
			if printed := call.Output.(*output).stderr.String(); printed != decode(t, json.RawMessage(c.want))["stderr"] {
				t.Errorf("streamed %q to stderr", printed)
			}
		})
	}
}

func TestPythonScriptEnds(t *testing.T) {
	untilDone := withFunction(func(ctx context.Context, _ core.Call) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	late := pythonCall("t.f", nil)
	late.RunnerParams["timeout"] = 0.02
	wantResult(t, run(t, t.Context(), untilDone, late), core.TimedOut,
		`{"exit_code":-9,"result":"None","stdout":"","stderr":"","error":"Action failed to complete in 0.02 seconds"}`)

	for cause, status := range map[error]core.Status{core.ErrCanceled: core.Canceled, core.ErrDrained: core.Abandoned} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		got := run(t, ctx, untilDone, pythonCall("t.f", nil))
		if got.Status != status || decode(t, got.Value)["exit_code"] != -15.0 {
			t.Errorf("%v: %s %s", cause, got.Status, got.Value)
		}
	}
}

func TestPythonScriptRefuses(t *testing.T) {
	r := runner(testConfig(), "python-script")
	_, err := r.Run(t.Context(), pythonCall("acme.deploy", nil))
	wantError(t, err, core.Unavailable, "Python packs are not supported yet: acme.deploy is written in Python")

	c := pythonCall("core.uuid", nil)
	c.RunnerParams["content_version"] = "abc"
	_, err = r.Run(t.Context(), c)
	wantError(t, err, core.Invalid, "leave the parameter out")
}

func TestPythonLogLevels(t *testing.T) {
	for level, want := range map[string]string{"DEBUG": "DI", "INFO": "I", "WARNING": "", "": "DI"} {
		c := pythonCall("t.f", nil)
		c.RunnerParams["log_level"] = level
		log := newPythonLog(c, "Test")
		log.debug("D")
		log.info("I")
		got := ""
		for line := range strings.Lines(c.Output.(*output).stderr.String()) {
			got += line[len(line)-2 : len(line)-1]
		}
		if got != want {
			t.Errorf("%q: logged %q, want %q", level, got, want)
		}
	}
}

func call(t *testing.T, f Function, params map[string]any) any {
	t.Helper()
	v, err := f(t.Context(), pythonCall("t.f", params))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestUUID(t *testing.T) {
	for kind, version := range map[string]byte{"uuid1": '1', "uuid4": '4', "": '4'} {
		id := call(t, newUUID, map[string]any{"uuid_type": kind}).(string)
		if len(id) != 36 || id[14] != version || id == call(t, newUUID, map[string]any{"uuid_type": kind}) {
			t.Errorf("%q: %q", kind, id)
		}
	}
	_, err := newUUID(t.Context(), pythonCall("core.uuid", map[string]any{"uuid_type": "uuid7"}))
	wantError(t, err, core.Invalid, "uuid1 or uuid4")
}

func TestPause(t *testing.T) {
	var slept time.Duration
	p := pause{func(_ context.Context, d time.Duration) error { slept = d; return nil }}
	if got := call(t, p.call, map[string]any{"max_pause": int64(7)}); got != int64(7) || slept != 7*time.Second {
		t.Errorf("returned %v, slept %v", got, slept)
	}
	seen := map[any]bool{}
	for range 200 {
		v := call(t, p.call, map[string]any{"max_pause": int64(3), "random": true})
		seen[v] = true
		if slept != time.Duration(v.(int64))*time.Second {
			t.Errorf("returned %v, slept %v", v, slept)
		}
	}
	if diff := cmp.Diff(map[any]bool{int64(1): true, int64(2): true, int64(3): true}, seen); diff != "" {
		t.Errorf("random pauses (-want +got):\n%s", diff)
	}
	for _, params := range []map[string]any{{"max_pause": int64(-1)}, {"max_pause": int64(0), "random": true}} {
		_, err := p.call(t.Context(), pythonCall("core.pause", params))
		wantError(t, err, core.Invalid, "max_pause")
	}

	c := pythonCall("core.pause", map[string]any{"max_pause": int64(600)})
	c.RunnerParams["timeout"] = 0.02
	if got := run(t, t.Context(), runner(testConfig(), "python-script"), c); got.Status != core.TimedOut {
		t.Errorf("a pause over the timeout: %s %s", got.Status, got.Value)
	}
}

func TestInjectTrigger(t *testing.T) {
	var got []string
	f := injectTrigger{func(_ context.Context, trigger string, payload json.RawMessage, tag string) error {
		got = []string{trigger, string(payload), tag}
		if trigger == "no.such" {
			return core.Errorf(core.Invalid, "no such trigger")
		}
		return nil
	}}.call
	value, _ := jsonText(call(t, f, map[string]any{"trigger_name": "a.b", "payload": map[string]any{"x": int64(1)}, "trace_tag": "t"}))
	if diff := cmp.Diff([]string{"a.b", `{"x":1}`, "t"}, got); diff != "" || string(value) != `{"payload":{"x":1},"trigger":"a.b"}`+"" {
		t.Errorf("%s\nresult %s", diff, value)
	}
	call(t, f, map[string]any{"trigger": "old.name"})
	if diff := cmp.Diff([]string{"old.name", `{}`, ""}, got); diff != "" {
		t.Error(diff)
	}
	for words, params := range map[string]map[string]any{
		"is missing":      {},
		"give one of":     {"trigger": "a.b", "trigger_name": "a.b"},
		"no such trigger": {"trigger_name": "no.such"},
	} {
		_, err := f(t.Context(), pythonCall("core.inject_trigger", params))
		wantError(t, err, core.Invalid, words)
	}
	_, err := injectTrigger{}.call(t.Context(), pythonCall("core.inject_trigger", nil))
	wantError(t, err, core.Unavailable, "no events")
}
