package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/sdktest"
)

// site is a web site whose health the test sets.
type site struct {
	status int
	text   string
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/moved" {
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	w.WriteHeader(s.status)
	_, _ = w.Write([]byte(s.text))
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name    string
		ask     map[string]any
		site    site
		failure string
	}{
		{"any status below 400", nil, site{status: 204}, ""},
		{"an error", nil, site{status: 503}, "it answers 503 Service Unavailable"},
		{"the status asked for", map[string]any{"status": 404}, site{status: 404}, ""},
		{"another status", map[string]any{"status": 200}, site{status: 204}, "it answers 204 No Content"},
		{"the text", map[string]any{"contains": "ok"}, site{status: 200, text: "all ok"}, ""},
		{"no such text", map[string]any{"contains": "ok"}, site{status: 200, text: "out of order"}, `does not contain "ok"`},
		{"redirects are followed", map[string]any{"url": "https://shop.test/moved", "contains": "ok"}, site{status: 200, text: "ok"}, ""},
		{"no URL", map[string]any{"url": "https://sh op"}, site{}, "invalid character"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ask := map[string]any{"url": "https://shop.test/"}
			for name, value := range c.ask {
				ask[name] = value
			}
			out := sdktest.Run(t, pack, sdktest.Site(&c.site)).Action("check", ask)
			if c.failure != "" {
				out.Fails(sdk.Failed, c.failure)
				return
			}
			var a Answer
			if out.Decode(&a); !a.Up || a.Status != c.site.status {
				t.Errorf("got %+v", a)
			}
		})
	}
}

// slow answers after two seconds of the host's clock.
type slow struct{ world *sdktest.World }

func (s *slow) ServeHTTP(http.ResponseWriter, *http.Request) { s.world.Advance(2 * time.Second) }

func TestCheckOfSomethingSlow(t *testing.T) {
	s := &slow{}
	s.world = sdktest.Run(t, pack, sdktest.Site(s))
	s.world.Action("check", map[string]any{"url": "https://shop.test/", "timeout": "1s"}).Fails(sdk.Failed, "it took 2s, longer than 1s")
	var a Answer
	if s.world.Action("check", map[string]any{"url": "https://shop.test/", "timeout": "3s"}).Decode(&a); a.Milliseconds != 2000 {
		t.Errorf("got %+v", a)
	}
}

// config watches one endpoint.
var config = map[string]any{"failures": 2, "endpoints": []any{map[string]any{"name": "shop", "url": "https://shop.test/"}}}

// TestSensor: down after two failures in a row, once; up when it answers again.
func TestSensor(t *testing.T) {
	s := &site{status: 200}
	w := sdktest.Run(t, pack, sdktest.Config(config), sdktest.Site(s))
	for i, step := range []struct {
		status int
		event  string // the one raised
		state  string
	}{
		{200, "", "up"}, {500, "", "failing"}, {200, "", "up"},
		{500, "", "failing"}, {502, "endpoint_down", "down"}, {500, "", "down"},
		{200, "endpoint_up", "up"}, {200, "", "up"},
	} {
		s.status = step.status
		turn := w.Poll("endpoints")
		if turn.Err != nil {
			t.Fatal(turn.Err)
		}
		var raised []string
		for _, e := range turn.Events {
			raised = append(raised, e.Trigger)
			check := map[string]func(*testing.T, json.RawMessage){"endpoint_down": isOutage, "endpoint_up": isRecovery}[e.Trigger]
			check(t, e.Payload)
		}
		if got := strings.Join(raised, " "); got != step.event {
			t.Errorf("look %d raised %q, want %q", i, got, step.event)
		}
		var found States
		w.Action("states", nil).Decode(&found)
		if len(found.Endpoints) != 1 || found.Endpoints[0].State != step.state || found.Endpoints[0].Status != step.status {
			t.Errorf("look %d: states are %+v, want %s", i, found, step.state)
		}
		w.Advance(30 * time.Second)
	}
}

func isOutage(t *testing.T, payload json.RawMessage) {
	var o Outage
	if err := json.Unmarshal(payload, &o); err != nil {
		t.Fatal(err)
	}
	want := Outage{Name: "shop", URL: "https://shop.test/", Error: "it answers 502 Bad Gateway", Status: 502, Failures: 2, Since: o.Since}
	if o != want || o.Since != time.Date(2026, 1, 1, 0, 1, 30, 0, time.UTC) {
		t.Errorf("got %+v", o)
	}
}

func isRecovery(t *testing.T, payload json.RawMessage) {
	var r Recovery
	if err := json.Unmarshal(payload, &r); err != nil {
		t.Fatal(err)
	}
	if r.Name != "shop" || r.Seconds != 90 {
		t.Errorf("got %+v", r)
	}
}

// TestSensorAfterACrash: what was stored is not told again.
func TestSensorAfterACrash(t *testing.T) {
	s := &site{status: 500}
	w := sdktest.Run(t, pack, sdktest.Config(config), sdktest.Site(s))
	w.Poll("endpoints")
	if turn := w.Poll("endpoints"); len(turn.Events) != 1 {
		t.Fatalf("got %+v", turn)
	}
	var stored Cursor
	if !w.Cursor("endpoints", &stored) || !stored["shop"].Down {
		t.Errorf("stored is %+v", stored)
	}
	if turn := w.Poll("endpoints"); len(turn.Events) != 0 || turn.Err != nil {
		t.Errorf("told again: %+v", turn)
	}
}

func TestSensorRefusesTwins(t *testing.T) {
	twins := map[string]any{"endpoints": []any{
		map[string]any{"name": "a", "url": "https://a.test/"}, map[string]any{"name": "a", "url": "https://b.test/"},
	}}
	turn := sdktest.Run(t, pack, sdktest.Config(twins), sdktest.Site(&site{status: 200})).Poll("endpoints")
	if turn.Err == nil || !strings.Contains(turn.Err.Message, `two endpoints called "a"`) {
		t.Errorf("got %+v", turn)
	}
}

func TestStates(t *testing.T) {
	w := sdktest.Run(t, pack, sdktest.Keys(map[string]string{statesKey: `[{"name":"a","state":"up"},{"name":"b","state":"down"}]`}))
	for state, want := range map[string]int{"any": 2, "down": 1, "failing": 0} {
		var got States
		if w.Action("states", map[string]any{"state": state}).Decode(&got); len(got.Endpoints) != want {
			t.Errorf("%s: got %+v", state, got)
		}
	}
	var none States
	if sdktest.Run(t, pack).Action("states", nil).Decode(&none); none.Endpoints == nil || len(none.Endpoints) != 0 {
		t.Errorf("before the first look: %+v", none)
	}
}
