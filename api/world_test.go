package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/api"
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/datastore"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/registry"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/rules"
	"github.com/petrelhq/petrel/core/seal"
	"github.com/petrelhq/petrel/core/store"
)

func TestMain(m *testing.M) {
	// fasthttp and Fiber keep one clock each for as long as the process lives, and the
	// sweeper of fasthttp's workers sees only every ten seconds that it is to end.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/gofiber/fiber/v2/utils.StartTimeStampUpdater.func1.1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// world is a whole server without its command: the real store, router, rules, engine and
// API on a free port.
type world struct {
	t      testing.TB
	dir    string // of the pack test
	store  *store.Store
	auth   *auth.Auth
	router *router.Router
	engine *execution.Engine

	installer *pack.Installer

	url    string
	token  string
	logged *lockedBuffer
	hold   chan struct{} // closed to let test.hold end
	stop   func()        // ends the API and waits
}

// lockedBuffer collects the log; wrote receives after a line was added.
type lockedBuffer struct {
	mu    sync.Mutex
	b     bytes.Buffer
	wrote chan struct{}
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.wrote <- struct{}{}:
	default:
	}
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

type runner func(ctx context.Context, c core.Call) (core.Result, error)

func (r runner) Run(ctx context.Context, c core.Call) (core.Result, error) { return r(ctx, c) }

// echo prints its message on both streams and returns it.
func echo(_ context.Context, c core.Call) (core.Result, error) {
	message := fmt.Sprint(c.Params["message"])
	io.WriteString(c.Output.Stdout(), message+"\n")
	io.WriteString(c.Output.Stderr(), "said "+message+"\n")
	value, err := json.Marshal(map[string]any{"stdout": message, "succeeded": true, "password": c.Params["password"]})
	return core.Result{Status: core.Succeeded, Value: value}, err
}

// large returns a result of n bytes.
func large(_ context.Context, c core.Call) (core.Result, error) {
	value, err := json.Marshal(strings.Repeat("x", int(c.Params["n"].(int64))-2))
	return core.Result{Status: core.Succeeded, Value: value}, err
}

// ask asks the user that its message names for a colour and a secret.
func ask(_ context.Context, c core.Call) (core.Result, error) {
	return core.Result{Status: core.Pending, Value: json.RawMessage(fmt.Sprintf(`{"schema": {"type": "object", "properties": {
		"colour": {"type": "string", "required": true, "enum": ["red", "blue"]}, "word": {"type": "string", "secret": true}}},
		"roles": [], "users": [%q], "route": "colours", "ttl": 0}`, c.Params["message"]))}, nil
}

// newWorld starts a server; change may change its configuration first.
func newWorld(t testing.TB, change func(*api.Config)) *world {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w := &world{t: t, dir: t.TempDir(), store: store.New(b, time.Now), logged: &lockedBuffer{wrote: make(chan struct{}, 1)}, hold: make(chan struct{})}
	log := slog.New(slog.NewTextHandler(w.logged, nil))
	accounts, err := auth.NewAccounts(w.accountsFile(), time.Now, log)
	if err != nil {
		t.Fatal(err)
	}
	w.auth = auth.New(auth.Config{Store: w.store, Accounts: accounts, Log: log, Secret: func() []byte { return []byte("secret") }})
	w.router = router.New(w.store, log)
	templates := jinja.StackStorm(expr.Strict, nil)
	w.engine = execution.New(execution.Config{
		Store: w.store, Log: log, Drain: 10 * time.Second, Runners: w.runners(),
		Templates: execution.Templates{
			Jinja:      templates,
			KeyValues:  func(string) expr.Value { return expr.NewDict() },
			PackConfig: func(context.Context, string, string) (expr.Value, error) { return expr.NewDict(), nil },
		},
		PackDir: func(string) string { return w.dir },
		Env:     func(*core.Execution) []string { return nil },
		Wanted:  func(context.Context, *store.Tx, *core.Execution) (bool, error) { return false, nil },
	})
	matcher := rules.New(rules.Config{
		Store: w.store, Log: log, User: "stanley", Request: w.engine.Request,
		Renderer: rules.NewRenderer(templates, func(string) (expr.Value, bool) { return nil, false }),
		Acquire:  w.router.Acquire, Release: w.router.Release,
	})
	packs := &pack.Registrar{Store: w.store, Log: log, Declare: w.router.Declare, SaveRule: matcher.Save}
	keys := w.datastore(log)
	w.installer = w.newInstaller(packs, matcher, keys)
	indexes, err := registry.New(registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.fill()
	w.run(w.engine.Run)
	w.run(matcher.Run)
	w.serve(api.Config{
		Store: w.store, Auth: w.auth, Engine: w.engine, Router: w.router, Datastore: keys, Log: log, Version: "0.0-test",
		SaveRule: matcher.Save, DeleteRule: matcher.Delete, SaveAction: packs.SaveAction, DeleteAction: packs.DeleteAction,
		SavePolicy: w.engine.SavePolicy, DeletePolicy: w.engine.DeletePolicy,
		SaveTriggerType: packs.SaveTriggerType, DeleteTriggerType: packs.DeleteTriggerType,
		Packs: w.installer, Registry: indexes,
		PackDir: func(string) string { return w.dir },
		Backup:  func(context.Context, string) error { return nil },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "petrel_up 1\n") }),
	}, change)
	return w
}

