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
			w := inPortions(t, c.text)
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

// inPortions is a world whose workflows begin two children in a commit.
func inPortions(t *testing.T, text string) *world {
	w := newWorld(t, map[string]string{"w": flow(text)})
	w.flows.Portion = 2
	w.engine.Conductor = restarting{w.flows}
	w.start()
	return w
}

// Children that wait for one that has yet to begin do not hold it up: all begin although
// none ends.
func TestChildrenBeginBesideThoseThatWait(t *testing.T) {
	w := inPortions(t, "tasks:\n  a: {with: {items: i in <% range(7).toList() %>}, action: test.hold, input: {name: \"h<% item(i) %>\"}}\n")
	id := w.request("flow.w", "{}")
	w.awaitHold("h6")
	for i := range 7 {
		w.letGo(fmt.Sprintf("h%d", i))
	}
	if x := w.end(id); x.Status != core.Succeeded {
		t.Errorf("%s: %s", x.Status, w.outputOf(x))
	}
}

// Questions that are too many for one commit are all asked, if not before some of them
// are answered: the first make the workflow stand still.
func TestQuestionsInPortions(t *testing.T) {
	w := inPortions(t, "tasks:\n  a: {with: {items: i in <% range(7).toList() %>}, action: test.ask}\n")
	id := w.request("flow.w", "{}")
	for {
		x := w.await(id, func(s core.Status) bool { return s == core.Paused || s.Final() })
		if x.Status.Final() {
			break
		}
		for _, child := range w.children(id) {
			if child.Status == core.Pending {
				w.answer(child.ID, core.Succeeded)
			}
		}
	}
	if x := w.end(id); x.Status != core.Succeeded || len(w.children(id)) != 7 {
		t.Errorf("%s with %d children, want 7: %s", x.Status, len(w.children(id)), w.outputOf(x))
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
