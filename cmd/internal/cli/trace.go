package cli

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// tracer prints requests as curl commands and answers as they came, for --debug.
//
// st2 differs: tokens, keys and passwords appear as the variables they come from.
type tracer struct {
	*app
	next  http.RoundTripper
	count atomic.Int64
}

func (t *tracer) RoundTrip(r *http.Request) (*http.Response, error) {
	n := t.count.Add(1)
	t.printf("# -------- begin %d request ----------\n%s\n# -------- end %d request ----------\n", n, curl(r), n)
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	t.printf("# -------- begin %d response ----------\n%s\n", n, resp.Status)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		t.printf("(a stream)\n")
	} else if err := t.body(r, resp); err != nil {
		return nil, err
	}
	t.printf("# -------- end %d response ----------\n\n", n)
	return resp, nil
}

// body prints the answer's body and puts it back. Answers with tokens in them stay unseen.
func (t *tracer) body(r *http.Request, resp *http.Response) error {
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	if strings.HasSuffix(r.URL.Path, "/tokens") || strings.HasSuffix(r.URL.Path, "/apikeys") && r.Method == http.MethodPost {
		t.printf("(secret)\n")
		return nil
	}
	t.printf("%s\n", data)
	return nil
}

// curl is the command that makes the same request.
func curl(r *http.Request) string {
	words := []string{"curl -X " + r.Method}
	placeholders := []struct{ header, text string }{
		{"Content-Type", "Content-Type: " + r.Header.Get("Content-Type")},
		{"X-Auth-Token", "X-Auth-Token: $ST2_AUTH_TOKEN"},
		{"St2-Api-Key", "St2-Api-Key: $ST2_API_KEY"},
		{"Authorization", "Authorization: Basic $BASIC_AUTH"},
	}
	for _, p := range placeholders {
		if r.Header.Get(p.header) != "" {
			words = append(words, `-H "`+p.text+`"`)
		}
	}
	if r.GetBody != nil {
		if body, err := r.GetBody(); err == nil {
			data, _ := io.ReadAll(body)
			words = append(words, "--data-binary "+shellQuoted(string(data)))
		}
	}
	return strings.Join(append(words, shellQuoted(r.URL.Redacted())), " ")
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