// datastore opens StackStorm's secrets too, with the key in testdata/stackstorm.key.json.
func (w *world) datastore(log *slog.Logger) *datastore.Datastore {
	w.t.Helper()
	theirs, err := os.ReadFile(filepath.Join("testdata", "stackstorm.key.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	dir := w.t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "theirs"), theirs, 0o600); err != nil {
		w.t.Fatal(err)
	}
	keys, err := seal.Load(seal.Config{File: filepath.Join(dir, "ours"), Make: true, StackStorm: filepath.Join(dir, "theirs")})
	if err != nil {
		w.t.Fatal(err)
	}
	return datastore.New(datastore.Config{Store: w.store, Keys: keys, Log: log, Emit: w.router.EmitWatched})
}

func (w *world) runners() map[string]core.Runner {
	return map[string]core.Runner{
		"echo": runner(echo), "large": runner(large), execution.Inquirer: runner(ask),
		"hold": runner(func(ctx context.Context, c core.Call) (core.Result, error) {
			io.WriteString(c.Output.Stdout(), "holding\n")
			select {
			case <-w.hold:
				io.WriteString(c.Output.Stdout(), "let go\n")
				return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{"held":true}`)}, nil
			case <-ctx.Done():
				return core.Result{Status: core.Canceled, Value: json.RawMessage(`{}`)}, nil
			}
		}),
	}
}

// accountsFile lets ada in with the password "lovelace:1815".
func (w *world) accountsFile() string {
	w.t.Helper()
	const line = "ada:$2a$04$q6KclBmW9UOO0MDf9fnos.uZUGY.Y7zh0Ny8amf28GivhZQJq3/bu\n"
	path := filepath.Join(w.t.TempDir(), "htpasswd")
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// fill stores runners, actions, trigger types and a pack.
func (w *world) fill() {
	w.t.Helper()
	ctx := w.t.Context()
	w.update(func(tx *store.Tx) error {
		for name := range w.runners() {
			r := &core.RunnerType{ID: core.DeriveID("runner", name), Name: name, Description: "Runs " + name + ".", Enabled: true,
				Package: name + "_runner", Module: name + "_runner", Parameters: core.Parameters{
					{Name: "timeout", Schema: core.Schema{"type": "integer", "default": 60}}}}
			a := &core.Action{ID: core.DeriveID("action", name), Pack: "test", Name: name, Description: "Does " + name + ".",
				Enabled: true, Runner: name, EntryPoint: name + ".sh", Parameters: core.Parameters{
					{Name: "message", Schema: core.Schema{"type": "string", "default": "hello"}},
					{Name: "n", Schema: core.Schema{"type": "integer", "default": 20}},
					{Name: "password", Schema: core.Schema{"type": "string", "secret": true}},
				}}
			if err := tx.Runners().Put(ctx, r); err != nil {
				return err
			}
			if err := tx.Actions().Put(ctx, a); err != nil {
				return err
			}
		}
		if err := tx.Packs().Put(ctx, &core.Pack{ID: core.DeriveID("pack"), Ref: "test", Name: "test", Version: "1.0.0",
			Author: "A", Extra: map[string]any{"python_versions": []string{"3"}}}); err != nil {
			return err
		}
		for _, x := range []*core.Sensor{
			{ID: core.DeriveID("sensor"), Pack: "test", Class: "Siren", Description: "Listens.", Enabled: true, EntryPoint: "siren.py",
				PollInterval: 10, TriggerTypes: []string{"test.alarm"}, MetadataFile: "sensors/siren.yaml"},
			{ID: core.DeriveID("own sensor"), Pack: "core", Class: "Own", EntryPoint: "own.py"},
		} {
			if err := tx.Sensors().Put(ctx, x); err != nil {
				return err
			}
		}
		hook := &core.TriggerType{Pack: "core", Name: "st2.webhook", Description: "Something came to a URL.", Parameters: map[string]any{
			"type": "object", "additionalProperties": false, "properties": map[string]any{
				"url": map[string]any{"type": "string", "required": true}, "delivery_id_header": map[string]any{"type": "string"}},
		}}
		if err := w.router.Declare(ctx, tx, hook); err != nil {
			return err
		}
		return w.router.Declare(ctx, tx, &core.TriggerType{Pack: "test", Name: "alarm", Description: "It rings.",
			Payload: map[string]any{"type": "object", "properties": map[string]any{"level": map[string]any{"type": "integer"}}}})
	})
}

// run runs a loop until the test ends.
func (w *world) run(loop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- loop(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("a loop ended with %v", err)
		}
	})
}

func (w *world) serve(c api.Config, change func(*api.Config)) {
	w.t.Helper()
	if change != nil {
		change(&c)
	}
	server, err := api.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.url = "http://" + ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, ln) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		http.DefaultClient.CloseIdleConnections()
		if err := <-done; err != nil {
			w.t.Errorf("the API ended with %v", err)
		}
	})
	w.t.Cleanup(w.stop)
	w.update(func(tx *store.Tx) (err error) {
		w.token, _, err = w.auth.CreateToken(context.Background(), tx, auth.TokenRequest{User: "ada"})
		return err
	})
}

func (w *world) update(fn func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(context.Background(), store.Wait, fn); err != nil {
		w.t.Fatal(err)
	}
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

// send makes a request with ada's token; headers are "Name: value".
func (w *world) send(method, path, body string, headers ...string) reply {
	w.t.Helper()
	return w.sendAs("X-Auth-Token: "+w.token, method, path, body, headers...)
}

func (w *world) sendAs(who, method, path, body string, headers ...string) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range append(headers, who) {
		if name, value, ok := strings.Cut(h, ": "); ok {
			req.Header.Set(name, value)
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(raw)}
}

// ok sends and expects a status; v takes the JSON of the answer.
func (w *world) ok(status int, v any, method, path, body string) reply {
	w.t.Helper()
	r := w.send(method, path, body)
	if r.status != status {
		w.t.Fatalf("%s %s: %d, want %d: %s", method, path, r.status, status, r.body)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(r.body), v); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, r.body)
		}
	}
	return r
}

type executionJSON struct {
	ID         string          `json:"id"`
	Status     core.Status     `json:"status"`
	Result     json.RawMessage `json:"result"`
	ResultSize int             `json:"result_size"`
	Parameters map[string]any  `json:"parameters"`
	Context    map[string]any  `json:"context"`
}

// ask requests test.<action> and returns the new execution's id.
func (w *world) ask(action, params string) string {
	w.t.Helper()
	var x executionJSON
	w.ok(201, &x, "POST", "/v1/executions", `{"action":"test.`+action+`","parameters":`+params+`,"user":null}`)
	return x.ID
}

// await waits until an execution has a status that is fine.
func (w *world) await(id string, fine func(core.Status) bool) *core.Execution {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	wakes, err := w.store.Wakes(ctx, store.TopicChanges)
	if err != nil {
		w.t.Fatal(err)
	}
	for range wakes {
		x, err := w.store.Executions().Get(ctx, id)
		if err != nil {
			w.t.Fatal(err)
		}
		if fine(x.Status) {
			return x
		}
	}
	w.t.Fatalf("execution %s did not get there", id)
	return nil
}

// awaitRule waits until an execution that a rule asked for has ended.
func (w *world) awaitRule(ref string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	wakes, err := w.store.Wakes(ctx, store.TopicChanges)
	if err != nil {
		w.t.Fatal(err)
	}
	for range wakes {
		xs, _, err := w.store.Executions().List(ctx, store.Query{Where: []store.Is{{Index: store.ByRule, Value: ref}}})
		if err != nil {
			w.t.Fatal(err)
		}
		if len(xs) > 0 && xs[0].Status.Final() {
			return
		}
	}
	w.t.Fatalf("no execution of rule %s has ended", ref)
}

func (w *world) done(action, params string) string {
	w.t.Helper()
	id := w.ask(action, params)
	w.await(id, core.Status.Final)
	return id
}
