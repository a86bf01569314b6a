package process

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/proc"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/plugintest"
	"github.com/petrelhq/petrel/sdk/wire"
)

func TestSuite(t *testing.T) {
	file := plugintest.BuildNative(t)
	plugintest.Run(t, func(t *testing.T) plugins.Plugin { return opened(t, file) })
}

// The same with hashicorp's own server at the other end.
func TestSuiteWithGoPlugin(t *testing.T) {
	file := built(t, "goplugin")
	plugintest.Run(t, func(t *testing.T) plugins.Plugin { return opened(t, file) })
}

func opened(t *testing.T, file string) plugins.Plugin {
	dir, name := filepath.Split(file)
	p, err := New(testConfig(t)).Start(t.Context(), core.Runtime{Command: []string{name}}, dir, "specimen")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStartRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ command, want string }{
		"nothing built":   {"", "no program bin/hello: build it"},
		"outside":         {"../bin/sh", "outside of the pack"},
		"absolute":        {"/bin/sh", "outside of the pack"},
		"a directory":     {".", "no program ."},
		"not executable":  {"plain", "chmod +x"},
		"missing, nested": {"a/b", "no program a/b"},
	} {
		r := core.Runtime{}
		if c.command != "" {
			r.Command = []string{c.command}
		}
		_, err := New(testConfig(t)).Start(t.Context(), r, dir, "hello")
		if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want invalid with %q", name, err, c.want)
		}
	}
}

func TestForeignProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "foreign")
	if err := os.WriteFile(file, []byte("MZ of elsewhere"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := opened(t, file).Describe(t.Context())
	wants(t, "describe", err, wire.Broken, "another system or processor")
}

// asked is a host that tells what it is asked for, and answers when it is let.
type asked struct {
	ops   chan wire.Op
	reply chan wire.Reply
}

func newAsked() asked { return asked{make(chan wire.Op, 16), make(chan wire.Reply, 16)} }

func (a asked) Do(ctx context.Context, op wire.Op) wire.Reply {
	select {
	case a.ops <- op:
	case <-ctx.Done():
	}
	if op.Name == wire.OpProgress {
		return wire.Reply{}
	}
	select {
	case r := <-a.reply:
		return r
	case <-ctx.Done():
		return wire.Reply{Error: &wire.Error{Kind: wire.Canceled}}
	}
}

func does(t testing.TB, p plugins.Plugin, action string) string {
	t.Helper()
	r, err := p.Call(t.Context(), wire.Call{Action: action, Params: json.RawMessage(`"well"`)}, nil)
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	return string(r.Value)
}

// fails calls an action and wants an error of the kind with the text.
func fails(t testing.TB, p plugins.Plugin, action string, kind wire.Kind, text string) *wire.Error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := p.Call(ctx, wire.Call{Action: action}, newAsked())
	return wants(t, action, err, kind, text)
}

func wants(t testing.TB, what string, err error, kind wire.Kind, text string) *wire.Error {
	t.Helper()
	got, ok := err.(*wire.Error)
	if !ok || got.Kind != kind || !strings.Contains(got.Message, text) {
		t.Fatalf("%s: error %#v, want %s with %q", what, err, kind, text)
	}
	return got
}

func TestWellAfterAnErrorOfOne(t *testing.T) {
	p := load(t, New(testConfig(t)), "plugin")
	pid := does(t, p, "pid")
	for action, want := range map[string]struct {
		kind wire.Kind
		text string
	}{
		"panic":  {wire.Broken, "panic: as asked"},
		"goexit": {wire.Broken, "without an answer"},
		"large":  {wire.TooLarge, "limit"},
		"broken": {wire.Failed, "JSON"},
		"absent": {wire.NotFound, "no action"},
	} {
		fails(t, p, action, want.kind, want.text)
	}
	if got := does(t, p, "pid"); got != pid {
		t.Errorf("pid %s, then %s: the process was lost", pid, got)
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	p := load(t, New(testConfig(t)), "plugin")
	large := json.RawMessage(`"` + strings.Repeat("x", 17<<20) + `"`)
	_, err := p.Call(t.Context(), wire.Call{Action: "echo", Params: large}, nil)
	wants(t, "large parameters", err, wire.TooLarge, "limit is 16777216")
	_, err = p.Call(t.Context(), wire.Call{Action: "echo", Params: json.RawMessage("{")}, nil)
	wants(t, "broken parameters", err, wire.Invalid, "JSON")
	if got := does(t, p, "echo"); got != `"well"` {
		t.Errorf("afterwards: %s", got)
	}
}

func TestTheReasonReachesTheCode(t *testing.T) {
	p := load(t, New(testConfig(t)), "plugin")
	for _, c := range []struct {
		cause error
		kind  wire.Kind
	}{{context.Canceled, wire.Canceled}, {context.DeadlineExceeded, wire.TimedOut}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		h := newAsked()
		go func() {
			<-h.ops
			cancel(c.cause)
		}()
		_, err := p.Call(ctx, wire.Call{Action: "wait"}, h)
		wants(t, "wait", err, c.kind, "")
	}
}

// A cancel that comes while the request is on its way does not overtake it.
func TestCancelAtOnce(t *testing.T) {
	p := load(t, New(testConfig(t)), "plugin")
	pid := does(t, p, "pid")
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		_, err := p.Call(ctx, wire.Call{Action: "wait"}, newAsked())
		wants(t, "wait", err, wire.Canceled, "")
	}
	if got := does(t, p, "pid"); got != pid {
		t.Error("a cancel was missed: the process was ended for it")
	}
}

