package sdktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/web"
)

type greeting struct {
	Name  string `json:"name" required:"true"`
	Times int    `json:"times" default:"2"`
}

type page struct {
	URL  string `json:"url"`
	Body string `json:"body"`
}

type wish struct {
	Name string `json:"name"`
}

type state struct {
	Seen int `json:"seen"`
}

// example is a pack that uses most of what there is.
func example() *sdk.Pack {
	p := sdk.NewPack("example")
	settings := sdk.Config[wish](p)
	sdk.Action(p, "greet", "", func(_ context.Context, in greeting) (string, error) {
		return strings.Repeat(in.Name, in.Times), nil
	})
	sdk.Action(p, "fetch", "", fetch)
	sdk.Action(p, "name", "", func(ctx context.Context, _ sdk.None) (string, error) {
		s, err := settings.Get(ctx)
		return s.Name, err
	})
	sdk.Action(p, "run", "", func(ctx context.Context, in wish) (string, error) {
		e, err := sdk.Run(ctx, in.Name, map[string]int{"n": 1})
		return e.Status, err
	})
	sdk.Action(p, "wait", "", func(ctx context.Context, _ sdk.None) (int, error) {
		return 0, sdk.Sleep(ctx, 100*time.Hour)
	})
	sensors(p)
	return p
}

func sensors(p *sdk.Pack) {
	granted := sdk.TriggerWith[wish, wish](p, "granted", "")
	sdk.Poll(p, "poll", "", time.Minute, sdk.Raises(granted), func(ctx context.Context, s *sdk.Sensor[state]) error {
		asked, err := granted.Asked(s)
		if err != nil {
			return err
		}
		var events []sdk.Event
		for _, a := range asked {
			events = append(events, granted.EventFor(a, a.Parameters))
		}
		return s.Emit(ctx, state{s.Cursor().Seen + len(events)}, events...)
	})
	sdk.Passive(p, "passive", "", sdk.Raises(granted), func(ctx context.Context, s *sdk.Sensor[state]) error {
		for {
			if err := s.Emit(ctx, state{s.Cursor().Seen + 1}, granted.Event(wish{"again"})); err != nil {
				return err
			}
		}
	})
}

