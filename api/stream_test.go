package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/api"
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// frame is one server-sent event.
type frame struct{ name, data string }

// listen opens a stream and returns its frames; "" is a sign of life. The channel is
// closed when the server closes the stream. It returns once the stream is attached.
func (w *world) listen(path string) <-chan frame {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	req, err := http.NewRequestWithContext(ctx, "GET", w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", w.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "text/event-stream; charset=UTF-8" {
		w.t.Fatalf("%s: %d %s", path, res.StatusCode, got)
	}
	frames := make(chan frame, 1000)
	done := make(chan struct{})
	w.t.Cleanup(func() { cancel(); <-done })
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	lines.Scan() // the empty line that says the stream is open
	go func() {
		defer close(done)
		defer close(frames)
		defer res.Body.Close()
		var f frame
		for lines.Scan() {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
			case "event":
				f.name = value
			case "data":
				f.data = value
			case "":
				frames <- f
				f = frame{}
			}
		}
	}()
	return frames
}

// names collects the names of all frames until the stream ends.
func names(fs <-chan frame) []string {
	var ns []string
	for f := range fs {
		ns = append(ns, f.name)
	}
	return ns
}

func TestStreamEndsWithTheExecution(t *testing.T) {
	w := newWorld(t, nil)
	id := w.ask("hold", `{"password":"hunter2"}`)
	fs := w.listen("/stream/v1/stream?end_event=st2.execution__update&end_execution_id=" + id +
		"&events=st2.execution__update,st2.execution.output__create")
	close(w.hold)
	var output, statuses []string
	for f := range fs {
		var x struct {
			ID, Data, Status string
			Parameters       map[string]string
		}
		if err := json.Unmarshal([]byte(f.data), &x); err != nil {
			t.Fatalf("%s: %v", f.data, err)
		}
		if f.name == "st2.execution.output__create" {
			output = append(output, x.Data)
			if len(statuses) > 0 && statuses[len(statuses)-1] == "succeeded" {
				t.Error("output after the end")
			}
			continue
		}
		statuses = append(statuses, x.Status)
		if x.Parameters["password"] != "********" {
			t.Errorf("secret in %s", f.data)
		}
	}
	if !strings.HasSuffix(strings.Join(output, ""), "let go\n") || len(statuses) == 0 || statuses[len(statuses)-1] != "succeeded" {
		t.Errorf("output %q, statuses %q", output, statuses)
	}
}

// TestStreamOfWhatIsOver is the race a fast server must handle.
func TestStreamOfWhatIsOver(t *testing.T) {
	w := newWorld(t, nil)
	id := w.done("echo", `{"message":"hi"}`)
	got := names(w.listen("/v1/stream?end_event=st2.execution__update&end_execution_id=" + id))
	if strings.Join(got, " ") != "st2.execution__update" {
		t.Errorf("frames %q", got)
	}
	got = names(w.listen("/v1/stream?end_event=st2.execution__update&end_execution_id=" + id + "&events=*"))
	if strings.Join(got, " ") != "st2.execution.output__create st2.execution.output__create st2.execution__update" {
		t.Errorf("frames with output %q", got)
	}
}

func TestStreamDefaultsAndFilters(t *testing.T) {
	w := newWorld(t, nil)
	close(w.hold)
	every := w.listen("/stream")
	only := w.listen("/v1/stream?action_refs=test.hold&events=st2.execution__*")
	w.done("echo", `{}`)
	id := w.done("hold", `{}`)
	w.update(func(tx *store.Tx) error {
		tx.Announce("news", []byte(`{"payload":{"a":1},"trace_context":{}}`))
		return nil
	})
	seen := map[string]bool{}
	for f := range every {
		seen[f.name] = true
		if f.name == "st2.announcement__news" {
			break
		}
	}
	for _, name := range []string{"st2.execution__create", "st2.execution__update", "st2.liveaction__create", "st2.liveaction__update"} {
		if !seen[name] {
			t.Errorf("no %s by default", name)
		}
	}
	if seen["st2.execution.output__create"] {
		t.Error("output without asking for it")
	}
	for f := range only {
		if !strings.Contains(f.data, `"ref":"test.hold"`) {
			t.Errorf("another action's %s: %.80s", f.name, f.data)
		}
		if strings.Contains(f.data, id) && strings.Contains(f.data, `"status":"succeeded"`) {
			return
		}
	}
	t.Error("the end of test.hold was not told")
}

func TestOutputStream(t *testing.T) {
	w := newWorld(t, nil)
	id := w.ask("hold", `{}`)
	fs := w.listen("/stream/v1/executions/" + id + "/output?output_type=stdout")
	close(w.hold)
	var text strings.Builder
	last := frame{}
	for last = range fs {
		var k struct{ Data string }
		if last.name == "st2.execution.output__create" && json.Unmarshal([]byte(last.data), &k) == nil {
			text.WriteString(k.Data)
		}
	}
	if text.String() != "holding\nlet go\n" || last != (frame{"EOF", "''"}) {
		t.Errorf("output %q, last %v", text.String(), last)
	}
	again := names(w.listen("/stream/v1/executions/last/output"))
	if len(again) == 0 || again[len(again)-1] != "EOF" {
		t.Errorf("of what is over: %q", again)
	}
}

func TestStreamGivesSignsOfLifeAndEndsWithTheServer(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Heartbeat = time.Millisecond })
	fs := w.listen("/v1/stream")
	if f := <-fs; f != (frame{}) {
		t.Errorf("%v, want a sign of life", f)
	}
	w.stop()
	for range fs { // until the server closes it
	}
}

// TestOutputThatGoesOnHasNoEOF: a client of a server that stops must not take what it has
// for the whole.
func TestOutputThatGoesOnHasNoEOF(t *testing.T) {
	w := newWorld(t, nil)
	id := w.ask("hold", `{}`)
	fs := w.listen("/stream/v1/executions/" + id + "/output")
	w.await(id, func(s core.Status) bool { return s == core.Running })
	w.stop()
	if got := names(fs); slices.Contains(got, "EOF") {
		t.Errorf("%q while the execution goes on", got)
	}
	close(w.hold)
}

// TestSlowClientIsCutOff fills a stream whose client reads nothing.
func TestSlowClientIsCutOff(t *testing.T) {
	w := newWorld(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", w.url+"/v1/stream?events=*", nil)
	req.Header.Set("X-Auth-Token", w.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	payload := []byte(`{"payload":"` + strings.Repeat("x", 16<<10) + `"}`)
	for range 30 { // 48 MB: more than the sockets' buffers and the server's patience hold
		w.update(func(tx *store.Tx) error {
			for range 100 {
				tx.Announce("flood", payload)
			}
			return nil
		})
	}
	for !strings.Contains(w.logged.String(), "does not keep up and was cut off") {
		select {
		case <-w.logged.wrote:
		case <-ctx.Done():
			t.Fatal("the client was not cut off")
		}
	}
}
