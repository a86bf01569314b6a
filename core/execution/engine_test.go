package execution_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a store with one action per runner of the test, and an engine over it.
type world struct {
	t      *testing.T
	disk   *local.Store
	store  *store.Store
	engine *execution.Engine
	stop   func() // stops the engine and waits
}

// runner is a core.Runner made of a function.
type runner func(ctx context.Context, c core.Call) (core.Result, error)

func (r runner) Run(ctx context.Context, c core.Call) (core.Result, error) { return r(ctx, c) }

func succeed(value string) runner {
	return func(context.Context, core.Call) (core.Result, error) {
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(value)}, nil
	}
}

// newWorld stores test.<name> for every runner, with the parameters host (default
// "localhost"), n (integer) and text (default "{{host}}:{{n}}").
func newWorld(t *testing.T, runners map[string]core.Runner, change func(*execution.Config)) *world {
	t.Helper()
	return newWorldIn(t, filepath.Join(t.TempDir(), "s"), runners, change)
}

// newWorldIn is newWorld on a directory that may hold a store already.
func newWorldIn(t *testing.T, dir string, runners map[string]core.Runner, change func(*execution.Config)) *world {
	t.Helper()
	b, err := local.Open(dir, local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w := &world{t: t, disk: b, store: store.New(b, time.Now)}
	w.update(func(tx *store.Tx) error {
		for name := range runners {
			if err := define(t.Context(), tx, name); err != nil {
				return err
			}
		}
		return nil
	})
	cfg := execution.Config{
		Store: w.store, Runners: runners, Log: slog.New(slog.DiscardHandler), Drain: 10 * time.Second,
		Templates: execution.Templates{
			Jinja:      jinja.StackStorm(expr.Strict, nil),
			KeyValues:  func(string) expr.Value { return expr.NewDict() },
			PackConfig: func(context.Context, string, string) (expr.Value, error) { return expr.NewDict(), nil },
		},
		PackDir: func(string) string { return "" },
		Env:     func(x *core.Execution) []string { return nil },
		Wanted:  func(context.Context, *store.Tx, *core.Execution) (bool, error) { return false, nil },
	}
	if change != nil {
		change(&cfg)
	}
	w.engine = execution.New(cfg)
	return w
}

func define(ctx context.Context, tx *store.Tx, name string) error {
	integer := core.Schema{"type": "integer"}
	err := tx.Runners().Put(ctx, &core.RunnerType{ID: core.NewID(time.Now()), Name: name, Enabled: true, Parameters: core.Parameters{
		{Name: "timeout", Schema: core.Schema{"type": "integer", "default": 60}},
	}})
	if err != nil {
		return err
	}
	return tx.Actions().Put(ctx, &core.Action{
		ID: core.NewID(time.Now()), Pack: "test", Name: name, Enabled: true, Runner: name,
		Idempotent: strings.HasPrefix(name, "again"),
		Parameters: core.Parameters{
			{Name: "host", Schema: core.Schema{"type": "string", "default": "localhost"}},
			{Name: "n", Schema: integer},
			{Name: "text", Schema: core.Schema{"type": "string", "default": "{{host}}:{{n}}"}},
			{Name: "all", Schema: core.Schema{"type": "object"}},
			{Name: "list", Schema: core.Schema{"type": "array"}},
			{Name: "password", Schema: core.Schema{"type": "string", "secret": true}},
			{Name: "fixed", Schema: core.Schema{"type": "string", "default": "f", "immutable": true}},
		},
	})
}

// start runs the engine until the test ends or stop is called.
func (w *world) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- w.engine.Run(ctx) }()
	go func() { done <- w.engine.RunFinished(ctx) }()
	stopped := false
	w.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := errors.Join(<-done, <-done); err != nil {
				w.t.Errorf("engine ended with %v", err)
			}
		}
	}
	w.t.Cleanup(w.stop)
}

func (w *world) update(fn func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(context.Background(), store.Wait, fn); err != nil {
		w.t.Fatal(err)
	}
}

