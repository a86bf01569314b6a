package execution_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// crashed returns a world on what the disk would hold if the process of w died now.
func (w *world) crashed(runners map[string]core.Runner) *world {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "after")
	if err := w.disk.Archive(w.t.Context(), dir); err != nil {
		w.t.Fatal(err)
	}
	return newWorldIn(w.t, dir, runners, nil)
}

// queued returns the ids of the executions in the queue of a world whose engine does not
// run. An item pushed behind them says when there are no more.
func (w *world) queued() []string {
	w.t.Helper()
	const last = "last"
	w.update(func(tx *store.Tx) error { tx.Push(store.Executions, last, "", 0); return nil })
	var ids []string
	for {
		ds, err := w.disk.Pull(w.t.Context(), store.Executions, 1)
		if err != nil {
			w.t.Fatal(err)
		}
		if ds[0].ID == last {
			return ids
		}
		ids = append(ids, ds[0].ID)
	}
}

// TestARunningExecutionIsTakenUpAfterACrash needs its queue entry to be held, not ended,
// when the runner starts.
func TestARunningExecutionIsTakenUpAfterACrash(t *testing.T) {
	began, finish := make(chan struct{}), make(chan struct{})
	runners := map[string]core.Runner{"long": runner(func(context.Context, core.Call) (core.Result, error) {
		close(began)
		<-finish
		return core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)}, nil
	})}
	w := newWorld(t, runners, nil)
	w.start()
	id := w.request("long", ``)
	<-began
	after := w.crashed(runners)
	close(finish)
	if got := after.queued(); len(got) != 1 || got[0] != id {
		t.Errorf("after the crash the queue holds %q, want the execution that ran", got)
	}
}

// TestAFinishedExecutionLeavesTheQueue needs the entry to end with the finishing commit.
func TestAFinishedExecutionLeavesTheQueue(t *testing.T) {
	runners := map[string]core.Runner{"plain": succeed(`{}`)}
	w := newWorld(t, runners, nil)
	w.start()
	w.awaitEnd(w.request("plain", ``))
	w.stop()
	if got := w.crashed(runners).queued(); len(got) != 0 {
		t.Errorf("the queue holds %q, want nothing", got)
	}
}
