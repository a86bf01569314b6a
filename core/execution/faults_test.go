package execution_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/store"
)

// faulty is a backend that fails as it is told to.
type faulty struct {
	*local.Store
	deaf    atomic.Bool // the next Subscribe fails
	apply   func(ops []backend.Op) error
	applied func(ops []backend.Op)
	unsure  atomic.Bool // the next Apply that holds a delivery is done, and its answer lost
	drops   bool        // who does not wait for the answer of an Apply does not learn it
	pulled  func(ds []backend.Delivery)
}

var errDeaf = errors.New("no permission for a moment")

func (f *faulty) Subscribe(ctx context.Context, topic string) (<-chan struct{}, error) {
	if f.deaf.Swap(false) {
		return nil, errDeaf
	}
	return f.Store.Subscribe(ctx, topic)
}

func (f *faulty) Pull(ctx context.Context, queue string, n int) ([]backend.Delivery, error) {
	ds, err := f.Store.Pull(ctx, queue, n)
	if f.pulled != nil && queue == store.Executions {
		f.pulled(ds)
	}
	return ds, err
}

func (f *faulty) Apply(ctx context.Context, m backend.Mode, ops ...backend.Op) (backend.Version, error) {
	if f.apply != nil {
		if err := f.apply(ops); err != nil {
			return 0, err
		}
	}
	v, err := f.Store.Apply(ctx, m, ops...)
	for _, op := range ops {
		if err == nil && op.Kind == backend.OpHold && f.unsure.Swap(false) {
			return 0, backend.ErrUnavailable
		}
	}
	if err == nil && f.applied != nil {
		f.applied(ops)
	}
	if f.drops && ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return v, err
}

// newFaulty is newWorld on such a backend.
func newFaulty(t *testing.T, runners map[string]core.Runner) (*world, *faulty) {
	t.Helper()
	f := &faulty{}
	w := newWorld(t, runners, func(c *execution.Config) {
		b, err := local.Open(filepath.Join(t.TempDir(), "faulty"), local.Options{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		f.Store = b
		c.Store = store.New(f, time.Now)
	})
	w.store = w.engine.Store
	w.update(func(tx *store.Tx) error {
		for name := range runners {
			if err := define(t.Context(), tx, name); err != nil {
				return err
			}
		}
		return nil
	})
	return w, f
}

// awaitActive waits until so many runs are known, and looks once more a little later.
func (w *world) awaitActive(n int) {
	w.t.Helper()
	for late := time.Now().Add(10 * time.Second); w.engine.Active() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			w.t.Fatalf("%d executions are known to run, want %d", w.engine.Active(), n)
		}
	}
	time.Sleep(50 * time.Millisecond)
	if got := w.engine.Active(); got != n {
		w.t.Fatalf("%d executions are known to run, want %d", got, n)
	}
}

// The supervisor starts the engine again after a failure of the store.
func TestAnEngineRunsAgainAfterAFailure(t *testing.T) {
	w, f := newFaulty(t, map[string]core.Runner{"plain": succeed(`{}`)})
	f.deaf.Store(true)
	if err := w.engine.Run(t.Context()); !errors.Is(err, errDeaf) {
		t.Fatalf("the engine ended with %v", err)
	}
	w.start()
	if x := w.awaitEnd(w.request("plain", ``)); x.Status != core.Succeeded {
		t.Errorf("ended %s", x.Status)
	}
}

// A server that was killed by a full disk finds it full when it starts again.
func TestALostExecutionIsSettledOnceTheDiskHasRoom(t *testing.T) {
	w, f := newFaulty(t, map[string]core.Runner{"plain": succeed(`{}`)})
	id := w.crash("plain", core.Running)
	var refused atomic.Int32
	full := atomic.Bool{}
	full.Store(true)
	f.apply = func(ops []backend.Op) error {
		if writes, _ := backend.CheckOps(ops); writes && full.Load() {
			refused.Add(1)
			return backend.ErrFull
		}
		return nil
	}
	w.start()
	for refused.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	full.Store(false)
	w.update(func(tx *store.Tx) error { tx.Push(store.Executions, id, "", 0); return nil }) // as the sweeper does
	if x := w.awaitEnd(id); x.Status != core.Abandoned {
		t.Errorf("ended %s", x.Status)
	}
}