// request asks for test.<name> and returns the execution's id.
func (w *world) request(name, params string) string {
	w.t.Helper()
	var id string
	w.update(func(tx *store.Tx) error {
		x, err := w.engine.Request(w.t.Context(), tx, core.Request{Action: "test." + name, Parameters: json.RawMessage(params), User: "ada"})
		if err == nil {
			id = x.ID
		}
		return err
	})
	return id
}

// await returns the execution once it has a status that ok accepts.
func (w *world) await(id string, ok func(core.Status) bool) *core.Execution {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	wakes, err := w.store.Wakes(ctx, store.TopicChanges)
	if err != nil {
		w.t.Fatal(err)
	}
	var last *core.Execution
	for range wakes {
		if last, err = w.store.Executions().Get(ctx, id); err != nil {
			w.t.Fatal(err)
		}
		if ok(last.Status) {
			return last
		}
	}
	w.t.Fatalf("execution still %s: %+v", last.Status, last)
	return nil
}

func (w *world) awaitEnd(id string) *core.Execution {
	w.t.Helper()
	return w.await(id, core.Status.Final)
}

func (w *world) cancel(id string) (*core.Execution, error) {
	var x *core.Execution
	var refused error
	w.update(func(tx *store.Tx) error {
		x, refused = w.engine.Cancel(w.t.Context(), tx, id, "bob")
		return nil
	})
	return x, refused
}

func trail(x *core.Execution) string {
	var s []string
	for _, c := range x.Log {
		s = append(s, string(c.Status))
	}
	return strings.Join(s, " ")
}

