package ssh

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/ssh/sshdtest"
)

// TestMain checks that connections and what watches them end with their Carriers.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func server(t *testing.T, config ...string) *sshdtest.Server {
	t.Helper()
	s, err := sshdtest.Start(t.TempDir(), config...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("sshd said:\n%.4000s", s.Log())
		}
	})
	return s
}

// carrier runs a Carrier until the test ends. Zero fields are set for s.
func carrier(t *testing.T, s *sshdtest.Server, c Config) *Carrier {
	t.Helper()
	if c.KnownHosts == nil {
		c.KnownHosts = []string{s.KnownHosts}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	carrier, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { carrier.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return carrier
}

type values = map[string]any

// call asks s's first address, as its user.
func call(s *sshdtest.Server, cmd string, more values) core.Call {
	params := values{
		"hosts": s.Addr(1), "username": s.User, "private_key": s.KeyFile, "cmd": cmd, "cwd": "/tmp", "dir": "/tmp",
		"port": int64(22), "timeout": int64(60), "kwarg_op": "--",
	}
	for name, v := range more {
		params[name] = v
	}
	return core.Call{
		ID: core.NewID(time.Now()), Action: &core.Action{Pack: "core", Name: "remote"}, RunnerParams: params,
		Env: []string{"ST2_ACTION_PACK_NAME=core"}, Output: newOutput(),
	}
}

// output records what an action prints.
type output struct {
	mu             sync.Mutex
	stdout, stderr bytes.Buffer
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

func (o *output) Stdout() io.Writer       { return sink{o, &o.stdout} }
func (o *output) Stderr() io.Writer       { return sink{o, &o.stderr} }
func (o *output) Started(core.RunnerInfo) {}

func run1(t *testing.T, ctx context.Context, c *Carrier, call core.Call) core.Result {
	t.Helper()
	name := "remote-shell-cmd"
	if call.Action.EntryPoint != "" {
		name = "remote-shell-script"
	}
	result, err := c.Runners()[name].Run(ctx, call)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func hostsOf(t *testing.T, r core.Result) map[string]values {
	t.Helper()
	var m map[string]values
	if err := json.Unmarshal(r.Value, &m); err != nil {
		t.Fatalf("%v: %.300s", err, r.Value)
	}
	return m
}

func wantResult(t *testing.T, got core.Result, status core.Status, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got.Value, &b); err != nil {
		t.Fatalf("%v: %.300s", err, got.Value)
	}
	if diff := cmp.Diff(a, b); diff != "" || got.Status != status {
		t.Errorf("%s, want %s (-want +got):\n%s", got.Status, status, diff)
	}
}

func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error %v, want one with %q", err, w)
		}
	}
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	if e, ok := err.(*core.Error); !ok || e.Field != field {
		t.Errorf("error %v names no field %s", err, field)
	}
}

