package execution_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// TestParameters follows parameters from what a rule says to what the runner gets.
func TestParameters(t *testing.T) {
	cases := []struct {
		name    string
		given   string
		trigger string
		stored  string // JSON; "" for an error
		called  map[string]any
		fails   string
	}{
		{
			name: "nothing given: only defaults with templates are stored", given: ``,
			stored: `{"text":"localhost:None"}`,
			called: map[string]any{"host": "localhost", "text": "localhost:None", "fixed": "f"},
		},
		{
			name: "a default sees what was given", given: `{"host": "h", "n": 3}`,
			stored: `{"host":"h","n":3,"text":"h:3"}`,
			called: map[string]any{"host": "h", "n": int64(3), "text": "h:3", "fixed": "f"},
		},
		{
			name: "the payload, cast to the parameter's type", given: `{"n": "{{ trigger.body.count }}", "host": "{{ trigger.body.host | upper }}", "text": "t"}`,
			trigger: `{"body": {"count": 7, "host": "web1"}}`,
			stored:  `{"host":"WEB1","n":7,"text":"t"}`,
			called:  map[string]any{"host": "WEB1", "n": int64(7), "text": "t", "fixed": "f"},
		},
		{
			name: "parameters mention one another in any order", given: `{"text": "{{ host }}!", "host": "{{ n }}-x", "n": 4}`,
			stored: `{"host":"4-x","n":4,"text":"4-x!"}`,
			called: map[string]any{"host": "4-x", "n": int64(4), "text": "4-x!", "fixed": "f"},
		},
		{
			name: "a circle is refused", given: `{"text": "{{ host }}", "host": "{{ text }}"}`,
			fails: "in a circle",
		},
		{
			name: "an undefined name is refused", given: `{"text": "{{ trigger.body.nothing }}"}`, trigger: `{"body": {}}`,
			fails: `Failed to render parameter "text"`,
		},
		{
			name:  "lists and objects: a lone name keeps its type, quotes in data break nothing",
			given: `{"list": ["{{ n }}", "n={{ n }}", "{{ trigger.q }}"], "all": {"k": "{{ trigger }}"}, "n": 5, "text": "t"}`, trigger: `{"q": "say \"hi\""}`,
			stored: `{"all":{"k":{"q":"say \"hi\""}},"list":[5,"n=5","say \"hi\""],"n":5,"text":"t"}`,
			called: map[string]any{"host": "localhost", "n": int64(5), "text": "t", "fixed": "f",
				"list": []any{int64(5), "n=5", `say "hi"`}, "all": map[string]any{"k": map[string]any{"q": `say "hi"`}}},
		},
		{
			name: "what comes from outside is never a template", given: `{"host": "{{ trigger.evil }}", "text": "({{ host }})"}`, trigger: `{"evil": "{{ 7 * 7 }}"}`,
			stored: `{"host":"{{ 7 * 7 }}","text":"({{ 7 * 7 }})"}`,
			called: map[string]any{"host": "{{ 7 * 7 }}", "text": "({{ 7 * 7 }})", "fixed": "f"},
		},
		{
			name: "an object rendered to text is read back", given: `{"all": "{{ trigger.body }}", "text": "t"}`, trigger: `{"body": {"a": [1, true, null], "b": "it's"}}`,
			stored: `{"all":{"a":[1,true,null],"b":"it's"},"text":"t"}`,
			called: map[string]any{"host": "localhost", "text": "t", "fixed": "f", "all": map[string]any{"a": []any{int64(1), true, nil}, "b": "it's"}},
		},
		{
			name: "no valid template is literal text", given: `{"text": "{{ broken"}`,
			stored: `{"text":"{{ broken"}`,
			called: map[string]any{"host": "localhost", "text": "{{ broken", "fixed": "f"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			calls := make(chan core.Call, 1)
			w := newWorld(t, map[string]core.Runner{"plain": runner(func(_ context.Context, call core.Call) (core.Result, error) {
				calls <- call
				return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
			})}, nil)
			w.start()
			x, err := w.ask(core.Request{Action: "test.plain", Parameters: json.RawMessage(c.given), Trigger: json.RawMessage(c.trigger)})
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Fatalf("error %v, want %q", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(x.Parameters) != c.stored {
				t.Errorf("stored %s, want %s", x.Parameters, c.stored)
			}
			call := <-calls
			for name, v := range call.Params {
				if v == nil {
					delete(call.Params, name)
				}
			}
			if !reflect.DeepEqual(call.Params, c.called) {
				t.Errorf("called with %v, want %v", call.Params, c.called)
			}
			if call.RunnerParams["timeout"] != int64(60) {
				t.Errorf("runner parameters %v, want timeout 60", call.RunnerParams)
			}
		})
	}
}

// ask requests and commits, also what a failing template leaves behind.
func (w *world) ask(r core.Request) (x *core.Execution, err error) {
	w.update(func(tx *store.Tx) error {
		x, err = w.engine.Request(w.t.Context(), tx, r)
		if errors.Is(err, store.ErrConflict) {
			return err
		}
		return nil
	})
	return x, err
}

func TestSecretsAreMasked(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	x, err := w.ask(core.Request{Action: "test.plain", Parameters: json.RawMessage(`{"password": "hunter2", "text": "t"}`)})
	if err != nil {
		t.Fatal(err)
	}
	masked, err := w.engine.MaskedParameters(t.Context(), x)
	if err != nil || string(masked) != `{"password":"********","text":"t"}` {
		t.Errorf("masked as %s, %v", masked, err)
	}
}

// TestDelayHasAnEnd: what is put off for longer than can be counted would begin at once.
func TestDelayHasAnEnd(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	tx := w.store.Begin()
	_, err := w.engine.Request(t.Context(), tx, core.Request{Action: "test.plain", Delay: core.MaxDelay.Milliseconds() + 1})
	if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "delay") {
		t.Errorf("error %v, want Invalid, of the delay", err)
	}
}