func TestRequestRunsToItsEnd(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{"ok":true}`)}, nil)
	w.start()
	x := w.awaitEnd(w.request("plain", `{"n": 5}`))
	if got, want := trail(x), "requested scheduled running succeeded"; got != want {
		t.Errorf("went %q, want %q", got, want)
	}
	if string(x.Result) != `{"ok":true}` || x.Hand != "" || x.End == 0 || x.RunnerInfo == nil {
		t.Errorf("ended as %+v", x)
	}
}

func TestDelayedRequestWaits(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	w.start()
	var id string
	w.update(func(tx *store.Tx) error {
		x, err := w.engine.Request(t.Context(), tx, core.Request{Action: "test.plain", User: "ada", Delay: 60})
		if err == nil {
			id = x.ID
			if x.Status != core.Delayed || x.Hand != core.InQueue || !strings.Contains(x.Reason, "waits until") {
				t.Errorf("requested as %s in hand %q because %q", x.Status, x.Hand, x.Reason)
			}
		}
		return err
	})
	x := w.awaitEnd(id)
	if got, want := trail(x), "requested delayed scheduled running succeeded"; got != want {
		t.Errorf("went %q, want %q", got, want)
	}
	if waited := x.End.Sub(x.Start); waited < 60*time.Millisecond {
		t.Errorf("ended %v after the request, within its delay", waited)
	}
}

func TestBadRequestsStoreNothing(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	cases := []struct{ action, params, want string }{
		{"test.nope", `{}`, `Action "test.nope" cannot be found.`},
		{"test.plain", `{"n": "x"}`, `'x' is not of type 'integer', 'null'`},
		{"test.plain", `{"nn": 1}`, `Additional properties are not allowed ('nn' was unexpected)`},
		{"test.plain", `{"fixed": "x"}`, `Override of immutable parameter(s) ['fixed'] is unsupported.`},
		{"test.plain", `[1]`, `parameters need to be an object`},
	}
	for _, c := range cases {
		tx := w.store.Begin()
		_, err := w.engine.Request(t.Context(), tx, core.Request{Action: c.action, Parameters: json.RawMessage(c.params)})
		if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %q", c.action, c.params, err, c.want)
		}
	}
	if _, n, _ := w.store.Executions().List(t.Context(), store.Query{}); n != 0 {
		t.Errorf("%d executions stored", n)
	}
}

func TestFailingTemplateLeavesAFailedExecution(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	var x *core.Execution
	var failed error
	w.update(func(tx *store.Tx) error {
		x, failed = w.engine.Request(t.Context(), tx, core.Request{Action: "test.plain", Parameters: json.RawMessage(`{"host": "{{ nobody.home }}"}`)})
		return nil
	})
	var re *execution.RenderError
	if !errors.As(failed, &re) || re.Param != "host" || core.KindOf(failed) != core.Invalid {
		t.Fatalf("error %v, want one that names the parameter host", failed)
	}
	got, err := w.store.Executions().Get(t.Context(), x.ID)
	if err != nil || got.Status != core.Failed || !strings.Contains(string(got.Result), "Failed to render parameter") {
		t.Errorf("stored %+v, %v", got, err)
	}
}

func TestRunnersThatBreakFailTheirExecution(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{
		"error": runner(func(context.Context, core.Call) (core.Result, error) {
			return core.Result{}, errors.New("no such device")
		}),
		"panic": runner(func(context.Context, core.Call) (core.Result, error) { panic("oops") }),
		"empty": succeed(``),
	}, nil)
	w.start()
	for name, want := range map[string]string{"error": "no such device", "panic": "oops", "empty": "Failed to execute action."} {
		x := w.awaitEnd(w.request(name, ``))
		if x.Status != core.Failed || !strings.Contains(string(x.Result), want) {
			t.Errorf("%s: %s %s, want failed with %q", name, x.Status, x.Result, want)
		}
	}
}

func TestCancelOfWhatWaitsIsImmediate(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	id := w.request("plain", ``) // no engine runs: it stays scheduled
	x, err := w.cancel(id)
	if err != nil || x.Status != core.Canceled {
		t.Fatalf("cancel = %v, status %s", err, x.Status)
	}
	w.start()
	other := w.awaitEnd(w.request("plain", ``)) // behind the cancelled one in the queue
	if other.Status != core.Succeeded {
		t.Errorf("the next execution ended %s", other.Status)
	}
	x, _ = w.store.Executions().Get(t.Context(), id)
	if want := `{"message":"Action canceled by user.","user":"bob"}`; string(x.Result) != want || x.Context.CancelledBy != "bob" {
		t.Errorf("cancelled with %s by %q", x.Result, x.Context.CancelledBy)
	}
}

func TestCancelOfWhatRunsEndsIt(t *testing.T) {
	began := make(chan struct{})
	w := newWorld(t, map[string]core.Runner{"long": runner(func(ctx context.Context, c core.Call) (core.Result, error) {
		close(began)
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), core.ErrCanceled) {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		return core.Result{Status: core.Failed, Value: json.RawMessage(`{"stdout":"half"}`)}, nil
	})}, nil)
	w.start()
	id := w.request("long", ``)
	<-began
	if x, err := w.cancel(id); err != nil || x.Status != core.Canceling {
		t.Fatalf("cancel = %v, status %s", err, x.Status)
	}
	x := w.awaitEnd(id)
	if got, want := trail(x), "requested scheduled running canceling canceled"; got != want {
		t.Errorf("went %q, want %q", got, want)
	}
	if want := `{"message":"Action canceled by user.","stdout":"half","user":"bob"}`; string(x.Result) != want {
		t.Errorf("result %s, want %s", x.Result, want)
	}
	if _, err := w.cancel(id); err != nil {
		t.Errorf("a second cancel = %v, want none", err)
	}
}

func TestFinishedExecutionsCannotBeCancelled(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, nil)
	w.start()
	id := w.request("plain", ``)
	w.awaitEnd(id)
	if _, err := w.cancel(id); core.KindOf(err) != core.Conflict || err.Error() != "Action cannot be canceled. State = succeeded." {
		t.Errorf("cancel = %v", err)
	}
}

// crash leaves an execution as a killed server would: marked running, its queue entry
// still there.
func (w *world) crash(name string, status core.Status) string {
	id := w.request(name, ``)
	w.update(func(tx *store.Tx) error {
		x, err := tx.Executions().Get(w.t.Context(), id)
		if err != nil {
			return err
		}
		x.Move(core.Running, tx.Time())
		if status != core.Running {
			x.Move(status, tx.Time())
		}
		x.Hand, x.RunnerInfo = core.InLease, &core.RunnerInfo{Hostname: "another-host"}
		return tx.Executions().Put(w.t.Context(), x)
	})
	return id
}

func TestLostExecutionsAreSettled(t *testing.T) {
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`), "again": succeed(`{"second": true}`)}, nil)
	ids := map[string]core.Status{
		w.crash("plain", core.Running):   core.Abandoned,
		w.crash("plain", core.Canceling): core.Canceled,
		w.crash("again", core.Running):   core.Succeeded, // it says that it may be repeated
	}
	w.start()
	for id, want := range ids {
		x := w.awaitEnd(id)
		if x.Status != want {
			t.Errorf("%s ended %s (%s), want %s", x.Action, x.Status, trail(x), want)
		}
		if want == core.Abandoned && !strings.Contains(x.Reason, "went away") {
			t.Errorf("abandoned because %q", x.Reason)
		}
	}
}

