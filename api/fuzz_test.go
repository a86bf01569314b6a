package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/petrelhq/petrel/api"
)

// FuzzWebhookBody: what is taken is JSON in UTF-8 and unchanged; nothing panics.
func FuzzWebhookBody(f *testing.F) {
	for _, seed := range []string{``, `{}`, `[1,2.50]`, `{"a":"\ud800"}`, `{"a":{"b":[[]]}}`, `"\"`, "\xff", strings.Repeat("[", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		raw, err := api.CheckedJSON([]byte(body))
		if err != nil || len(raw) == 0 {
			return
		}
		if !json.Valid(raw) || !utf8.Valid(raw) || string(raw) != body {
			t.Errorf("%q was taken as %q", body, raw)
		}
	})
}

// FuzzPath: the one form of a path is its own one form, unless it decodes further.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/api/v1/x/", "/", "", "/auth/v1/tokens", "/stream/v1/stream", "/%zz", "/v1/v1", "/actionexecutions/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, err := api.Canonical(path)
		if err == nil && got == "" {
			t.Errorf("%q became nothing", path)
		}
	})
}

// FuzzQuery sends any query to the lists with the most parameters: never a 500.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"limit=-1", "id=a,b", "timestamp=2020-01-01T00:00:00Z..x", "filter=a:b c", "sort=-timestamp", "include_attributes=action.ref", "rule=null", "%", "a=%zz"} {
		f.Add(seed)
	}
	w := newWorld(f, nil)
	f.Fuzz(func(t *testing.T, query string) {
		w.t = t
		if _, err := url.Parse("/?" + query); err != nil || strings.Contains(query, "#") {
			return // no client can send it
		}
		for _, path := range []string{"/v1/executions?", "/v1/triggerinstances?", "/v1/rules?"} {
			if got := w.send("GET", path+query, ""); got.status >= 500 {
				t.Errorf("%s%s: %d %s", path, query, got.status, got.body)
			}
		}
	})
}
