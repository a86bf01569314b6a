package plugins_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// code is what a test's pack does; it is a plugins.Plugin without any carrier.
type code struct {
	describe func() wire.Pack
	call     func(ctx context.Context, c wire.Call, h plugins.Host) (wire.Result, error)
	watch    func(ctx context.Context, w wire.Watch, h plugins.Host) error
	closed   chan struct{}
}

func (c *code) Describe(context.Context) (wire.Pack, error) { return c.describe(), nil }
func (c *code) Call(ctx context.Context, x wire.Call, h plugins.Host) (wire.Result, error) {
	return c.call(ctx, x, h)
}
func (c *code) Watch(ctx context.Context, w wire.Watch, h plugins.Host) error {
	return c.watch(ctx, w, h)
}
func (c *code) Close(context.Context) error { close(c.closed); return nil }

// world is a Loader and the system around it: a pack "hello" in a folder, its grant, keys.
type world struct {
	t      testing.TB
	dir    string
	loader *plugins.Loader
	config plugins.Config
	log    *lockedText
	opened chan *code // each time the carrier opened code

	mu       sync.Mutex
	next     code // what is opened
	openErr  error
	pack     *core.Pack // nil: not in the catalogue
	grant    core.Permissions
	settings plugins.Settings
	keys     map[string]plugins.Key
	injected []core.Event
	now      time.Time
}

func newWorld(t testing.TB, change ...func(*plugins.Config)) *world {
	t.Helper()
	w := &world{
		t: t, dir: t.TempDir(), log: &lockedText{}, opened: make(chan *code, 1000), keys: map[string]plugins.Key{}, now: time.Unix(1e9, 0),
		pack: &core.Pack{Ref: "hello", Runtime: &core.Runtime{Type: core.RuntimeWASM}},
	}
	w.write("hello.wasm", "one")
	w.config = plugins.Config{
		Carriers: map[string]plugins.Carrier{core.RuntimeWASM: w.open, core.RuntimeProcess: w.open},
		Log:      slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Pack:     w.find,
		Dir:      func(context.Context, *core.Pack) (string, error) { return w.dir, nil },
		Grant:    func(context.Context, string) (core.Permissions, error) { return locked(w, &w.grant), nil },
		Settings: func(context.Context, string, string) (plugins.Settings, error) { return locked(w, &w.settings), nil },
		Keys:     plugins.Keys{Get: w.getKey, Set: w.setKey, Delete: w.deleteKey, List: w.listKeys},
		Inject: func(_ context.Context, es []core.Event) error {
			w.change(func() { w.injected = append(w.injected, es...) })
			return nil
		},
		Above: func(context.Context, string, int) (int, error) { return 0, nil },
		Look:  time.Millisecond,
		Now:   func() time.Time { return locked(w, &w.now) },
	}
	for _, c := range change {
		c(&w.config)
	}
	w.loader = plugins.New(w.config)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.loader.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	return w
}

func locked[T any](w *world, field *T) T {
	w.mu.Lock()
	defer w.mu.Unlock()
	return *field
}

func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) write(file, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, file), []byte(text), 0o755); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) open(context.Context, plugins.Code) (plugins.Plugin, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.openErr != nil {
		return nil, w.openErr
	}
	c := w.next
	c.closed = make(chan struct{})
	w.opened <- &c
	return &c, nil
}

func (w *world) find(_ context.Context, ref string) (*core.Pack, error) {
	p := locked(w, &w.pack)
	if p == nil || p.Ref != ref {
		return nil, core.Errorf(core.NotFound, "there is no pack %s", ref)
	}
	return p, nil
}

func (w *world) getKey(_ context.Context, name string) (plugins.Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k, ok := w.keys[name]
	if !ok {
		return k, core.Errorf(core.NotFound, "there is no key %s", name)
	}
	return k, nil
}

func (w *world) setKey(_ context.Context, name string, k plugins.Key) error {
	w.change(func() { w.keys[name] = k })
	return nil
}

func (w *world) deleteKey(ctx context.Context, name string) error {
	_, err := w.getKey(ctx, name)
	w.change(func() { delete(w.keys, name) })
	return err
}

func (w *world) listKeys(_ context.Context, prefix string, limit int) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := slices.Sorted(maps.Keys(w.keys))
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, prefix) })
	return names[:min(limit, len(names))], nil
}

// does says what the pack's actions do from now on.
func (w *world) does(call func(ctx context.Context, c wire.Call, h plugins.Host) (wire.Result, error)) {
	w.change(func() { w.next.call = call })
}

// action runs hello.greet and returns how it ended.
func (w *world) action(ctx context.Context, change ...func(*core.Call)) (core.Result, error) {
	c := core.Call{
		ID: "e1", Action: &core.Action{Pack: "hello", Name: "greet", Runner: core.RuntimeWASM},
		Params: map[string]any{"name": "x"}, RunnerParams: map[string]any{"timeout": int64(600), "log_level": "DEBUG"},
		User: "ada", Output: &printedOutput{},
	}
	for _, f := range change {
		f(&c)
	}
	return w.loader.Runners()[c.Action.Runner].Run(ctx, c)
}

// shape is an execution's result.
type shape struct {
	Result   any    `json:"result"`
	ExitCode int    `json:"exit_code"`
	Stdout   string `json:"stdout"`
	Stderr   string `json:"stderr"`
	Error    string `json:"error"`
}

func (w *world) run(ctx context.Context, change ...func(*core.Call)) (core.Status, shape) {
	w.t.Helper()
	r, err := w.action(ctx, change...)
	if err != nil {
		w.t.Fatal(err)
	}
	var s shape
	if err := json.Unmarshal(r.Value, &s); err != nil {
		w.t.Fatalf("%s: %v", r.Value, err)
	}
	return r.Status, s
}

// ask does one operation in an action and returns the reply.
func (w *world) ask(name wire.OpName, body any) wire.Reply {
	w.t.Helper()
	var reply wire.Reply
	w.does(func(ctx context.Context, _ wire.Call, h plugins.Host) (wire.Result, error) {
		reply = h.Do(ctx, opOf(name, body))
		return wire.Result{}, nil
	})
	w.change(func() { // have it opened anew
		p := *w.pack
		p.Digest += "x"
		w.pack = &p
	})
	w.run(w.t.Context())
	return reply
}

// refused checks that an operation is refused with an error of a kind.
func (w *world) refused(name wire.OpName, body any, kind wire.Kind, part string) {
	w.t.Helper()
	e := w.ask(name, body).Error
	if e == nil || e.Kind != kind || !strings.Contains(e.Message, part) {
		w.t.Errorf("%s %+v: got %+v, want an error of kind %s with %q", name, body, e, kind, part)
	}
}

// answered checks that an operation is answered with this JSON.
func (w *world) answered(name wire.OpName, body any, want string) {
	w.t.Helper()
	r := w.ask(name, body)
	if r.Error != nil || string(r.Body) != want {
		w.t.Errorf("%s %+v: got %s %+v, want %s", name, body, r.Body, r.Error, want)
	}
}

func opOf(name wire.OpName, body any) wire.Op {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return wire.Op{Name: name, Body: raw}
}

type printedOutput struct{ stdout, stderr lockedText }

func (o *printedOutput) Stdout() io.Writer       { return &o.stdout }
func (o *printedOutput) Stderr() io.Writer       { return &o.stderr }
func (o *printedOutput) Started(core.RunnerInfo) {}

type lockedText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *lockedText) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *lockedText) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

const patience = 20 * time.Second

// soon receives what a channel has to have before long.
func soon[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not happen", what)
		panic("unreachable")
	}
}
