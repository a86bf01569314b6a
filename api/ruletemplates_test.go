package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestARuleWhoseTemplatesFailStopsNobody: the event reaches the other rules at once, and
// what became of the failing rule can be looked up.
func TestARuleWhoseTemplatesFailStopsNobody(t *testing.T) {
	w := newWorld(t, nil)
	for name, message := range map[string]string{"broken": "{{ trigger.body.missing }}", "fine": "{{ trigger.body.there }}"} {
		w.ok(http.StatusCreated, nil, "POST", "/v1/rules", `{"pack":"test","name":"`+name+`","enabled":true,
			"trigger":{"type":"core.st2.webhook","parameters":{"url":"x"}},
			"action":{"ref":"test.echo","parameters":{"message":"`+message+`"}}}`)
	}
	w.ok(http.StatusAccepted, nil, "POST", "/v1/webhooks/x", `{"there":"yes"}`)
	began := time.Now()

	w.awaitRule("test.fine")
	w.awaitRule("test.broken")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the other rule waited %v", took)
	}
	got := w.send("GET", "/v1/ruleenforcements?rule_ref=test.broken", "")
	if !strings.Contains(got.body, "Failed to render parameter") {
		t.Errorf("enforcement: %s", got.body)
	}
}