// An idempotent action that ends the server each time does not do so for ever.
func TestALostExecutionIsNotRunAgainForEver(t *testing.T) {
	began, die := make(chan struct{}, 100), make(chan struct{})
	defer close(die)
	runners := map[string]core.Runner{"again": runner(func(ctx context.Context, _ core.Call) (core.Result, error) {
		began <- struct{}{}
		select {
		case <-die:
		case <-ctx.Done():
		}
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
	})}
	w := newWorld(t, runners, nil)
	id := w.request("again", ``)
	for lives := 0; lives < 12; lives++ {
		w.start()
		for done := false; !done; {
			select {
			case <-began:
				done = true
			case <-time.After(10 * time.Millisecond):
			}
			x, err := w.store.Executions().Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if x.Status.Final() {
				if x.Status != core.Abandoned {
					t.Errorf("ended %s", x.Status)
				}
				return
			}
		}
		w = w.crashed(runners)
	}
	t.Error("the action ran 12 times")
}

// What runs again after its server was lost can be cancelled like anything else.
func TestWhatRunsAgainCanBeCancelled(t *testing.T) {
	began := make(chan struct{})
	w, f := newFaulty(t, map[string]core.Runner{"again": runner(func(ctx context.Context, _ core.Call) (core.Result, error) {
		close(began)
		<-ctx.Done()
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
	})})
	id := w.crash("again", core.Running)
	f.applied = func(ops []backend.Op) {
		acks, pushes := false, false
		for _, op := range ops {
			acks = acks || op.Kind == backend.OpAck
			pushes = pushes || op.Kind == backend.OpPush && op.Item.ID == id
		}
		if acks && pushes { // the commit that lets it run again is done: let that happen first
			<-began
		}
	}
	w.start()
	<-began
	w.awaitActive(1)
	if _, err := w.cancel(id); err != nil {
		t.Fatal(err)
	}
	if x := w.awaitEnd(id); x.Status != core.Canceled {
		t.Errorf("ended %s", x.Status)
	}
}

// A stopping server carries on what it has marked as running, whenever it is told to stop.
func TestWhatIsBegunWhenTheServerStopsIsCarriedOut(t *testing.T) {
	w, f := newFaulty(t, map[string]core.Runner{"plain": succeed(`{}`)})
	id := w.request("plain", ``)
	ctx, stop := context.WithCancel(t.Context())
	f.applied = func(ops []backend.Op) { // as with Redis: it is done, and the caller does not wait for the answer
		for _, op := range ops {
			if op.Kind == backend.OpHold {
				stop()
			}
		}
	}
	f.drops = true
	if err := w.engine.Run(ctx); err != nil {
		t.Fatal(err)
	}
	x, err := w.store.Executions().Get(t.Context(), id)
	if err != nil || x.Status != core.Succeeded {
		t.Errorf("the execution is %s (%v)", x.Status, err)
	}
}

// Of two who answer at once one is heard, and the whole of what that one said is kept.
func TestOfTwoLargeAnswersOneIsKept(t *testing.T) {
	f := newInquirers(t)
	f.start()
	x := f.ask(`{"schema":{},"roles":[],"users":[],"route":"","ttl":0}`)
	answer := func(letter string) *store.Tx {
		tx := f.store.Begin()
		text, _ := json.Marshal(map[string]string{"said": strings.Repeat(letter, 20_000)})
		if _, err := f.engine.Respond(t.Context(), tx, x.ID, execution.Answer{Response: text}); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	one, other := answer("a"), answer("b")
	if err := one.Commit(t.Context(), store.Wait); err != nil {
		t.Fatal(err)
	}
	if err := other.Commit(t.Context(), store.Wait); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("the second answer: %v", err)
	}
	ended, err := f.store.Executions().Get(t.Context(), x.ID)
	if err != nil {
		t.Fatal(err)
	}
	result, err := f.store.Result(t.Context(), ended)
	if err != nil || !strings.Contains(string(result), "aaaa") {
		t.Errorf("what is kept: %.40s, %v", result, err)
	}
}

