package sdktest

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/petrelhq/petrel/sdk/wire"
)

var update = flag.Bool("update", false, "record what servers answer to the HTTP requests of tests")

// maxBody is how many bytes of a real answer are recorded.
const maxBody = 16 << 20

// A tape is a file of HTTP requests and their answers.
type tape struct {
	t       testing.TB
	file    string
	secrets map[string]string

	mu     sync.Mutex
	takes  []take
	played []bool
}

// A take is one request and its answer.
type take struct {
	Method string              `json:"method"`
	URL    string              `json:"url"`
	Sent   string              `json:"sent,omitempty"` // the body of the request
	Status int                 `json:"status"`
	Header map[string][]string `json:"header,omitempty"`
	Text   string              `json:"text,omitempty"`  // the body of the answer
	Bytes  []byte              `json:"bytes,omitempty"` // the same when it is no text
}

// openTape reads file, or will write it when the test has passed.
func openTape(t testing.TB, file string, secrets map[string]string) *tape {
	t.Helper()
	tp := &tape{t: t, file: file, secrets: secrets}
	if *update {
		t.Cleanup(tp.save)
		return tp
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (the test records it when it runs with -update)", err)
	}
	if err := json.Unmarshal(raw, &tp.takes); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	tp.played = make([]bool, len(tp.takes))
	return tp
}

// answer answers a request of the pack.
func (tp *tape) answer(ctx context.Context, r wire.HTTP) wire.Reply {
	if *update {
		return tp.record(ctx, r)
	}
	method, url, sent := r.Method, tp.hide(r.URL), tp.hide(string(r.Body))
	tp.mu.Lock()
	defer tp.mu.Unlock()
	for i, k := range tp.takes {
		if tp.played[i] || k.Method != method || k.URL != url || k.Sent != sent {
			continue
		}
		tp.played[i] = true
		body := k.Bytes
		if k.Text != "" {
			body = []byte(k.Text)
		}
		return answer(wire.HTTPReply{Status: k.Status, Header: k.Header, Body: body})
	}
	tp.t.Errorf("%s %s with the body %q is not in %s, or not so often; it has\n%s(-update records it anew)", method, url, sent, tp.file, tp.contents())
	return refuse(wire.Failed, "%s %s was not recorded", method, url)
}

// contents lists what the tape holds.
func (tp *tape) contents() string {
	var text strings.Builder
	for i, k := range tp.takes {
		used := ""
		if tp.played[i] {
			used = ", used"
		}
		fmt.Fprintf(&text, "\t%s %s with the body %q%s\n", k.Method, k.URL, k.Sent, used)
	}
	return text.String()
}

// record asks the real server.
func (tp *tape) record(ctx context.Context, r wire.HTTP) wire.Reply {
	real, err := request(ctx, r)
	if err != nil {
		return refuse(wire.Invalid, "%v", err)
	}
	response, err := http.DefaultTransport.RoundTrip(real)
	if err != nil {
		return refuse(wire.Failed, "%v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return refuse(wire.Failed, "%v", err)
	}
	tp.keep(r, response, body)
	return answer(wire.HTTPReply{Status: response.StatusCode, Header: response.Header, Body: body})
}

// keep puts a request and its answer on the tape, without what is secret or of the day.
func (tp *tape) keep(r wire.HTTP, response *http.Response, body []byte) {
	header := response.Header.Clone()
	for _, name := range []string{"Set-Cookie", "Date"} {
		header.Del(name)
	}
	for _, values := range header {
		for i := range values {
			values[i] = tp.hide(values[i])
		}
	}
	k := take{Method: r.Method, URL: tp.hide(r.URL), Sent: tp.hide(string(r.Body)), Status: response.StatusCode, Header: header}
	if utf8.Valid(body) {
		k.Text = tp.hide(string(body))
	} else {
		k.Bytes = body
	}
	tp.mu.Lock()
	defer tp.mu.Unlock()
	tp.takes = append(tp.takes, k)
}

// hide writes secrets as their names.
func (tp *tape) hide(text string) string {
	names := make([]string, 0, len(tp.secrets))
	for name := range tp.secrets {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if value := tp.secrets[name]; value != "" {
			text = strings.ReplaceAll(text, value, "<secret "+name+">")
		}
	}
	return text
}

// save writes the file, unless the test has failed.
func (tp *tape) save() {
	if tp.t.Failed() {
		return
	}
	tp.mu.Lock()
	defer tp.mu.Unlock()
	var raw bytes.Buffer
	e := json.NewEncoder(&raw)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(tp.takes)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(tp.file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(tp.file, raw.Bytes(), 0o644)
	}
	if err != nil {
		tp.t.Errorf("recording %s: %v", tp.file, err)
	}
}

// request is what the pack asks for as net/http knows it.
func request(ctx context.Context, r wire.HTTP) (*http.Request, error) {
	real, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	real.Header = http.Header(r.Header).Clone()
	if real.Header == nil {
		real.Header = http.Header{}
	}
	if host := real.Header.Get("Host"); host != "" {
		real.Host = host
	}
	return real, nil
}

// serve has a handler answer.
func serve(ctx context.Context, site http.Handler, r wire.HTTP) wire.Reply {
	asked, err := request(ctx, r)
	if err != nil {
		return refuse(wire.Invalid, "%v", err)
	}
	answered := httptest.NewRecorder()
	site.ServeHTTP(answered, asked)
	return answer(wire.HTTPReply{Status: answered.Code, Header: answered.Header(), Body: answered.Body.Bytes()})
}