func TestEnvironment(t *testing.T) {
	config := testConfig(t)
	config.Env = []string{"ONE=1", "PLUGIN_CLIENT_CERT=forged", "PETREL_PLUGIN_HOST=forged"}
	t.Setenv("PETREL_SECRET", "of the server")
	var env []string
	if err := json.Unmarshal([]byte(does(t, load(t, New(config), "plugin"), "env")), &env); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(env, "ONE=1") {
		t.Error("ONE=1 is missing")
	}
	for _, entry := range env {
		key, value, _ := strings.Cut(entry, "=")
		if value == "forged" || key != "ONE" && !strings.HasPrefix(key, "PLUGIN_") && !strings.HasPrefix(key, "PETREL_PLUGIN") {
			t.Errorf("unexpected: %s", entry)
		}
	}
}

func TestPrintsReachTheLog(t *testing.T) {
	log := newLineLog()
	config := testConfig(t)
	config.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := load(t, New(config), "plugin")
	does(t, p, "print")
	for _, want := range []string{
		`level=INFO msg="on standard output" pack=plugin stream=stdout`,
		`level=WARN msg="in hclog's form" pack=plugin key=value`,
		`level=INFO msg="past os.Stderr" pack=plugin stream=stderr`,
		`level=INFO msg="past os.Stdout" pack=plugin stream=stdout`,
	} {
		log.await(t, want)
	}
}

func TestManyAtOnceUpToTheLimit(t *testing.T) {
	config := testConfig(t)
	config.Concurrency = 3
	p := load(t, New(config), "plugin")
	h := newAsked()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := p.Call(t.Context(), wire.Call{Action: "meet"}, h); err != nil {
				t.Error(err)
			}
		})
	}
	for range 3 {
		<-h.ops // three have met, and none goes on before it is let
	}
	select {
	case <-h.ops:
		t.Error("a fourth call is under way")
	case <-time.After(50 * time.Millisecond):
	}
	for range 10 {
		h.reply <- wire.Reply{}
	}
	all.Wait()
}

func TestUpgradeDropsNothing(t *testing.T) {
	c := New(testConfig(t))
	old, next := load(t, c, "plugin"), load(t, c, "plugin")
	h := newAsked()
	under := make(chan error, 1)
	go func() {
		_, err := old.Call(t.Context(), wire.Call{Action: "meet"}, h)
		under <- err
	}()
	<-h.ops
	closed := make(chan error, 1)
	go func() { closed <- old.Close(t.Context()) }()
	for wire.KindOf(probe(old)) != wire.Broken {
	} // until it has begun to close
	if got := does(t, next, "echo"); got != `"well"` {
		t.Errorf("the new one: %s", got)
	}
	select {
	case err := <-under:
		t.Fatalf("the old one's call ended with %v before it was let", err)
	case err := <-closed:
		t.Fatalf("Close returned %v with a call under way", err)
	default:
	}
	h.reply <- wire.Reply{}
	if err := <-under; err != nil {
		t.Errorf("the call that was under way: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

func probe(p plugins.Plugin) error {
	_, err := p.Call(context.Background(), wire.Call{Action: "echo"}, nil)
	return err
}

func TestStartedByHand(t *testing.T) {
	out, err := exec.Command(built(t, "plugin")).CombinedOutput()
	if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "petrel pack install") {
		t.Errorf("%v, and it says %q; want one line that says what to do", err, out)
	}
}

// TestMain plays this server, started again by the tests below.
func playServer(dir string) {
	programs.dir = os.Getenv("PROCESS_PROGRAMS")
	c := New(Config{Log: slog.New(slog.DiscardHandler), Dir: dir})
	p, err := c.Start(context.Background(), core.Runtime{}, filepath.Join(programs.dir, "plugin"), "plugin")
	if err != nil {
		panic(err)
	}
	for _, action := range []string{"pid", "fork"} {
		r, err := p.Call(context.Background(), wire.Call{Action: action}, nil)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(r.Value))
	}
	select {}
}

func TestDeathWithTheServer(t *testing.T) {
	built(t, "plugin")
	config := testConfig(t)
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), "PROCESS_SERVER="+config.Dir, "PROCESS_PROGRAMS="+programs.dir)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var pid, child int
	if _, err := fmt.Fscan(out, &pid, &child); err != nil {
		t.Fatal(err)
	}
	server.Process.Kill()
	server.Wait()
	until(t, "the plugin is gone", func() bool { return !runs(pid) })

	if !runs(child) {
		t.Fatal("the grandchild is gone already: nothing is left to sweep")
	}
	if err := New(config).Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runs(child) {
		t.Error("Sweep has left the grandchild")
	}
}

// runs reports whether a process lives. It never was this process's child, so it is no
// zombie for long.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// until waits for something of another process, which tells nobody.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 2000 {
		if is() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatalf("not after ten seconds: %s", what)
}

// survivors are what plugins of a carrier, or what they started, have left.
func survivors(t *testing.T, c *Carrier) []proc.Identity {
	t.Helper()
	left, err := proc.Survivors(proc.Target{Mark: c.hostMark()})
	if err != nil {
		t.Fatal(err)
	}
	return left
}
