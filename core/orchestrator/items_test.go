package orchestrator_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// TestItemsThatAreGone: a server that takes a workflow over reads the list of items anew. When
// it has become shorter meanwhile, the workflow does not wait for the others.
func TestItemsThatAreGone(t *testing.T) {
	w := newWorld(t, map[string]string{"w": flow(`
tasks:
  a: {with: {items: <% st2kv('hosts') %>, concurrency: 1}, action: test.hold name=<% item() %>}
`)})
	var n atomic.Int32
	n.Store(3)
	w.flows.KeyValue = func(context.Context, string) functions.Function {
		return functions.Function{Params: []expr.Param{{Name: "key"}}, Fn: func(*expr.Budget, []expr.Value) (expr.Value, error) {
			l := expr.NewList()
			for _, name := range []string{"x", "y", "z"}[:n.Load()] {
				l.Items = append(l.Items, name)
			}
			return l, nil
		}}
	}
	w.engine.Conductor = restarting{w.flows}
	w.start()
	id := w.request("flow.w", "")
	w.awaitHold("x")
	n.Store(1)
	w.letGo("x")
	if x := w.end(id); x.Status != core.Failed {
		t.Errorf("the workflow is %s", x.Status)
	}
}
