package orchestrator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/expr/yaql"
	"github.com/petrelhq/petrel/core/orchestrator"
	"github.com/petrelhq/petrel/core/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a store with engines over it that run tiny actions and workflows:
//
//	test.echo v=…        succeeds with {"v": v}
//	test.fail v=…        fails with {"v": v}
//	test.flaky name n=…  fails n times for this name, then succeeds with {"v": tries}
//	test.hold name=…     runs until the test lets it go; cancelled, it ends
//	test.ask             waits for an answer
//	test.odd             cannot be asked for: a default of it cannot be rendered
//	flow.NAME, chain.NAME  the workflow or chain of that name, with the parameters v, n, l, name
type world struct {
	t      testing.TB
	store  *store.Store
	later  *store.Store // the same, an hour later
	engine *execution.Engine
	flows  *orchestrator.Orchestrator
	files  map[string]string
	stop   func() // ends the engines and waits
	*actions
}

// actions is what the tiny actions remember.
type actions struct {
	mu    sync.Mutex
	tries map[string]int
	begun map[string]chan struct{} // of test.hold, by name: closed when it runs
	holds map[string]chan struct{} // closed to let it go
}

type runner func(ctx context.Context, c core.Call) (core.Result, error)

func (r runner) Run(ctx context.Context, c core.Call) (core.Result, error) { return r(ctx, c) }

func newWorld(t testing.TB, workflows map[string]string) *world {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w := &world{
		t: t, store: store.New(b, time.Now), later: store.New(b, func() time.Time { return time.Now().Add(time.Hour) }),
		files: map[string]string{}, actions: &actions{tries: map[string]int{}, begun: map[string]chan struct{}{}, holds: map[string]chan struct{}{}},
	}
	w.update(func(tx *store.Tx) error { return w.define(tx, workflows) })
	w.engine, w.flows = w.newEngine()
	return w
}

func (w *world) define(tx *store.Tx, workflows map[string]string) error {
	ctx := context.Background()
	types := orchestrator.Types()
	for _, name := range []string{"echo", "fail", "flaky", "hold", execution.Inquirer} {
		types = append(types, core.RunnerType{Name: name, Enabled: true})
	}
	for _, r := range types {
		r.ID = core.NewID(time.Now())
		if err := tx.Runners().Put(ctx, &r); err != nil {
			return err
		}
	}
	all := map[string]string{"test.echo": "echo", "test.odd": "echo", "test.fail": "fail", "test.flaky": "flaky", "test.hold": "hold", "test.ask": execution.Inquirer}
	for name, text := range workflows {
		pack, runner := "flow", orchestrator.Orquesta
		if strings.HasPrefix(strings.TrimSpace(text), "chain:") {
			pack, runner = "chain", orchestrator.ActionChain
		}
		all[pack+"."+name] = runner
		w.files[path.Join(pack, "actions", name+".yaml")] = text
	}
	for ref, runner := range all {
		pack, name, _ := strings.Cut(ref, ".")
		params := core.Parameters{
			{Name: "v", Schema: core.Schema{}}, {Name: "n", Schema: core.Schema{"type": "integer"}},
			{Name: "l", Schema: core.Schema{"type": "array"}}, {Name: "name", Schema: core.Schema{"type": "string"}},
		}
		if name == "odd" {
			params = append(params, core.Parameter{Name: "odd", Schema: core.Schema{"type": "string", "default": "{{ nope.nope }}"}})
		}
		if err := tx.Actions().Put(ctx, &core.Action{
			ID: core.NewID(time.Now()), Pack: pack, Name: name, Enabled: true, Runner: runner, EntryPoint: name + ".yaml",
			Parameters: params,
		}); err != nil {
			return err
		}
	}
	return nil
}

// newEngine makes an engine with an orchestrator of its own, as another server has them.
func (w *world) newEngine() (*execution.Engine, *orchestrator.Orchestrator) {
	log := slog.New(slog.DiscardHandler)
	templates := jinja.StackStorm(expr.Strict, nil)
	e := execution.New(execution.Config{
		Store: w.store, Log: log, Drain: 10 * time.Second,
		Runners: map[string]core.Runner{
			"echo": runner(w.echo), "fail": runner(w.fail), "flaky": runner(w.flaky), "hold": runner(w.hold), execution.Inquirer: runner(w.ask),
		},
		Templates: execution.Templates{
			Jinja:      templates,
			KeyValues:  func(string) expr.Value { return expr.NewDict() },
			PackConfig: func(context.Context, string, string) (expr.Value, error) { return expr.NewDict(), nil },
		},
		PackDir: func(string) string { return "" },
		Env:     func(*core.Execution) []string { return nil },
		Wanted:  func(context.Context, *store.Tx, *core.Execution) (bool, error) { return false, nil },
	})
	o := orchestrator.New(orchestrator.Config{
		Store: w.store, Executions: e, Log: log, Templates: templates,
		Evaluator: orquesta.New(yaql.Options{}, functions.StackStorm(nil)),
		Lookups:   func(*core.Execution) *expr.Dict { return expr.NewDict() },
		KeyValue: func(context.Context, string) functions.Function {
			return functions.Function{Params: []expr.Param{{Name: "key"}}, Fn: func(*expr.Budget, []expr.Value) (expr.Value, error) { return "kept", nil }}
		},
		File: func(_ context.Context, pack, file string) ([]byte, error) {
			if text, ok := w.files[path.Join(pack, file)]; ok {
				return []byte(text), nil
			}
			return nil, core.Errorf(core.NotFound, "%s: %w", file, fs.ErrNotExist)
		},
	})
	e.Conductor = o
	return e, o
}

