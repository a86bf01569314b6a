package workflow

import (
	"testing"

	"github.com/petrelhq/petrel/core"
)

// Items that are given out in portions end as if all had begun at once: those that come
// later begin although earlier ones have failed. Items that wait for each other do not.
func TestItemsInPortions(t *testing.T) {
	for _, c := range []struct {
		name, with string
		begun      int
	}{
		{"at once", `"<% list(1, 2, 3) %>"`, 3},
		{"two at a time", `{items: "<% list(1, 2, 3) %>", concurrency: 2}`, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, err := Parse("w.yaml", []byte("version: 1.0\ntasks:\n  a: {with: "+c.with+", action: core.noop}\n"))
			if err != nil {
				t.Fatal(err)
			}
			w, err := New(spec, Input{}, Env{})
			if err == nil {
				_, err = w.Update(StatusRequest{Status: core.Running})
			}
			begun := 0
			for err == nil && !w.Status().Final() {
				begun += failNext(t, w, 2)
				w, err = Restore(spec, Env{}, w.Snapshot())
			}
			if err != nil || begun != c.begun || w.Status() != core.Failed {
				t.Errorf("%d items began, want %d that fail: %v", begun, c.begun, err)
			}
		})
	}
}

// failNext begins the next portion of the task "a" and lets it fail.
func failNext(t *testing.T, w *Conductor, portion int) int {
	t.Helper()
	w.Portion = portion
	tasks, _ := w.Next()
	if len(tasks) != 1 || len(tasks[0].Actions) == 0 || len(tasks[0].Actions) > portion {
		t.Fatalf("Next gives %v", tasks)
	}
	for _, status := range []core.Status{core.Running, core.Failed} {
		for _, a := range tasks[0].Actions {
			if _, err := w.Update(ItemUpdate{Task: "a", Item: a.Item, Status: status}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return len(tasks[0].Actions)
}
