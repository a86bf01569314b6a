package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

type timerJSON struct {
	ID     string          `json:"id"`
	Ref    string          `json:"ref"`
	Type   string          `json:"type"`
	Next   []string        `json:"next_firings"`
	Last   string          `json:"last_firing"`
	Params json.RawMessage `json:"parameters"`
}

// withTimers is a world that knows the timer types.
func withTimers(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.update(func(tx *store.Tx) error {
		for _, name := range []string{"st2.IntervalTimer", "st2.CronTimer", "st2.DateTimer"} {
			tt := &core.TriggerType{Pack: "core", Name: name, Parameters: map[string]any{"type": "object"}}
			if err := w.router.Declare(t.Context(), tx, tt); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func timerRule(name, typeRef, parameters string) string {
	return `{"name":"` + name + `","pack":"test","trigger":{"type":"` + typeRef + `","parameters":` + parameters + `},"action":{"ref":"test.echo"}}`
}

func TestTimersTellTheirNextFirings(t *testing.T) {
	w := withTimers(t)
	w.ok(201, nil, "POST", "/v1/rules", timerRule("tick", "core.st2.IntervalTimer", `{"unit":"hours","delta":2}`))
	w.ok(201, nil, "POST", "/v1/rules", timerRule("nightly", "core.st2.CronTimer", `{"hour":"3","timezone":"Europe/Berlin"}`))
	var timers []timerJSON
	w.ok(200, &timers, "GET", "/v1/timers", "")
	if len(timers) != 2 || timers[0].Type != "core.st2.IntervalTimer" || string(timers[0].Params) != `{"delta":2,"unit":"hours"}` {
		t.Fatalf("timers: %+v", timers)
	}
	var before time.Time
	for i, text := range timers[0].Next {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || i > 0 && at.Sub(before) != 2*time.Hour {
			t.Errorf("next firings %v, %v", timers[0].Next, err)
		}
		before = at
	}
	if len(timers[0].Next) != 5 || timers[0].Last != "" {
		t.Errorf("%+v", timers[0])
	}
	for _, name := range []string{timers[1].ID, timers[1].Ref} {
		var one timerJSON
		w.ok(200, &one, "GET", "/v1/timers/"+name, "")
		if one.ID != timers[1].ID || len(one.Next) != 5 {
			t.Errorf("%s: %+v", name, one)
		}
	}
	w.ok(200, &timers, "GET", "/v1/timers?timer_type=core.st2.CronTimer", "")
	if len(timers) != 1 || timers[0].Type != "core.st2.CronTimer" {
		t.Errorf("by type: %+v", timers)
	}
}

func TestTimersSayWhatIsWrong(t *testing.T) {
	w := withTimers(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/v1/timers?timer_type=SunTimer", "", 400, "Timer type SunTimer not in supported types - ['core.st2.IntervalTimer', 'core.st2.DateTimer', 'core.st2.CronTimer']."},
		{"GET", "/v1/timers/test.alarm", "", 404, "test.alarm"},
		{"GET", "/v1/timers/nope", "", 404, "nope"},
		{"POST", "/v1/rules", timerRule("r", "core.st2.IntervalTimer", `{"unit":"hours","delta":0}`), 400, "trigger.parameters.delta 0 lets no time pass"},
		{"POST", "/v1/rules", timerRule("r", "core.st2.CronTimer", `{"hour":3,"timezone":"Europe/Brelin"}`), 400, "trigger.parameters.timezone"},
		{"POST", "/v1/rules", timerRule("r", "core.st2.CronTimer", `{"hour":"noon"}`), 400, "trigger.parameters.hour"},
		{"POST", "/v1/rules", timerRule("r", "core.st2.DateTimer", `{"date":"soon"}`), 400, "trigger.parameters.date"},
		{"POST", "/v1/triggers", `{"name":"n","pack":"test","type":"core.st2.CronTimer","parameters":{"hour":"noon"}}`, 400, "trigger.parameters.hour"},
	} {
		got := w.send(c.method, c.path, c.body)
		if got.status != c.status || !strings.Contains(unescape(got.body), c.want) {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, got.status, got.body, c.status, c.want)
		}
	}
}

// TestTriggersTakeTheirTimerAlong removes a timer that no rule has asked for.
func TestTriggersTakeTheirTimerAlong(t *testing.T) {
	w := withTimers(t)
	w.ok(201, nil, "POST", "/v1/triggers", `{"name":"once","pack":"test","type":"core.st2.CronTimer","parameters":{"year":2020}}`)
	var one timerJSON
	w.ok(200, &one, "GET", "/v1/timers/test.once", "")
	if one.Next == nil || len(one.Next) != 0 {
		t.Errorf("the next firings of a year that has passed: %v", one.Next)
	}
	w.ok(204, nil, "DELETE", "/v1/triggers/test.once", "")
	w.ok(404, nil, "GET", "/v1/timers/test.once", "")
}
