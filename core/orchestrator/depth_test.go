package orchestrator_test

import (
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
)

// A workflow that calls itself, here by way of another one, comes to an end that says so.
func TestWorkflowsThatCallThemselves(t *testing.T) {
	w := newWorld(t, map[string]string{
		"loop": flow("tasks:\n  a: {action: flow.other}\n"), "other": flow("tasks:\n  b: {action: flow.loop}\n"),
	})
	w.start()
	x, depth := w.end(w.request("flow.loop", `{}`)), 0
	for children := w.children(x.ID); len(children) > 0; children = w.children(x.ID) {
		x = children[0]
		depth++
	}
	got := w.outputOf(x)
	want := "flow.loop called flow.other called flow.loop. Does it call itself without end?"
	if x.Status != core.Failed || depth != 100 || !strings.Contains(got, want) {
		t.Errorf("at depth %d %s is %s with %s", depth, x.Action, x.Status, got)
	}
}
