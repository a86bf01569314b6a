package builtin

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
)

func httpCall(target string, runnerParams, params map[string]any) core.Call {
	return core.Call{
		ID:           newID(),
		Action:       &core.Action{Pack: "core", Name: "http"},
		RunnerParams: merged(map[string]any{"url": target, "allow_redirects": false, "verify_ssl_cert": true}, runnerParams),
		Params:       merged(map[string]any{"timeout": 60.0}, params),
		Output:       newOutput(),
	}
}

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	user, password, _ := r.BasicAuth()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "uri": r.RequestURI, "host": r.Host, "body": string(body), "length": r.ContentLength,
		"agent": r.Header.Values("User-Agent"), "action": r.Header.Values("X-Stanley-Action"), "type": r.Header.Get("Content-Type"),
		"cookie": r.Header.Get("Cookie"), "auth": user + ":" + password, "accept": r.Header.Get("Accept"), "x": r.Header.Get("X-N"),
	})
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func httpRunner() core.Runner { return runner(Config{Version: "3.9.0"}, "http-request") }

func TestHTTPRequests(t *testing.T) {
	target := serve(t, echo)
	type p = map[string]any
	jsonHeader := p{"headers": p{"content-type": "application/json"}}
	for name, c := range map[string]struct {
		runner, action p
		want           p
	}{
		"GET":            {nil, nil, p{"method": "GET", "body": "", "length": 0.0, "accept": "*/*", "type": ""}},
		"POST with body": {nil, p{"body": "a=ä"}, p{"method": "POST", "body": "a=ä", "length": 4.0, "type": ""}},
		"method":         {nil, p{"method": "PURGE"}, p{"method": "PURGE"}},
		"method, body":   {nil, p{"method": "PATCH", "body": "x"}, p{"method": "PATCH", "body": "x"}},
		"forced headers": {p{"headers": p{"user-agent": "mine", "X-Stanley-Action": "mine", "X-N": int64(5)}}, nil, p{"agent": []any{"st2/v3.9.0"}, "action": []any{"http"}, "x": "5"}},
		"JSON":           {jsonHeader, p{"body": `{"a": 1}`}, p{"body": `{"a": 1}`, "type": "application/json"}},
		"Python literal": {jsonHeader, p{"body": `{'a': [True, None, 1.5,], 'b': ('x',)}`}, p{"body": `{"a":[true,null,1.5],"b":["x"]}`}},
		"JSON value":     {jsonHeader, p{"body": p{"a": int64(1)}}, p{"body": `{"a":1}`}},
		"JSON, charset":  {p{"headers": p{"Content-Type": "application/json; charset=utf-8"}}, p{"body": `{'a'}`}, p{"body": `{'a'}`}},
		"query":          {nil, p{"params": p{"a": "x y", "b": []any{int64(1), true}, "c": nil}}, p{"uri": "/p?q=1&a=x+y&b=1&b=True"}},
		"cookies":        {p{"cookies": p{"b": "2", "a": "1"}}, nil, p{"cookie": "a=1; b=2"}},
		"basic auth":     {p{"username": "u", "password": "p:q"}, p{"auth": "other:one"}, p{"auth": "u:p:q"}},
		"auth":           {nil, p{"auth": "u:p:q"}, p{"auth": "u:p:q"}},
		"host":           {p{"headers": p{"Host": "example.org"}}, nil, p{"host": "example.org"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, t.Context(), httpRunner(), httpCall(target+"/p?q=1", c.runner, c.action))
			value := decode(t, got.Value)
			if got.Status != core.Succeeded || value["status_code"] != 200.0 || value["parsed"] != true {
				t.Fatalf("%s %s", got.Status, got.Value)
			}
			seen := value["body"].(map[string]any)
			for key, want := range c.want {
				if diff := cmp.Diff(want, seen[key]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", key, diff)
				}
			}
		})
	}
}

