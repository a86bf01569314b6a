package api_test

import (
	"bytes"
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/api"
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

func TestOnePathForMany(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/executions/":              "/executions",
		"/api/executions":                  "/executions",
		"/v1/actionexecutions/x/re_run":    "/executions/x/re_run",
		"/executions":                      "/executions",
		"/api/v1":                          "/",
		"/v1":                              "/",
		"/":                                "/",
		"/auth/v1/tokens":                  "/tokens",
		"/auth/tokens/validate":            "/tokens/validate",
		"/v1/tokens":                       "/tokens",
		"/auth/v1/executions":              "/auth/v1/executions",
		"/stream/v1/stream":                "/stream",
		"/stream":                          "/stream",
		"/v1/stream":                       "/stream",
		"/api/v1/stream":                   "/stream",
		"/stream/v1/executions/x/output":   "/stream/executions/x/output",
		"/api/v1/webhooks/a/b%2Fc%20d/":    "/webhooks/a/b/c d",
		"/apikeys":                         "/apikeys",
		"/v1beta":                          "/v1beta",
		"/actions/views/overview/core.api": "/actions/views/overview/core.api",
	} {
		if got, err := api.Canonical(path); got != want || err != nil {
			t.Errorf("%s: %q %v, want %q", path, got, err, want)
		}
	}
	if _, err := api.Canonical("/v1/actions/%zz"); core.KindOf(err) != core.Invalid {
		t.Errorf("%%zz: %v", err)
	}
}

func TestFaults(t *testing.T) {
	w := newWorld(t, nil)
	deep := strings.Repeat("[", 101) + strings.Repeat("]", 101)
	for _, c := range []struct {
		method, path, body, header string
		status                     int
		want                       string
	}{
		{"GET", "/v1/nonsense", "", "", 404, "The resource could not be found."},
		{"PATCH", "/v1/actions", "", "", 405, "Method Not Allowed"},
		{"GET", "/v1/executions?limit=0", "", "", 400, `Limit, "0" specified, must be a positive number or -1 for full result set.`},
		{"GET", "/v1/executions?limit=-2", "", "", 400, `Limit, "-2" specified, must be a positive number.`},
		{"GET", "/v1/executions?limit=x", "", "", 400, `Parameter "limit" is not of type integer`},
		{"GET", "/v1/executions?offset=2147483648", "", "", 400, `Offset "2147483648" specified is more than 32-bit int`},
		{"GET", "/v1/executions?show_secrets=maybe", "", "", 400, `Parameter "show_secrets" is not of type boolean`},
		{"GET", "/v1/executions?timestamp_gt=yesterday", "", "", 400, "Datetime value does not match expected format."},
		{"GET", "/v1/executions?exclude_attributes=parameters", "", "", 400, "Invalid or unsupported exclude attribute specified: parameters"},
		{"GET", "/v1/executions?id=" + strings.Repeat("a,", 101), "", "", 400, "Maximum of 100 items can be provided for a query parameter value"},
		{"GET", "/v1/executions/x?max_result_size=0", "", "", 400, "max_result_size query parameter must be positive and at most 14680064 bytes (14 MB)"},
		{"POST", "/v1/executions", `{}`, "", 400, "'action' is a required property"},
		{"POST", "/v1/executions", `{"action":"test.none"}`, "", 400, `Action "test.none" cannot be found.`},
		{"POST", "/v1/executions", `{"action":"test.echo","nonsense":1}`, "", 400, "Additional properties are not allowed ('nonsense' was unexpected)"},
		{"POST", "/v1/executions", `{"action":"test.echo","parameters":{"n":"x"}}`, "", 400, "'x' is not of type 'integer', 'null'"},
		{"POST", "/v1/executions", `{"action":"test.echo","parameters":{"nonsense":1}}`, "", 400, "Additional properties are not allowed ('nonsense' was unexpected)"},
		{"POST", "/v1/executions", `{"action":"test.echo","parameters":{"message":"{{ nobody.home }}"}}`, "", 400, `Failed to render parameter "message": `},
		{"POST", "/v1/executions", `[]`, "", 400, "Input body needs to be an object, got: array"},
		{"POST", "/v1/executions", `{"action":`, "", 400, "Failed to parse request body: unexpected end of JSON input: line 1 column 10"},
		{"POST", "/v1/executions", "{\"action\":\n\x20 nonsense}", "", 400, "line 2 column 4"},
		{"POST", "/v1/executions", "{\"action\":\"\xff\"}", "", 400, "Failed to parse request body: it is not UTF-8"},
		{"POST", "/v1/executions", deep, "", 400, "Failed to parse request body: objects and lists nest deeper than 100 levels"},
		{"POST", "/v1/executions", `{}`, "Content-Type: application/xml", 400, `Failed to parse request body: Unsupported Content-Type: "application/xml"`},
		{"POST", "/tokens/validate", `{"token":"` + strings.Repeat("x", 64<<10) + `"}`, "", 413, "larger than 65536 bytes"},
		{"GET", "/v1/stream?events=[", "", "", 400, "is no pattern"},
	} {
		got := w.send(c.method, c.path, c.body, c.header)
		if got.status != c.status || !strings.Contains(unescape(got.body), c.want) || !strings.HasPrefix(got.body, `{"faultstring":"`) {
			t.Errorf("%s %.60s %.60s: %d %s, want %d %s", c.method, c.path, c.body, got.status, got.body, c.status, c.want)
		}
	}
}

