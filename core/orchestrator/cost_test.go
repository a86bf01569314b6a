package orchestrator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// cost is what a task of a workflow takes.
type cost struct {
	applies, ops, bytes, reads float64
	time                       time.Duration
}

// costOf runs a workflow of n tasks and divides what it took by them.
func costOf(t *testing.T, text, params string, n int) cost {
	w := newWorld(t, map[string]string{"w": text})
	w.start()
	before, began := w.store.Stats(), time.Now()
	x := w.await(w.request("flow.w", params), core.Status.Final)
	took, after := time.Since(began), w.store.Stats()
	if x.Status != core.Succeeded {
		t.Fatalf("%s: %s", x.Status, w.outputOf(x))
	}
	w.stop()
	each := func(f func(store.Stats) int64) float64 { return float64(f(after)-f(before)) / float64(n) }
	return cost{
		each(func(s store.Stats) int64 { return s.Applies }), each(func(s store.Stats) int64 { return s.Ops }),
		each(func(s store.Stats) int64 { return s.Bytes }), each(func(s store.Stats) int64 { return s.Reads }), took / time.Duration(n),
	}
}

func sequence(n int) string {
	var b strings.Builder
	b.WriteString(flow("vars: [{i: 0}]\ntasks:\n"))
	for i := range n {
		fmt.Fprintf(&b, "  t%d:\n    action: test.echo v=<%% ctx(i) %%>\n", i)
		if i+1 < n {
			fmt.Fprintf(&b, "    next: [{when: <%% succeeded() %%>, publish: [{i: <%% result().v + 1 %%>}], do: t%d}]\n", i+1)
		}
	}
	return b.String()
}

const itemsOf = "tasks:\n  a: {with: {items: i in <% range(ctx(n)).toList() %>}, action: test.echo v=<% item(i) %>}\n"
const someItemsOf = "tasks:\n  a: {with: {items: i in <% range(ctx(n)).toList() %>, concurrency: 10}, action: test.echo v=<% item(i) %>}\n"

// What a task costs does not grow with the number of tasks.
func TestCostPerTaskIsFlat(t *testing.T) {
	for _, c := range []struct {
		name string
		text func(n int) string
	}{
		{"sequence", sequence},
		{"sequence with task()", func(n int) string {
			return strings.ReplaceAll(sequence(n), "result().v", "task(t0).result.v + result().v")
		}},
		{"items", func(int) string { return flow(itemsOf) }},
		{"items, ten at a time", func(int) string { return flow(someItemsOf) }},
	} {
		small := costOf(t, c.text(100), `{"n": 100}`, 100)
		large := costOf(t, c.text(1000), `{"n": 1000}`, 1000)
		for _, k := range []struct {
			n int
			cost
		}{{100, small}, {1000, large}} {
			t.Logf("%s of %d: per task %.1f Applies, %.1f ops, %.0f bytes, %.1f reads, %s", c.name, k.n, k.applies, k.ops, k.bytes, k.reads, k.time)
		}
		// How many endings share an Apply is a matter of luck: hence one more.
		if large.applies > 1.3*small.applies+1 || large.ops > 1.3*small.ops || large.bytes > 1.5*small.bytes || large.reads > 1.5*small.reads {
			t.Errorf("%s: the cost per task grows", c.name)
		}
	}
}