func TestHTTPFile(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		file, header, err := r.FormFile("notes.txt")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		content, _ := io.ReadAll(file)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, header.Filename, header.Header.Get("Content-Type"), content)
	})
	file := map[string]any{"file_name": "notes.txt", "file_content": "some text", "file_content_type": "text/x-note"}
	got := run(t, t.Context(), httpRunner(), httpCall(target, nil, file))
	if body := decode(t, got.Value)["body"]; body != "POST notes.txt text/x-note some text" {
		t.Errorf("got %v", body)
	}
	file["body"] = "x"
	_, err := httpRunner().Run(t.Context(), httpCall(target, nil, file))
	wantError(t, err, core.Invalid, "give one of them")
}

func TestHTTPAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		code   int
		kind   string
		body   string
		status core.Status
		want   string
	}{
		"text":            {200, "text/plain", "5", core.Succeeded, `{"body":"5","parsed":false}`},
		"JSON":            {200, "application/json", `[1]`, core.Succeeded, `{"body":[1],"parsed":true}`},
		"JSON, charset":   {201, "application/json; charset=utf-8", `[1]`, core.Succeeded, `{"body":[1],"parsed":true}`},
		"almost JSON":     {206, "application/vnd.api+json", `[1]`, core.Succeeded, `{"body":"[1]","parsed":false}`},
		"broken JSON":     {200, "application/json", `[1`, core.Succeeded, `{"body":"[1","parsed":false}`},
		"empty JSON":      {204, "application/json", ``, core.Succeeded, `{"body":"","parsed":false}`},
		"over the range":  {207, "text/plain", "x", core.Failed, `{"body":"x","parsed":false}`},
		"redirect":        {304, "text/plain", "", core.Failed, `{"body":"","parsed":false}`},
		"client error":    {404, "application/json", `{"e":1}`, core.Failed, `{"body":{"e":1},"parsed":true}`},
		"server error":    {500, "text/plain", "x", core.Failed, `{"body":"x","parsed":false}`},
		"not UTF-8":       {200, "text/plain", "a\xffb", core.Succeeded, `{"body":"a\ufffdb","parsed":false}`},
		"JSON, not UTF-8": {200, "application/json", "[\"a\xffb\"]", core.Succeeded, `{"body":["a\ufffdb"],"parsed":true}`},
		"Latin-1":         {200, "text/plain; charset=ISO-8859-1", "\xe4", core.Succeeded, `{"body":"ä","parsed":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			target := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				w.Header().Add("X-Twice", "a")
				w.Header().Add("X-Twice", "b")
				w.WriteHeader(c.code)
				io.WriteString(w, c.body)
			})
			got := run(t, t.Context(), httpRunner(), httpCall(target, nil, nil))
			value := decode(t, got.Value)
			headers, _ := value["headers"].(map[string]any)
			if got.Status != c.status || value["status_code"] != float64(c.code) || headers["X-Twice"] != "a, b" {
				t.Errorf("%s %s, want %s and headers", got.Status, got.Value, c.status)
			}
			delete(value, "headers")
			delete(value, "status_code")
			if diff := cmp.Diff(decode(t, json.RawMessage(c.want)), value); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHTTPCompressedAndLimited(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			http.Error(w, "gzip was not asked for", http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, strings.Repeat("x", 5000))
		z.Close()
	})
	params := map[string]any{"headers": map[string]any{"Accept-Encoding": "gzip, br"}}
	got := run(t, t.Context(), runner(Config{MaxOutput: 5000}, "http-request"), httpCall(target, params, nil))
	if body, _ := decode(t, got.Value)["body"].(string); len(body) != 5000 || got.Status != core.Succeeded {
		t.Errorf("%s with %d bytes, want the 5000 unpacked", got.Status, len(body))
	}
	got = run(t, t.Context(), runner(Config{MaxOutput: 4999}, "http-request"), httpCall(target, params, nil))
	value := decode(t, got.Value)
	if text, _ := value["error"].(string); got.Status != core.Failed || value["body"] != nil || !strings.Contains(text, "4999 bytes") {
		t.Errorf("%s %s, want failed with the limit named", got.Status, got.Value)
	}
}

func TestHTTPRedirects(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1", Path: "/"})
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/away":
			http.Redirect(w, r, "http://forbidden.invalid/", http.StatusFound)
		default:
			echo(w, r)
		}
	})
	follow := map[string]any{"allow_redirects": true}
	if got := run(t, t.Context(), httpRunner(), httpCall(target, nil, nil)); got.Status != core.Failed || decode(t, got.Value)["status_code"] != 307.0 {
		t.Errorf("%s %s, want the redirect itself", got.Status, got.Value)
	}
	got := run(t, t.Context(), httpRunner(), httpCall(target, follow, map[string]any{"body": "again"}))
	body, _ := decode(t, got.Value)["body"].(map[string]any)
	if got.Status != core.Succeeded || body["body"] != "again" || body["method"] != "POST" || body["cookie"] != "seen=1" {
		t.Errorf("%s %s, want the request repeated with the cookie", got.Status, got.Value)
	}
	_, err := httpRunner().Run(t.Context(), httpCall(target+"/loop", follow, nil))
	wantError(t, err, core.Invalid, "30 redirects")
	_, err = httpRunner().Run(t.Context(), httpCall(target+"/away", merged(follow, map[string]any{"url_hosts_blacklist": []any{"forbidden.invalid"}}), nil))
	wantError(t, err, core.Invalid, "url_hosts_blacklist")
}

func TestHTTPHostLists(t *testing.T) {
	list := func(hosts ...any) []any { return hosts }
	for _, c := range []struct {
		target, name string
		hosts        []any
		words        string
	}{
		{"http://Bad.example:80/x", "url_hosts_blacklist", list("bad.example"), "is on url_hosts_blacklist"},
		{"http://me@bad.example/", "url_hosts_blacklist", list("bad.example"), "is on url_hosts_blacklist"},
		{"http://[::1]:8080/", "url_hosts_blacklist", list("[::1]"), "is on url_hosts_blacklist"},
		{"http://other.example/", "url_hosts_whitelist", list("good.example"), "is not on url_hosts_whitelist"},
	} {
		_, err := httpRunner().Run(t.Context(), httpCall(c.target, map[string]any{c.name: c.hosts}, nil))
		wantError(t, err, core.Invalid, c.words)
	}
	both := map[string]any{"url_hosts_whitelist": list("a"), "url_hosts_blacklist": list("b")}
	_, err := httpRunner().Run(t.Context(), httpCall("http://a", both, nil))
	wantError(t, err, core.Invalid, "exclude each other")
	target := serve(t, echo)
	u, _ := url.Parse(target)
	got := run(t, t.Context(), httpRunner(), httpCall(target, map[string]any{"url_hosts_whitelist": list(u.Hostname())}, nil))
	if got.Status != core.Succeeded {
		t.Errorf("%s %s, want the listed host asked", got.Status, got.Value)
	}
}

func TestHTTPProxy(t *testing.T) {
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "proxied %s", r.RequestURI) })
	for _, given := range []string{proxy, strings.TrimPrefix(proxy, "http://")} {
		got := run(t, t.Context(), httpRunner(), httpCall("http://elsewhere.invalid/x", map[string]any{"http_proxy": given}, nil))
		if body := decode(t, got.Value)["body"]; body != "proxied http://elsewhere.invalid/x" {
			t.Errorf("got %v through %s", body, given)
		}
	}
	_, err := httpRunner().Run(t.Context(), httpCall("http://elsewhere.invalid/x", map[string]any{"http_proxy": "http://"}, nil))
	wantError(t, err, core.Invalid, "http_proxy")
}

func TestHTTPCertificates(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	_, err := httpRunner().Run(t.Context(), httpCall(s.URL, nil, nil))
	wantError(t, err, core.Unavailable, "certificate")
	r := httpRunner()
	if got := run(t, t.Context(), r, httpCall(s.URL, map[string]any{"verify_ssl_cert": false}, nil)); got.Status != core.Succeeded {
		t.Errorf("%s %s, want success without the check", got.Status, got.Value)
	}
	_, err = r.Run(t.Context(), httpCall(s.URL, nil, nil))
	wantError(t, err, core.Unavailable, "certificate")
}

func TestHTTPEnds(t *testing.T) {
	for name, c := range map[string]struct {
		cause   error
		headers bool // the answer hangs after its headers
		status  core.Status
		text    string
	}{
		"timeout":         {nil, false, core.TimedOut, "within 0.2 seconds"},
		"timeout in body": {nil, true, core.TimedOut, "within 0.2 seconds"},
		"cancel":          {core.ErrCanceled, false, core.Canceled, "canceled by user"},
		"drain":           {core.ErrDrained, true, core.Abandoned, "shutting down"},
		"another cause":   {errors.New("lease lost"), false, core.Abandoned, "lease lost"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan struct{})
			target := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if c.headers {
					io.WriteString(w, "partial")
					w.(http.Flusher).Flush()
				}
				close(asked)
				<-r.Context().Done()
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			params := map[string]any{}
			if c.cause == nil {
				params["timeout"] = 0.2
			} else {
				go func() { <-asked; cancel(c.cause) }()
			}
			got := run(t, ctx, httpRunner(), httpCall(target, nil, params))
			if text, _ := decode(t, got.Value)["error"].(string); got.Status != c.status || !strings.Contains(text, c.text) {
				t.Errorf("%s %s, want %s with %q", got.Status, got.Value, c.status, c.text)
			}
		})
	}
}

func TestHTTPBadRequests(t *testing.T) {
	jsonHeader := map[string]any{"headers": map[string]any{"Content-Type": "application/json"}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + listener.Addr().String()
	listener.Close()
	for _, c := range []struct {
		target         string
		runner, action map[string]any
		kind           core.Kind
		words          string
	}{
		{"", nil, nil, core.Invalid, "http:// or https://"},
		{"example.org/x", nil, nil, core.Invalid, "http:// or https://"},
		{"ftp://example.org", nil, nil, core.Invalid, "http:// or https://"},
		{"http://%zz", nil, nil, core.Invalid, "url cannot be read"},
		{"http://a", nil, map[string]any{"method": "A B"}, core.Invalid, "cannot be made"},
		{"http://a", nil, map[string]any{"auth": "token"}, core.Invalid, "user:password"},
		{"http://a", jsonHeader, map[string]any{"body": "{'a': }"}, core.Invalid, "neither JSON nor a Python literal"},
		{refusing, nil, nil, core.Unavailable, "refused"},
	} {
		_, err := httpRunner().Run(t.Context(), httpCall(c.target, c.runner, c.action))
		wantError(t, err, c.kind, c.words)
	}
}

func TestPythonLiterals(t *testing.T) {
	for text, want := range map[string]string{
		"{}": `{}`, " [ ] ": `[]`, "()": `[]`, "(1)": `1`, "(1,)": `[1]`, "(1, 2)": `[1,2]`, "None": `null`, "-7": `-7`, "1.5e3": `1500`,
		`'a'`: `"a"`, `"it's"`: `"it's"`, `'it\'s \x41\u00e4\n\\d \d'`: `"it's Aä\n\\d \\d"`, "'a\\\nb'": `"ab"`, `'\xe9'`: `"é"`,
		`{'a': {"b": [True, False, None]}, 'c': (1, 'x'),}`: `{"a":{"b":[true,false,null]},"c":[1,"x"]}`,
	} {
		v, err := parsePython(text)
		got, _ := json.Marshal(v)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v; want %s", text, got, err, want)
		}
	}
	for text, words := range map[string]string{
		"": "too early", "{": "too early", "[1": "too early", "{'a' 1}": "position 5", "{1: 2}": "position 1", "'a": "does not end",
		"[1] x": "position 4", "open('x')": "position 0", "[,]": "position 1", "{'a': b}": "position 6", "1__2": "position 0", "äh": "'ä' at position 0",
		strings.Repeat("[", 1000): "levels deep",
	} {
		if v, err := parsePython(text); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%.20q: got %v, %v; want an error with %q", text, v, err, words)
		}
	}
}
