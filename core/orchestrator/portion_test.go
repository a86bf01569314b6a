package orchestrator_test

import (
	"fmt"
	"testing"

	"github.com/petrelhq/petrel/core"
)

// What is too much for one commit begins in several, and all of it ends as if it had begun
// at once.
func TestChildrenBeginInPortions(t *testing.T) {
	for _, c := range []struct {
		name, text, params string
		status             core.Status
		children           int
	}{
		{"items", itemsOf, `{"n": 23}`, core.Succeeded, 23},
		{"items, some at a time", someItemsOf, `{"n": 23}`, core.Succeeded, 23},
		{"items that fail", "tasks:\n  a: {with: {items: i in <% range(ctx(n)).toList() %>}, action: test.fail}\n", `{"n": 23}`, core.Failed, 23},
		{"items without actions to ask for", "tasks:\n  a: {with: {items: i in <% range(ctx(n)).toList() %>}, action: test.nope}\n", `{"n": 23}`, core.Failed, 0},
		{"tasks side by side", sideBySide(23), `{}`, core.Succeeded, 24},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"w": flow(c.text)})
			w.flows.Portion = 2
			w.engine.Conductor = restarting{w.flows}
			w.start()
			x := w.end(w.request("flow.w", c.params))
			if n := len(w.children(x.ID)); x.Status != c.status || n != c.children {
				t.Errorf("%s with %d children, want %s with %d: %s", x.Status, n, c.status, c.children, w.outputOf(x))
			}
			var most int
			perCommit := map[core.Time]int{}
			for _, child := range w.children(x.ID) {
				perCommit[child.Start]++
				most = max(most, perCommit[child.Start])
			}
			if most > 2 {
				t.Errorf("%d children began in one commit", most)
			}
		})
	}
}

// sideBySide has n tasks that are joined by one more.
func sideBySide(n int) string {
	text := "tasks:\n"
	for i := range n {
		text += fmt.Sprintf("  t%d: {action: test.echo v=1, next: [{do: [last]}]}\n", i)
	}
	return text + "  last: {join: all, action: test.echo v=2}\n"
}