func TestDrainLetsActionsFinish(t *testing.T) {
	began, finish := make(chan struct{}), make(chan struct{})
	w := newWorld(t, map[string]core.Runner{"long": runner(func(ctx context.Context, c core.Call) (core.Result, error) {
		close(began)
		<-finish
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, ctx.Err()
	})}, nil)
	w.start()
	id := w.request("long", ``)
	<-began
	stopped := make(chan struct{})
	go func() { w.stop(); close(stopped) }()
	close(finish)
	<-stopped
	if x, err := w.store.Executions().Get(context.Background(), id); err != nil || x.Status != core.Succeeded {
		t.Errorf("after the drain: %v, %v", x.Status, err)
	}
}

func TestDrainAbandonsWhatTakesTooLong(t *testing.T) {
	began := make(chan struct{})
	w := newWorld(t, map[string]core.Runner{"long": runner(func(ctx context.Context, c core.Call) (core.Result, error) {
		close(began)
		<-ctx.Done()
		return core.Result{Status: core.Abandoned, Value: json.RawMessage(`{}`)}, nil
	})}, func(c *execution.Config) { c.Drain = 20 * time.Millisecond })
	w.start()
	id := w.request("long", ``)
	<-began
	w.stop()
	if x, err := w.store.Executions().Get(context.Background(), id); err != nil || x.Status != core.Abandoned {
		t.Errorf("after the drain: %v, %v", x.Status, err)
	}
}

func TestOutputIsStoredWhileTheActionRuns(t *testing.T) {
	printed, finish := make(chan struct{}), make(chan struct{})
	w := newWorld(t, map[string]core.Runner{"talk": runner(func(ctx context.Context, c core.Call) (core.Result, error) {
		fmt.Fprint(c.Output.Stdout(), strings.Repeat("x", 70<<10)) // more than a chunk holds
		close(printed)
		<-finish
		fmt.Fprint(c.Output.Stderr(), "bytes: \xff\xfe\n")
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
	})}, nil)
	w.start()
	id := w.request("talk", ``)
	<-printed
	early, err := w.store.Output(t.Context(), id, 0)
	if err != nil || len(early) != 1 || len(early[0].Data) != 70<<10 {
		t.Errorf("while it runs: %d chunks, %v", len(early), err)
	}
	close(finish)
	x := w.awaitEnd(id)
	all, err := w.store.Output(t.Context(), id, 0)
	if err != nil || len(all) != 2 || string(all[1].Data) != "bytes: \xff\xfe\n" || all[1].Stream != "stderr" || x.OutputChunks != 2 {
		t.Errorf("in the end: %d chunks, record says %d, %v", len(all), x.OutputChunks, err)
	}
}

func TestChunksEndBetweenRunes(t *testing.T) {
	printed, finish := make(chan struct{}), make(chan struct{})
	w := newWorld(t, map[string]core.Runner{"talk": runner(func(ctx context.Context, c core.Call) (core.Result, error) {
		text := strings.Repeat("x", 64<<10-1) + "é" // the é lies across the edge of a chunk
		fmt.Fprint(c.Output.Stdout(), text[:64<<10])
		fmt.Fprint(c.Output.Stdout(), text[64<<10:])
		close(printed)
		<-finish
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
	})}, nil)
	w.start()
	id := w.request("talk", ``)
	<-printed
	close(finish)
	w.awaitEnd(id)
	chunks, err := w.store.Output(t.Context(), id, 0)
	if err != nil || len(chunks) != 2 || string(chunks[1].Data) != "é" {
		t.Errorf("%d chunks, %v", len(chunks), err)
	}
}