func unescape(s string) string { return strings.NewReplacer(`\"`, `"`, `\u003c`, "<").Replace(s) }

// TestFailedRenderingIsRecorded shows that the refused request can be looked at.
func TestFailedRenderingIsRecorded(t *testing.T) {
	w := newWorld(t, nil)
	w.send("POST", "/v1/executions", `{"action":"test.echo","parameters":{"message":"{{ nobody.home }}"}}`)
	var xs []executionJSON
	w.ok(200, &xs, "GET", "/v1/executions", "")
	if len(xs) != 1 || xs[0].Status != core.Failed {
		t.Errorf("recorded: %+v", xs)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Origins = []string{"http://ui", "http://other"} })
	got := w.send("GET", "/v1/actions", "", "X-Request-ID: mine", "Origin: http://other")
	for name, want := range map[string]string{
		"X-Request-Id": "mine", "Access-Control-Allow-Origin": "http://other", "Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Methods":  "GET,POST,PUT,DELETE,OPTIONS",
		"Access-Control-Allow-Headers":  "Content-Type,Authorization,X-Auth-Token,St2-Api-Key,X-Request-ID",
		"Access-Control-Expose-Headers": "Content-Type,X-Limit,X-Total-Count,X-Request-ID", "Content-Type": "application/json",
	} {
		if v := got.header.Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	got = w.sendAs("", "OPTIONS", "/v1/anything/at/all", "", "Origin: http://evil")
	if got.status != 200 || got.body != "" || got.header.Get("Access-Control-Allow-Origin") != "http://ui" || len(got.header.Get("X-Request-Id")) != 36 {
		t.Errorf("OPTIONS: %d %q %v", got.status, got.body, got.header)
	}
}