func TestCommandResults(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{})
	for name, x := range map[string]struct {
		cmd    string
		more   values
		status core.Status
		want   string
	}{
		"text":        {"echo hello; echo oops >&2", nil, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"hello","stderr":"oops"}`},
		"no output":   {"true", nil, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"","stderr":""}`},
		"failure":     {"echo x; exit 3", nil, core.Failed, `{"failed":true,"succeeded":false,"return_code":3,"stdout":"x","stderr":""}`},
		"a signal":    {"kill -KILL $$", nil, core.Failed, `{"failed":true,"succeeded":false,"return_code":137,"stdout":"","stderr":""}`},
		"JSON":        {`echo '{"a": [1]}'; echo 5 >&2`, nil, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":{"a":[1]},"stderr":5}`},
		"directory":   {"pwd", values{"cwd": "/"}, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"/","stderr":""}`},
		"no input":    {"cat; echo end", nil, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"end","stderr":""}`},
		"environment": {`echo "$A|$B|$ST2_ACTION_PACK_NAME"`, values{"env": values{"A": "it's \"x\"\n$y", "B": int64(5), "ST2_ACTION_PACK_NAME": "no"}}, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"it's \"x\"\n$y|5|core","stderr":""}`},
		"bash":        {`[[ abc == a* ]] && source /dev/null && echo yes`, nil, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"yes","stderr":""}`},
		"many lines":  {"if true\nthen\n  echo a\nfi\n# comment", nil, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"a","stderr":""}`},
		"a daemon":    {"sleep 2 & echo started", nil, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"started","stderr":"","output_left_open":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			call := call(s, x.cmd, x.more)
			got := run1(t, t.Context(), c, call)
			wantResult(t, got, x.status, `{"127.0.0.1":`+x.want+`}`)
		})
	}
}

func TestOutputIsStreamedAndLimited(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{MaxOutput: 1000})
	const size = 5 << 20
	call := call(s, fmt.Sprintf("head -c %d /dev/zero | tr '\\0' x; echo err >&2", size), nil)
	h := hostsOf(t, run1(t, t.Context(), c, call))["127.0.0.1"]
	o := call.Output.(*output)
	if o.stdout.Len() != size || o.stderr.String() != "err\n" {
		t.Errorf("streamed %d bytes and %q", o.stdout.Len(), o.stderr.String())
	}
	if text, _ := h["stdout"].(string); len(text) != minOutput || h["stdout_truncated"] != float64(size-minOutput) {
		t.Errorf("kept %d, cut %v", len(text), h["stdout_truncated"])
	}
}

func TestLargeCommand(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{})
	call := call(s, "x='"+strings.Repeat("y", 1<<20)+"'; echo ${#x}", nil)
	wantResult(t, run1(t, t.Context(), c, call), core.Succeeded,
		`{"127.0.0.1":{"failed":false,"succeeded":true,"return_code":0,"stdout":1048576,"stderr":""}}`)
}

func TestConnectionsAreShared(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{})
	for range 5 {
		run1(t, t.Context(), c, call(s, "true", nil))
	}
	if n := strings.Count(s.Log(), "Accepted publickey"); n != 1 {
		t.Errorf("%d logins for 5 commands, want 1", n)
	}
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if got := run1(t, t.Context(), c, call(s, "sleep 0.2", nil)); got.Status != core.Succeeded {
				t.Errorf("%s %s", got.Status, got.Value)
			}
		})
	}
	wg.Wait()
	if n := strings.Count(s.Log(), "Accepted publickey"); n > 6 {
		t.Errorf("%d logins for 30 commands at once, want some 4", n)
	}
}

func TestHostThatGrantsOneSession(t *testing.T) {
	s := server(t, "MaxSessions 1")
	c := carrier(t, s, Config{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got := run1(t, t.Context(), c, call(s, "sleep 0.3", values{})); got.Status != core.Succeeded {
				t.Errorf("%s %s", got.Status, got.Value)
			}
		})
	}
	wg.Wait()
	got := run1(t, t.Context(), c, call(s, "sleep 100", values{"timeout": int64(1)}))
	if h := hostsOf(t, got)["127.0.0.1"]; got.Status != core.TimedOut || strings.Contains(h["error"].(string), "could not") {
		t.Errorf("%s %v", got.Status, h)
	}
}

func TestUnusedConnectionsAreClosed(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{Idle: 20 * time.Millisecond})
	run1(t, t.Context(), c, call(s, "true", nil))
	c.pool.gone.Wait()

	c = carrier(t, s, Config{MaxIdle: 2})
	hosts := []string{s.Addr(1), s.Addr(2), s.Addr(3), s.Addr(4)}
	run1(t, t.Context(), c, call(s, "true", values{"hosts": strings.Join(hosts, ",")}))
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if n := len(c.pool.unusedSince(time.Now())); n != 2 {
		t.Errorf("%d unused connections, want 2", n)
	}
}

func TestFiftyHosts(t *testing.T) {
	s := server(t)
	took := func(c *Carrier, hosts []string, cmd string) (core.Result, time.Duration) {
		began := time.Now()
		got := run1(t, t.Context(), c, call(s, cmd, values{"hosts": strings.Join(hosts, ",")}))
		return got, time.Since(began)
	}
	var hosts []string
	for i := 1; i <= 50; i++ {
		hosts = append(hosts, s.Addr(i))
	}
	for i := 10; i <= 50; i += 10 {
		hosts[i-1] = fmt.Sprintf("127.0.0.%d:1", i) // nobody listens there
	}
	const cmd = "sleep 3; echo $((40 + 2))"
	_, one := took(carrier(t, s, Config{}), hosts[:1], cmd)
	c := carrier(t, s, Config{})
	got, fifty := took(c, hosts, cmd)
	_, again := took(c, hosts, "true")
	t.Logf("sleep 3, with the login: one host %v, fifty %v; true, logged in: fifty %v", one, fifty, again)
	if fifty > 2*one {
		t.Errorf("fifty hosts took %v, one %v", fifty, one)
	}
	results := hostsOf(t, got)
	if len(results) != 50 || got.Status != core.Failed {
		t.Errorf("%d results, %s", len(results), got.Status)
	}
	for i := 1; i <= 50; i++ {
		host := fmt.Sprintf("127.0.0.%d", i)
		h := results[host]
		if i%10 == 0 {
			if text, _ := h["error"].(string); text != host+":1: connection refused: does sshd run there, on port 1?" || h["return_code"] != 255.0 {
				t.Errorf("%s: %v", host, h)
			}
		} else if h["stdout"] != 42.0 || h["succeeded"] != true {
			t.Errorf("%s: %v", host, h)
		}
	}
}

func TestPartialFailure(t *testing.T) {
	s := server(t)
	both := values{"hosts": s.Addr(1) + ",127.0.0.2:1"}
	if got := run1(t, t.Context(), carrier(t, s, Config{}), call(s, "true", both)); got.Status != core.Failed {
		t.Errorf("%s, want failed", got.Status)
	}
	if got := run1(t, t.Context(), carrier(t, s, Config{AllowPartialFailure: true}), call(s, "true", both)); got.Status != core.Succeeded {
		t.Errorf("%s, want succeeded", got.Status)
	}
}

func TestEntryPointOfCommand(t *testing.T) {
	s := server(t)
	call := call(s, "true", nil)
	call.Action.EntryPoint = "x.sh"
	_, err := carrier(t, s, Config{}).Runners()["remote-shell-cmd"].Run(t.Context(), call)
	wantError(t, err, "entry_point has no meaning")
}

func TestTypesGolden(t *testing.T) {
	var b strings.Builder
	for _, typ := range Types() {
		fmt.Fprintf(&b, "%s %s/%s\n", typ.Name, typ.Package, typ.Module)
		for _, p := range typ.Parameters {
			def, _ := json.Marshal(p.Schema["default"])
			fmt.Fprintf(&b, "  %s %s %s required=%v secret=%v immutable=%v\n", p.Name, p.Schema.Text("type"), def,
				p.Schema.Flag("required"), p.Schema.Flag("secret"), p.Schema.Flag("immutable"))
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