// Redis is away for longer than a commit waits: whether it was done is not known.
func TestWhatIsMarkedRunningIsRunThoughTheAnswerWasLost(t *testing.T) {
	w, f := newFaulty(t, map[string]core.Runner{"plain": succeed(`{}`)})
	id := w.request("plain", ``)
	f.unsure.Store(true)
	w.start()
	if x := w.awaitEnd(id); x.Status != core.Succeeded {
		t.Errorf("ended %s: %s", x.Status, x.Reason)
	}
}

// A run that lost its lease ends after the one that took over: what was stored stays whole,
// and the server waits for it before it ends.
func TestALateRunLeavesTheResultAlone(t *testing.T) {
	var lives atomic.Int32
	began, finish := make(chan struct{}), make(chan struct{})
	w, f := newFaulty(t, map[string]core.Runner{"again": runner(func(context.Context, core.Call) (core.Result, error) {
		letter := "b"
		if lives.Add(1) == 1 {
			close(began)
			<-finish // it stands still while its lease runs out
			letter = "a"
		}
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`"` + strings.Repeat(letter, 100<<10) + `"`)}, nil
	})})
	deliveries := make(chan backend.Delivery, 10)
	f.pulled = func(ds []backend.Delivery) {
		for _, d := range ds {
			deliveries <- d
		}
	}
	w.start()
	id := w.request("again", ``)
	<-began
	if _, err := f.Apply(t.Context(), backend.Wait, backend.Retry(<-deliveries, 0)); err != nil { // as when its lease runs out
		t.Fatal(err)
	}
	x := w.awaitEnd(id)
	w.awaitActive(1) // the late one
	close(finish)
	w.stop()
	if r, err := w.store.Result(t.Context(), x); err != nil || r[1] != 'b' {
		t.Errorf("after the late one's end: %.5s, %v", r, err)
	}
}

// What a secret begins with is not cut from the rest of it: chunks are masked one by one.
func TestOutputIsNotCutWithinASecret(t *testing.T) {
	chunks := make(chan []store.Chunk, 1)
	var w *world
	w = newWorld(t, map[string]core.Runner{"plain": runner(func(ctx context.Context, c core.Call) (core.Result, error) {
		io.WriteString(c.Output.Stdout(), "password: hunt")
		var cs []store.Chunk
		for len(cs) == 0 { // until some of it is stored
			var err error
			if cs, err = w.store.Output(ctx, c.ID, 0); err != nil {
				return core.Result{}, err
			}
			time.Sleep(time.Millisecond)
		}
		io.WriteString(c.Output.Stdout(), "er22\n")
		chunks <- cs
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
	})}, nil)
	w.update(func(tx *store.Tx) error {
		a, err := tx.Actions().Get(t.Context(), "test.plain")
		if err != nil {
			return err
		}
		for i := range a.Parameters {
			if a.Parameters[i].Name == "text" {
				a.Parameters[i].Schema["secret"] = true
			}
		}
		return tx.Actions().Put(t.Context(), a)
	})
	w.start()
	x := w.awaitEnd(w.request("plain", `{"text":"hunter22"}`))
	if cs := <-chunks; string(cs[0].Data) != "password: " {
		t.Errorf("the first chunk is %q", cs[0].Data)
	}
	cs, err := w.store.Output(t.Context(), x.ID, 0)
	if err != nil || len(cs) != 2 || string(cs[1].Data) != "hunter22\n" {
		t.Errorf("all in all: %v, %v", cs, err)
	}
}