func TestLargeBodiesAreRefusedWithAnAnswer(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.MaxBody = 100_000 })
	for range 5 {
		got := w.send("POST", "/v1/webhooks/x", `"`+strings.Repeat("x", 8<<20)+`"`)
		if got.status != 413 || !strings.Contains(got.body, "larger than 100000 bytes") || !strings.Contains(got.body, "api.max_body") {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
}

func TestInternalErrorsAreLoggedWholeAndShownBare(t *testing.T) {
	w := newWorld(t, func(c *api.Config) {
		c.SaveRule = func(context.Context, *store.Tx, *core.Rule, bool) error { return errors.New("the inner reason") }
		c.DeleteRule = func(context.Context, *store.Tx, *core.Rule) error { panic("a bug") }
	})
	rule := `{"name":"r","trigger":{"type":"test.alarm"},"action":{"ref":"test.echo"}}`
	got := w.send("POST", "/v1/rules", rule, "X-Request-ID: find-me")
	if got.status != 500 || got.body != `{"faultstring":"Internal Server Error"}` {
		t.Errorf("%d %s", got.status, got.body)
	}
	if log := w.logged.String(); !strings.Contains(log, "the inner reason") || !strings.Contains(log, "find-me") {
		t.Errorf("logged: %s", log)
	}
	w.update(func(tx *store.Tx) error {
		return tx.Rules().Put(t.Context(), &core.Rule{ID: core.NewID(time.Now()), Pack: "test", Name: "r"})
	})
	if got = w.send("DELETE", "/v1/rules/test.r", ""); got.status != 500 || !strings.Contains(w.logged.String(), "a bug") {
		t.Errorf("panic: %d %s", got.status, got.body)
	}
}

func TestForms(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(201, nil, "POST", "/v1/rules", `{"name":"hook","pack":"test","trigger":{"type":"core.st2.webhook","parameters":{"url":"form"}},"action":{"ref":"test.echo"}}`)
	got := w.send("POST", "/v1/webhooks/form", "b=2&a=x+y&a=%C3%A9&empty=", "Content-Type: application/x-www-form-urlencoded")
	if want := `{"b":["2"],"a":["x y","é"],"empty":[""]}`; got.status != 202 || got.body != want {
		t.Errorf("form: %d %s, want %s", got.status, got.body, want)
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	m.WriteField("one", "1")
	m.Close()
	got = w.send("POST", "/v1/webhooks/form", b.String(), "Content-Type: "+m.FormDataContentType())
	if got.status != 202 || got.body != `{"one":["1"]}` {
		t.Errorf("multipart: %d %s", got.status, got.body)
	}
	is, _, err := w.store.Instances().List(t.Context(), store.Query{})
	if err != nil || len(is) != 2 || !strings.Contains(string(is[1].Payload), `"body":{"b":["2"],"a":["x y","é"],"empty":[""]}`) {
		t.Errorf("payloads: %v %v", is, err)
	}
}

// TestWebhookHidesCredentials looks at the payload rules see.
func TestWebhookHidesCredentials(t *testing.T) {
	w := newWorld(t, nil)
	w.ok(201, nil, "POST", "/v1/rules", `{"name":"hook","pack":"test","trigger":{"type":"core.st2.webhook","parameters":{"url":"h"}},"action":{"ref":"test.echo"}}`)
	if got := w.send("POST", "/v1/webhooks/h/", `{}`, "X-GitHub-Event: push", "St2-Trace-Tag: mine"); got.status != 202 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	is, _, err := w.store.Instances().List(t.Context(), store.Query{})
	if err != nil || len(is) != 1 {
		t.Fatal(is, err)
	}
	payload := string(is[0].Payload)
	if !strings.Contains(payload, `"X-Github-Event":"push"`) || strings.Contains(payload, w.token) || is[0].TraceTag != "mine" {
		t.Errorf("%s %s", is[0].TraceTag, payload)
	}
}

func TestLargeResultsStayOutOfLists(t *testing.T) {
	w := newWorld(t, nil)
	id := w.done("large", `{"n":300000}`)
	var xs []executionJSON
	w.ok(200, &xs, "GET", "/v1/executions", "")
	if len(xs[0].Result) != 0 || xs[0].ResultSize != 300000 {
		t.Errorf("in a list: %d bytes, size %d", len(xs[0].Result), xs[0].ResultSize)
	}
	var x executionJSON
	w.ok(200, &x, "GET", "/v1/executions/"+id, "")
	if len(x.Result) != 300000 {
		t.Errorf("alone: %d bytes", len(x.Result))
	}
	x = executionJSON{}
	w.ok(200, &x, "GET", "/v1/executions/"+id+"?max_result_size=1000", "")
	if len(x.Result) != 0 || x.ResultSize != 300000 {
		t.Errorf("with max_result_size: %d bytes", len(x.Result))
	}
}

func TestReadiness(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Ready = func() error { return errors.New("the store is away") } })
	if got := w.sendAs("", "GET", "/readyz", ""); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "the store is away") {
		t.Errorf("%d %s", got.status, got.body)
	}
}