func (a *actions) echo(_ context.Context, c core.Call) (core.Result, error) {
	return result(core.Succeeded, c.Params["v"])
}

func (a *actions) fail(_ context.Context, c core.Call) (core.Result, error) {
	return result(core.Failed, c.Params["v"])
}

func result(status core.Status, v any) (core.Result, error) {
	raw, err := json.Marshal(map[string]any{"v": v})
	return core.Result{Status: status, Value: raw}, err
}

func (a *actions) flaky(_ context.Context, c core.Call) (core.Result, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := fmt.Sprint(c.Params["name"])
	a.tries[name]++
	n, _ := c.Params["n"].(int64)
	if int64(a.tries[name]) <= n {
		return result(core.Failed, a.tries[name])
	}
	return result(core.Succeeded, a.tries[name])
}

// tried is how often test.flaky ran with a name.
func (a *actions) tried(name string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tries[name]
}

func (a *actions) hold(ctx context.Context, c core.Call) (core.Result, error) {
	name := fmt.Sprint(c.Params["name"])
	began, let := a.gate(name)
	a.mu.Lock()
	select {
	case <-began:
	default:
		close(began)
	}
	a.mu.Unlock()
	select {
	case <-let:
	case <-ctx.Done():
	}
	return result(core.Succeeded, name)
}

func (a *actions) ask(context.Context, core.Call) (core.Result, error) {
	return core.Result{Status: core.Pending, Value: json.RawMessage(`{"schema":{},"roles":[],"users":[],"route":"","ttl":0}`)}, nil
}

// gate are the signals of test.hold with a name.
func (a *actions) gate(name string) (began, let chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begun[name] == nil {
		a.begun[name], a.holds[name] = make(chan struct{}), make(chan struct{})
	}
	return a.begun[name], a.holds[name]
}

func (w *world) letGo(name string) {
	_, let := w.gate(name)
	close(let)
}

// awaitHold waits until test.hold runs.
func (w *world) awaitHold(name string) {
	w.t.Helper()
	began, _ := w.gate(name)
	select {
	case <-began:
	case <-time.After(20 * time.Second):
		w.t.Fatalf("test.hold %s never ran", name)
	}
}

// start runs engines until the test ends or stop is called.
func (w *world) start(engines ...*execution.Engine) {
	if len(engines) == 0 {
		engines = []*execution.Engine{w.engine}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2*len(engines))
	for _, e := range engines {
		go func() { done <- e.Run(ctx) }()
		go func() { done <- e.RunFinished(ctx) }()
	}
	stopped := false
	w.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		for range cap(done) {
			if err := <-done; err != nil {
				w.t.Errorf("an engine ended with %v", err)
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

// request asks for an action and returns the execution's id.
func (w *world) request(action, params string) string {
	w.t.Helper()
	return w.ask1(func(tx *store.Tx) (*core.Execution, error) {
		return w.engine.Request(context.Background(), tx, core.Request{Action: action, Parameters: json.RawMessage(params), User: "ada"})
	})
}

// reRun asks for an execution again, from some of its tasks if any are named.
func (w *world) reRun(id, params string, tasks, reset []string) string {
	w.t.Helper()
	r := core.Request{Parameters: json.RawMessage(params), User: "ada"}
	r.Context.ReRun = &core.ReRun{Tasks: tasks, Reset: reset}
	return w.ask1(func(tx *store.Tx) (*core.Execution, error) { return w.engine.ReRun(context.Background(), tx, id, r) })
}

func (w *world) ask1(fn func(tx *store.Tx) (*core.Execution, error)) string {
	w.t.Helper()
	var id string
	w.update(func(tx *store.Tx) error {
		x, err := fn(tx)
		if err == nil {
			id = x.ID
		}
		return err
	})
	return id
}

// verb is one of the engine's: Pause, Resume, Cancel.
type verb func(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error)

func (w *world) do(v verb, id string) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		_, err := v(context.Background(), tx, id, "bob")
		return err
	})
}

