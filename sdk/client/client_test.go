package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/petrelhq/petrel/sdk/client"
)

// serve answers with handlers by "METHOD /path", as the server would below one listener.
func serve(t *testing.T, handlers map[string]http.HandlerFunc) *client.Client {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, handler := range handlers {
		mux.HandleFunc(pattern, handler)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	cfg := client.At(server.URL + "/")
	cfg.HTTP = server.Client()
	cfg.Token = "secret"
	return client.New(cfg)
}

func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestList(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{
		"GET /api/v1/rules": func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("X-Auth-Token"); got != "secret" {
				t.Errorf("token %q", got)
			}
			w.Header().Set("X-Total-Count", "7")
			fmt.Fprintf(w, `[{"id":"1","asked":%q,"n":12345678901234567890}]`, r.URL.RawQuery)
		},
		"GET /api/v1/webhooks": reply(200, `[]`),
	})
	page, err := c.List(t.Context(), "/rules", url.Values{"limit": {"1"}, "pack": {"a b"}})
	if err != nil {
		t.Fatal(err)
	}
	want := client.Page{Total: 7, Items: []client.Object{{"id": "1", "asked": "limit=1&pack=a+b", "n": json.Number("12345678901234567890")}}}
	if !reflect.DeepEqual(page, want) {
		t.Errorf("got %v, want %v", page, want)
	}
	if page, err := c.List(t.Context(), "/webhooks", nil); err != nil || page.Total != -1 {
		t.Errorf("total %d, error %v; want -1", page.Total, err)
	}
}

func TestAnswersThatSayNo(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{
		"GET /api/v1/actions/none": reply(404, `{"faultstring":"no such action"}`),
		"GET /api/v1/actions/html": reply(502, `<html>`),
		"GET /api/v1/actions/text": reply(200, `fine`),
		"DELETE /api/v1/actions/x": reply(204, ``),
	})
	_, err := c.Get(t.Context(), "/actions/none", nil)
	if client.StatusOf(err) != 404 || !strings.Contains(err.Error(), "404 Client Error: Not Found\nMESSAGE: no such action for url: http://") {
		t.Errorf("error %v", err)
	}
	_, err = c.Get(t.Context(), "/actions/html", nil)
	if client.StatusOf(err) != 502 || !strings.HasPrefix(err.Error(), "502 Server Error: Bad Gateway\nUnable to retrieve detailed message") {
		t.Errorf("error %v", err)
	}
	if _, err = c.Get(t.Context(), "/actions/text", nil); err == nil || client.StatusOf(err) != 0 {
		t.Errorf("text instead of JSON: error %v", err)
	}
	if o, err := c.Delete(t.Context(), "/actions/x"); err != nil || o != nil {
		t.Errorf("empty answer: %v, error %v", o, err)
	}
}

func TestUnreachable(t *testing.T) {
	c := client.New(client.At("http://127.0.0.1:1"))
	_, err := c.Get(t.Context(), "/actions", nil)
	var away *client.Unreachable
	if !errors.As(err, &away) || !away.Refused() || away.Error() != "cannot reach http://127.0.0.1:1: connection refused" {
		t.Errorf("error %v", err)
	}
	server := httptest.NewUnstartedServer(reply(200, "{}"))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it will complain of us
	server.StartTLS()
	defer server.Close()
	_, err = client.New(client.At(server.URL)).Get(t.Context(), "/actions", nil)
	if !errors.As(err, &away) || !away.Untrusted() {
		t.Errorf("unknown certificate: error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, "/actions", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error %v", err)
	}
}

func TestLogin(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{
		"POST /auth/v1/tokens": func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			body, _ := io.ReadAll(r.Body)
			if user != "ada" || password != "pa:ss" || string(body) != `{"ttl":60}` {
				t.Errorf("user %q, password %q, body %s", user, password, body)
			}
			w.WriteHeader(201)
			io.WriteString(w, `{"user":"ada","token":"00ff","expiry":"2026-11-23T13:00:00.500000Z"}`)
		},
	})
	token, err := c.Login(t.Context(), "ada", "pa:ss", 60)
	if err != nil {
		t.Fatal(err)
	}
	if token.Token != "00ff" || !token.Expiry.Equal(time.Date(2026, 11, 23, 13, 0, 0, 5e8, time.UTC)) {
		t.Errorf("token %+v", token)
	}
}

