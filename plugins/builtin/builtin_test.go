package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/proc"
)

// TestMain also plays the server that is killed: the test binary started with BUILTIN_HELPER set.
func TestMain(m *testing.M) {
	if os.Getenv("BUILTIN_HELPER") != "" {
		helperServer()
		return
	}
	goleak.VerifyTestMain(m)
}

// output records what an action prints and where it runs.
type output struct {
	mu             sync.Mutex
	stdout, stderr bytes.Buffer
	info           core.RunnerInfo
	printed        chan struct{} // closed at the first bytes of stdout
	once           sync.Once
}

func newOutput() *output { return &output{printed: make(chan struct{})} }

type sink struct {
	o   *output
	buf *bytes.Buffer
}

func (s sink) Write(b []byte) (int, error) {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	if s.buf == &s.o.stdout {
		s.o.once.Do(func() { close(s.o.printed) })
	}
	return s.buf.Write(b)
}

func (o *output) Stdout() io.Writer            { return sink{o, &o.stdout} }
func (o *output) Stderr() io.Writer            { return sink{o, &o.stderr} }
func (o *output) Started(i core.RunnerInfo)    { o.info = i }
func newID() string                            { return core.NewID(time.Now()) }
func mark(id string) proc.Target               { return proc.Target{Mark: markName + "=" + id} }
func testConfig() Config                       { return Config{Grace: 300 * time.Millisecond} }
func runner(c Config, name string) core.Runner { return Runners(c)[name] }

func shellCall(cmd string, params map[string]any) core.Call {
	p := map[string]any{"cmd": cmd, "timeout": int64(60), "kwarg_op": "--"}
	for name, v := range params {
		p[name] = v
	}
	return core.Call{ID: newID(), Action: &core.Action{Pack: "core", Name: "local"}, RunnerParams: p, Output: newOutput()}
}

func run(t *testing.T, ctx context.Context, r core.Runner, c core.Call) core.Result {
	t.Helper()
	result, err := r.Run(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(result.Value) {
		t.Fatalf("the result is not JSON: %.200q", result.Value)
	}
	return result
}

func decode(t *testing.T, raw json.RawMessage) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatalf("%v: %.200q", err, raw)
	}
	return m
}

func wantResult(t *testing.T, got core.Result, status core.Status, value string) {
	t.Helper()
	if got.Status != status {
		t.Errorf("status %s, want %s", got.Status, status)
	}
	if diff := cmp.Diff(decode(t, json.RawMessage(value)), decode(t, got.Value)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func wantError(t *testing.T, err error, kind core.Kind, words string) {
	t.Helper()
	if err == nil || core.KindOf(err) != kind || !strings.Contains(err.Error(), words) {
		t.Errorf("error %v (%v), want a %v one with %q", err, core.KindOf(err), kind, words)
	}
}

func noneLeft(t *testing.T, id string) {
	t.Helper()
	if left, err := proc.Survivors(mark(id)); err != nil || len(left) > 0 {
		t.Errorf("survivors %v, error %v; want none", left, err)
	}
}

func TestNoop(t *testing.T) {
	got := run(t, t.Context(), runner(Config{}, "noop"), core.Call{})
	wantResult(t, got, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0}`)
}

func TestAnnouncement(t *testing.T) {
	var route, payload string
	r := runner(Config{Announce: func(_ context.Context, to string, p json.RawMessage) error {
		route, payload = to, string(p)
		return nil
	}}, "announcement")
	c := core.Call{
		Action:       &core.Action{Parameters: core.Parameters{{Name: "message"}, {Name: "experimental"}, {Name: "level"}}},
		RunnerParams: map[string]any{"experimental": true, "route": "chatops"},
		Params:       map[string]any{"message": map[string]any{"a": "<b>"}, "level": int64(3)},
	}
	got := run(t, t.Context(), r, c)
	if route != "chatops" || payload != `{"message":{"a":"<b>"},"level":3}` {
		t.Errorf("announced %s on %s", payload, route)
	}
	wantResult(t, got, core.Succeeded, `{"output":{"message":{"a":"<b>"},"level":3},"message":{"a":"<b>"},"level":3}`)

	c.Params = map[string]any{}
	wantResult(t, run(t, t.Context(), r, c), core.Succeeded, `{"output":{}}`)

	c.RunnerParams = map[string]any{"experimental": false}
	_, err := r.Run(t.Context(), c)
	wantError(t, err, core.Invalid, "experimental has to be true")
}

func TestTypesAndRunnersAgree(t *testing.T) {
	runners := Runners(Config{})
	for _, typ := range Types() {
		if _, ok := runners[typ.Name]; !ok {
			t.Errorf("%s is described and does not exist", typ.Name)
		}
		delete(runners, typ.Name)
		b, err := json.Marshal(typ)
		if err != nil || typ.Description == "" || typ.Package == "" || typ.Module == "" || !typ.Enabled {
			t.Errorf("%s is not whole: %s %v", typ.Name, b, err)
		}
		for _, p := range typ.Parameters {
			if p.Schema.Text("type") == "" || p.Schema.Text("description") == "" {
				t.Errorf("%s.%s lacks a type or a description", typ.Name, p.Name)
			}
		}
	}
	for name := range runners {
		t.Errorf("%s is not described", name)
	}
}

// st2: runners reference 2, 5, 9: names and defaults.
func TestTypesGolden(t *testing.T) {
	var b strings.Builder
	for _, typ := range Types() {
		fmt.Fprintf(&b, "%s %s/%s output_key=%q\n", typ.Name, typ.Package, typ.Module, typ.OutputKey)
		for _, p := range typ.Parameters {
			def, _ := json.Marshal(p.Schema["default"])
			fmt.Fprintf(&b, "  %s %s %s required=%v secret=%v\n", p.Name, p.Schema.Text("type"), def, p.Schema.Flag("required"), p.Schema.Flag("secret"))
		}
	}
	want, err := os.ReadFile(filepath.Join("testdata", "types.golden"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}