// answer ends what waits for an answer.
func (w *world) answer(id string, status core.Status) {
	w.t.Helper()
	w.update(func(tx *store.Tx) error {
		x, err := tx.Executions().Get(context.Background(), id)
		if err != nil {
			return err
		}
		return w.engine.End(context.Background(), tx, x, core.Result{Status: status, Value: json.RawMessage(`{"response":{"v":42}}`)})
	})
}

// patience is how long nothing at all may change while something is waited for. How long
// a workflow takes depends on what else the machine does.
const patience = 2 * time.Minute

// await returns the execution once it has a status that ok accepts.
func (w *world) await(id string, ok func(core.Status) bool) *core.Execution {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stuck := time.AfterFunc(patience, cancel)
	defer stuck.Stop()
	wakes, err := w.store.Wakes(ctx, store.TopicChanges)
	if err != nil {
		w.t.Fatal(err)
	}
	var last *core.Execution
	for range wakes {
		stuck.Reset(patience)
		if last, err = w.store.Executions().Get(context.Background(), id); err != nil {
			w.t.Fatal(err)
		}
		if ok(last.Status) {
			return last
		}
	}
	w.t.Fatalf("%s is still %s (%s):\n%s", last.Action, last.Status, last.Reason, w.tree(id))
	return nil
}

func (w *world) awaitStatus(id string, s core.Status) *core.Execution {
	w.t.Helper()
	return w.await(id, func(now core.Status) bool { return now == s })
}

// end waits for the end of an execution, and that nobody is left over.
func (w *world) end(id string) *core.Execution {
	w.t.Helper()
	x := w.await(id, core.Status.Final)
	w.nobodyLeft(id)
	return x
}

// nobodyLeft fails while executions below one that has ended have not, for they never will.
func (w *world) nobodyLeft(id string) {
	w.t.Helper()
	for _, c := range w.children(id) {
		w.await(c.ID, core.Status.Final)
		w.nobodyLeft(c.ID)
	}
	lost, err := execution.Adrift(context.Background(), w.later)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, x := range lost {
		w.t.Errorf("%s %s is adrift: %s", x.Action, x.ID, x.Status)
	}
}

func (w *world) children(id string) []*core.Execution {
	w.t.Helper()
	xs, _, err := w.store.Executions().List(context.Background(), store.Query{Where: []store.Is{{Index: store.ByParent, Value: id}}, Oldest: true})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.SortStableFunc(xs, func(a, b *core.Execution) int { return a.Context.Task.Number - b.Context.Task.Number })
	return xs
}

// child waits for the last run of a task that has begun.
func (w *world) child(id, task string) *core.Execution {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	wakes, err := w.store.Wakes(ctx, store.TopicChanges)
	if err != nil {
		w.t.Fatal(err)
	}
	for range wakes {
		for _, c := range slices.Backward(w.children(id)) {
			if c.Context.Task.Name == task {
				return c
			}
		}
	}
	w.t.Fatalf("the task %s never began:\n%s", task, w.tree(id))
	return nil
}

// tree shows an execution and those below it.
func (w *world) tree(id string) string {
	x, err := w.store.Executions().Get(context.Background(), id)
	if err != nil {
		return err.Error()
	}
	name := x.Action
	if at := x.Context.Task; at != nil {
		name = at.Name
		if at.Item != nil {
			name += fmt.Sprintf("[%d]", *at.Item)
		}
	}
	s := fmt.Sprintf("%s %s\n", name, x.Status)
	for _, c := range w.children(id) {
		for line := range strings.Lines(w.tree(c.ID)) {
			s += "  " + line
		}
	}
	return s
}

// resultOf is what an execution shows.
func (w *world) resultOf(x *core.Execution) string {
	w.t.Helper()
	raw, err := w.store.Result(context.Background(), x)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// outputOf is the output of a workflow, or the messages of its errors.
func (w *world) outputOf(x *core.Execution) string {
	w.t.Helper()
	var r struct {
		Output json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal([]byte(w.resultOf(x)), &r); err != nil {
		w.t.Fatalf("%v: %s", err, w.resultOf(x))
	}
	s := string(r.Output)
	for _, e := range r.Errors {
		s += "\n" + e.Message
	}
	return s
}

// expectEnd runs a workflow to its end.
func (w *world) expectEnd(id string, status core.Status, output string) {
	w.t.Helper()
	x := w.end(id)
	if got := w.outputOf(x); x.Status != status || !strings.HasPrefix(got, output) {
		w.t.Errorf("%s is %s with\n%s\nwant %s with\n%s\n%s", x.Action, x.Status, got, status, output, w.tree(id))
	}
}