func TestIdentity(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{
		"GET /api/v1/user": reply(200, `{"username":"ada","authentication":{"method":"API key"},"rbac":{"enabled":true,"roles":["admin"],"is_admin":true}}`),
	})
	got, err := c.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got.Raw = nil
	want := client.Identity{User: "ada", Method: "API key", RBAC: true, Roles: []string{"admin"}, Admin: true}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestRunSendsWhatTheServerExpects(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{
		"POST /api/v1/executions": func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if string(body) != `{"action":"core.noop","parameters":{},"user":null}` {
				t.Errorf("body %s", body)
			}
			w.WriteHeader(201)
			io.WriteString(w, `{"id":"e1","status":"requested","action":{"ref":"core.noop"},"start_timestamp":"2026-11-22T12:58:48.000000Z"}`)
		},
	})
	e, err := c.Run(t.Context(), client.RunRequest{Action: "core.noop"})
	if err != nil || e.ID != "e1" || e.ActionRef != "core.noop" || !e.Moving() || e.Completed() || e.Start.IsZero() {
		t.Errorf("execution %+v, error %v", e, err)
	}
}

func TestWaitAsksUntilNothingMoves(t *testing.T) {
	for _, last := range []string{"succeeded", "paused", "pending", "delayed"} {
		var asked atomic.Int32
		c := serve(t, map[string]http.HandlerFunc{
			"GET /api/v1/executions/e1": func(w http.ResponseWriter, _ *http.Request) {
				status := "running"
				if asked.Add(1) == 3 {
					status = last
				}
				fmt.Fprintf(w, `{"id":"e1","status":%q}`, status)
			},
		})
		if e, err := c.Wait(t.Context(), "e1"); err != nil || e.Status != last || asked.Load() != 3 {
			t.Errorf("status %q after %d, want %q; error %v", e.Status, asked.Load(), last, err)
		}
	}
}

// The stream tells of the end at a time when polls are far apart.
func TestWaitIsWokenByTheStream(t *testing.T) {
	var ended atomic.Bool
	var late atomic.Int32
	c := serve(t, map[string]http.HandlerFunc{
		"GET /api/v1/executions/e1": func(w http.ResponseWriter, _ *http.Request) {
			status := "running"
			if ended.Load() {
				late.Add(1)
				status = "succeeded"
			}
			fmt.Fprintf(w, `{"id":"e1","status":%q}`, status)
		},
		"GET /stream/v1/stream": func(w http.ResponseWriter, r *http.Request) {
			if q := r.URL.Query(); q.Get("end_execution_id") != "e1" || q.Get("execution_ids") != "e1" {
				t.Errorf("query %v", q)
			}
			ended.Store(true)
			io.WriteString(w, "\nevent: st2.execution__update\ndata: {\"id\":\"e1\",\"status\":\"succeeded\"}\n\n")
		},
	})
	e, err := c.Wait(t.Context(), "e1")
	if err != nil || e.Status != "succeeded" || late.Load() != 1 {
		t.Errorf("status %q after %d looks, error %v", e.Status, late.Load(), err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, map[string]http.HandlerFunc{
		"GET /api/v1/executions/e1": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"id":"e1","status":"running"}`)
			cancel()
		},
	})
	if _, err := c.Wait(ctx, "e1"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestStream(t *testing.T) {
	c := serve(t, map[string]http.HandlerFunc{
		"GET /stream/v1/executions/e1/output": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "output_type=stdout" {
				t.Errorf("query %s", r.URL.RawQuery)
			}
			io.WriteString(w, "\n\r\nevent: a\r\ndata: {\"id\":\r\ndata:\"1\"}\r\n\r\n: comment\n\nevent: EOF\ndata: ''\n\nevent: cut off\n")
		},
	})
	s, err := c.OutputEvents(t.Context(), "e1", "stdout")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	if o, err := first.Object(); err != nil || first.Name != "a" || o.ID() != "1" {
		t.Errorf("event %s: %v, error %v", first.Name, o, err)
	}
	if second, err := s.Next(); err != nil || second.Name != client.EventEOF {
		t.Errorf("event %v, error %v", second, err)
	}
	if _, err := s.Next(); err != io.EOF {
		t.Errorf("error %v, want EOF", err)
	}
}

func TestLookup(t *testing.T) {
	o := client.Object{"action": map[string]any{"ref": "core.local"}, "a.b": 1, "a": map[string]any{"b": 2}}
	if got := o.String("action.ref"); got != "core.local" {
		t.Errorf("got %q", got)
	}
	if got, _ := o.Lookup("a.b"); got != 1 {
		t.Errorf("a key with a dot: got %v", got)
	}
	if _, ok := o.Lookup("action.ref.more"); ok {
		t.Error("found something below a string")
	}
}

func TestPath(t *testing.T) {
	if got := client.Path("/rules", "a b/c?d"); got != "/rules/a%20b/c%3Fd" {
		t.Error(got)
	}
}