func fetch(ctx context.Context, in page) (string, error) {
	token, err := sdk.Secret(ctx, "token")
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, in.URL+"?key="+token, strings.NewReader(in.Body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", token)
	response, err := web.Client(ctx).Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fmt.Sprint(response.StatusCode, " ", string(body)), err
}

// spy is a test that takes its failures down.
type spy struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (s *spy) Errorf(format string, args ...any) {
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}
func (s *spy) Fatalf(format string, args ...any) { s.Errorf(format, args...); runtime.Goexit() }
func (s *spy) Fatal(args ...any)                 { s.Fatalf("%s", fmt.Sprint(args...)) }
func (s *spy) Failed() bool                      { return len(s.failures) > 0 }
func (s *spy) Cleanup(f func())                  { s.cleanups = append(s.cleanups, f) }

// spied runs test and returns how it failed.
func spied(t *testing.T, test func(t testing.TB)) string {
	t.Helper()
	s := &spy{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(s)
	}()
	<-done
	for _, f := range s.cleanups {
		f()
	}
	return strings.Join(s.failures, "\n")
}

func TestAction(t *testing.T) {
	w := Run(t, example(), Config(wish{"Ann"}))
	for want, params := range map[string]any{
		"xx": greeting{Name: "x"}, "yyy": greeting{"y", 3}, "": map[string]any{"name": "z", "times": 0},
	} {
		var got string
		w.Action("greet", params).Decode(&got)
		if got != want {
			t.Errorf("greet(%+v) = %q, want %q", params, got, want)
		}
	}
	w.Action("greet", nil).Fails(sdk.Invalid, "name: it is required")
	w.Action("nothing", nil).Fails(sdk.Invalid, "no action")
	var name string
	w.Action("name", nil).Decode(&name)
	if name != "Ann" {
		t.Errorf("the configuration has %q", name)
	}
}

func TestFailuresOfTheTest(t *testing.T) {
	bad := sdk.NewPack("bad")
	sdk.Poll(bad, "s", "", 0, nil, func(context.Context, *sdk.Sensor[int]) error { return nil })
	for want, test := range map[string]func(t testing.TB){
		"the time between two looks":         func(t testing.TB) { Run(t, bad) },
		`has no parameter "nam"`:             func(t testing.TB) { Run(t, example()).Action("greet", map[string]any{"nam": 1}) },
		"are no object: 5":                   func(t testing.TB) { Run(t, example()).Action("greet", 5) },
		"greet failed: invalid":              func(t testing.TB) { Run(t, example()).Action("greet", nil).Decode(new(string)) },
		"the result of greet: json":          func(t testing.TB) { Run(t, example()).Action("greet", greeting{Name: "x"}).Decode(new(int)) },
		`greet succeeded with "xx"`:          func(t testing.TB) { Run(t, example()).Action("greet", greeting{Name: "x"}).Fails(sdk.Denied, "") },
		"want denied":                        func(t testing.TB) { Run(t, example()).Action("greet", nil).Fails(sdk.Denied, "") },
		"give Run sdktest.Site":              func(t testing.TB) { fetches(t, "http://x.example/", "", Secrets(map[string]string{"token": "t"})) },
		"the pack runs the action core.noop": func(t testing.TB) { Run(t, example()).Action("run", wish{"core.noop"}) },
		`the pack has no sensor "none"`:      func(t testing.TB) { Run(t, example()).Poll("none") },
	} {
		if got := spied(t, test); !strings.Contains(got, want) {
			t.Errorf("the test failed with %q, want %q in it", got, want)
		}
	}
}

// fetches is what the action fetch returns.
func fetches(t testing.TB, url, body string, options ...Option) Outcome {
	return Run(t, example(), options...).Action("fetch", page{url, body})
}

func TestRunsAndClock(t *testing.T) {
	w := Run(t, example(), Runs(func(action string, params json.RawMessage) (any, error) {
		if action == "core.noop" && string(params) == `{"n":1}` {
			return "done", nil
		}
		return nil, errors.New("no such thing")
	}))
	for action, want := range map[string]string{"core.noop": "succeeded", "core.local": "failed"} {
		var got string
		w.Action("run", wish{action}).Decode(&got)
		if got != want {
			t.Errorf("%s ended as %q, want %q", action, got, want)
		}
	}
	before := w.Now()
	w.Action("wait", nil).Decode(new(int))
	if went := w.Now().Sub(before); went != 100*time.Hour {
		t.Errorf("%s went by", went)
	}
}

func TestSensors(t *testing.T) {
	w := Run(t, example())
	if turn := w.Poll("poll"); len(turn.Events) != 0 || turn.Err != nil {
		t.Errorf("a look at nothing: %+v", turn)
	}
	ref := w.Ask("granted", wish{"a"})
	w.Ask("granted", wish{"b"})
	turn := w.Poll("poll")
	if len(turn.Events) != 2 || turn.Events[0].Trigger != ref || string(turn.Events[1].Payload) != `{"name":"b"}` {
		t.Errorf("a look at two: %+v", turn)
	}
	var at state
	if w.Poll("poll"); !w.Cursor("poll", &at) || at.Seen != 4 {
		t.Errorf("the cursor is %+v", at)
	}
	for _, want := range []int{3, 5} {
		if turn := w.Listen("passive", want); len(turn.Events) < want || turn.Err != nil {
			t.Errorf("a passive turn: %d events, %v", len(turn.Events), turn.Err)
		}
	}
	if w.Cursor("nothing", &at) {
		t.Error("there is a cursor of nothing")
	}
}

func TestSite(t *testing.T) {
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, r.Host, r.URL.Path, r.Header.Get("Authorization"))
	})
	var got string
	fetches(t, "https://x.example/path", "", Site(site), Secrets(map[string]string{"token": "hush"})).Decode(&got)
	if got != "418 x.example/pathhush" {
		t.Errorf("got %q", got)
	}
}

func TestRecorded(t *testing.T) {
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Set-Cookie", "session=1")
		fmt.Fprintf(w, "%d: %s for %s", n, body, r.Header.Get("Authorization"))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "deep", "tape.json")
	options := []Option{Secrets(map[string]string{"token": "hush"}), Recorded(file)}
	twice := func(t testing.TB, name string) string {
		w := Run(t, example(), options...)
		var texts [2]string
		for i := range texts {
			w.Action("fetch", page{server.URL + "/", name}).Decode(&texts[i])
		}
		return strings.Join(texts[:], ", ")
	}
	*update = true
	defer func() { *update = false }()
	if failure := spied(t, func(t testing.TB) { twice(t, "ann") }); failure != "" {
		t.Fatalf("recording: %s", failure)
	}
	raw, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(raw), "hush") || strings.Contains(string(raw), "session") {
		t.Errorf("the tape is %s, %v", raw, err)
	}
	*update = false
	if got := twice(t, "ann"); got != "200 1: ann for <secret token>, 200 2: ann for <secret token>" {
		t.Errorf("the second time got %s", got)
	}
	for want, test := range map[string]func(t testing.TB){
		`with the body "bob" is not in`: func(t testing.TB) { twice(t, "bob") },
		"or not so often":               func(t testing.TB) { w := Run(t, example(), options...); thrice(w, server.URL) },
		"records it when it runs with":  func(t testing.TB) { Run(t, example(), Recorded("testdata/none.json")) },
	} {
		if got := spied(t, test); !strings.Contains(got, want) {
			t.Errorf("the test failed with %q, want %q in it", got, want)
		}
	}
	if n != 2 {
		t.Errorf("the server was asked %d times, want 2", n)
	}
}

func thrice(w *World, url string) {
	for range 3 {
		w.Action("fetch", page{url + "/", "ann"})
	}
}