func TestHugeResultsAreStoredBesideTheRecord(t *testing.T) {
	big := `{"stdout":"` + strings.Repeat("a", 10<<20) + `"}`
	w := newWorld(t, map[string]core.Runner{"big": succeed(big)}, nil)
	w.start()
	x := w.awaitEnd(w.request("big", ``))
	got, err := w.store.Result(t.Context(), x)
	if err != nil || string(got) != big || len(x.Result) != 0 {
		t.Errorf("result of %d bytes, %d of them in the record, %v", len(got), len(x.Result), err)
	}
}

func TestFinishedAreToldToThoseWhoWait(t *testing.T) {
	told := make(chan string, 10)
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`), "other": succeed(`{}`)}, func(c *execution.Config) {
		c.Wanted = func(_ context.Context, _ *store.Tx, x *core.Execution) (bool, error) {
			return x.Action == "test.plain", nil
		}
		c.OnFinished = []execution.OnFinished{func(_ context.Context, tx *store.Tx, x *core.Execution) error {
			tx.After(func(store.Version) { told <- x.ID })
			return nil
		}}
	})
	w.start()
	w.awaitEnd(w.request("other", ``))
	id := w.request("plain", ``)
	if got := <-told; got != id {
		t.Errorf("told of %s first, want %s", got, id)
	}
}

func TestReRunOverlaysParameters(t *testing.T) {
	calls := make(chan map[string]any, 2)
	w := newWorld(t, map[string]core.Runner{"plain": runner(func(_ context.Context, c core.Call) (core.Result, error) {
		calls <- c.Params
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
	})}, nil)
	w.start()
	id := w.request("plain", `{"host": "a", "n": 1}`)
	w.awaitEnd(id)
	<-calls
	var again *core.Execution
	w.update(func(tx *store.Tx) (err error) {
		again, err = w.engine.ReRun(t.Context(), tx, id, core.Request{Parameters: json.RawMessage(`{"n": 2}`), User: "bob"})
		return err
	})
	x := w.awaitEnd(again.ID)
	p := <-calls
	if p["host"] != "a" || p["n"] != int64(2) || x.Context.ReRun == nil || x.Context.ReRun.Ref != id || x.Context.User != "bob" {
		t.Errorf("re-run with %v in context %+v", p, x.Context)
	}
}

func TestWorkersBoundWhatRunsAtOnce(t *testing.T) {
	const workers, total = 3, 12
	slots := make(chan struct{}, workers)
	w := newWorld(t, map[string]core.Runner{"slow": runner(func(ctx context.Context, c core.Call) (core.Result, error) {
		select {
		case slots <- struct{}{}:
		default:
			t.Error("more run at once than there are workers")
		}
		time.Sleep(2 * time.Millisecond) // the work itself
		<-slots
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
	})}, func(c *execution.Config) { c.Workers = workers })
	var ids []string
	for range total {
		ids = append(ids, w.request("slow", ``))
	}
	w.start()
	for _, id := range slices.Backward(ids) {
		w.awaitEnd(id)
	}
}

// TestATemplateThatLooksIntoAStoreThatIsAwayFailsNothing: the same request is good once the
// store is back.
func TestATemplateThatLooksIntoAStoreThatIsAwayFailsNothing(t *testing.T) {
	away := expr.NewLookup(func(context.Context, string) (expr.Value, bool, error) {
		return nil, false, core.Errorf(core.Unavailable, "the store cannot be reached at the moment")
	})
	w := newWorld(t, map[string]core.Runner{"plain": succeed(`{}`)}, func(c *execution.Config) {
		c.Templates.KeyValues = func(string) expr.Value { return expr.DictOf("system", away) }
	})
	w.update(func(tx *store.Tx) error {
		x, err := w.engine.Request(t.Context(), tx, core.Request{Action: "test.plain", Parameters: json.RawMessage(`{"host": "{{ st2kv.system.host }}"}`)})
		if x != nil || core.KindOf(err) != core.Unavailable {
			t.Errorf("%v, error %v; want that the store is unavailable", x, err)
		}
		return nil
	})
	if _, n, err := w.store.Executions().List(t.Context(), store.Query{}); n != 0 || err != nil {
		t.Errorf("%d executions stored (%v)", n, err)
	}
}
