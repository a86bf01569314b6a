package workflow

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
)

// driver does instantly what a conductor asks for: every action succeeds, with the result 1 or the item's number.
type driver struct {
	c     *Conductor
	batch bool // ask for tasks only when nothing runs
	steps int
	bytes int // of the steps as JSON
	count bool
	// result, when set, is what item i gives.
	result func(i int) any
}

func (d *driver) took(s Step, err error) error {
	if err != nil {
		return err
	}
	d.steps++
	if d.count {
		raw, err := json.Marshal(s)
		if err != nil {
			return err
		}
		d.bytes += len(raw)
	}
	return nil
}

func (d *driver) update(events ...Event) error { return d.took(d.c.Update(events...)) }

// run conducts the workflow to its end.
func (d *driver) run() error {
	if err := d.update(StatusRequest{core.Requested}, StatusRequest{core.Running}); err != nil {
		return err
	}
	var running []Event
	for {
		tasks, step := d.c.Next()
		if err := d.took(step, nil); err != nil {
			return err
		}
		begun, ends := beginAll(tasks, d.result)
		if len(begun) > 0 {
			if err := d.update(begun...); err != nil {
				return err
			}
		}
		running = append(running, ends...)
		if len(running) == 0 {
			return d.took(d.c.Conclude(), nil)
		}
		n := 1
		if d.batch {
			n = len(running)
		}
		for _, ev := range running[:n] {
			if err := d.update(ev); err != nil {
				return err
			}
		}
		running = running[n:]
	}
}

func beginAll(tasks []Task, result func(int) any) (begun, ends []Event) {
	for _, t := range tasks {
		for _, a := range t.Actions {
			if t.HasItems {
				begun = append(begun, ItemUpdate{t.ID, t.Route, a.Item, core.Running, nil})
				end := ItemUpdate{t.ID, t.Route, a.Item, core.Succeeded, int64(a.Item)}
				if result != nil {
					end.Result = result(a.Item)
				}
				ends = append(ends, end)
			} else {
				begun = append(begun, TaskUpdate{t.ID, t.Route, core.Running, nil})
				ends = append(ends, TaskUpdate{t.ID, t.Route, core.Succeeded, int64(1)})
			}
		}
		if t.HasItems && t.Items == 0 {
			begun = append(begun, TaskUpdate{t.ID, t.Route, core.Running, nil})
			ends = append(ends, TaskUpdate{t.ID, t.Route, core.Succeeded, nil})
		}
	}
	return begun, ends
}

// conduct parses a workflow and runs it to its end, which must be success.
func conduct(source []byte, batch, count bool) (*driver, error) {
	spec, err := Parse("w.yaml", source)
	if err != nil {
		return nil, err
	}
	c, err := New(spec, Input{}, Env{})
	if err != nil {
		return nil, err
	}
	d := &driver{c: c, batch: batch, count: count}
	if err := d.run(); err != nil {
		return nil, err
	}
	if c.Status() != core.Succeeded {
		return nil, fmt.Errorf("the workflow is %s: %v", c.Status(), c.Errors())
	}
	return d, nil
}

func perfFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/perf/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sequence is a workflow of n tasks in a row; with distinct each publishes a variable of its own.
func sequence(n int, distinct bool) []byte {
	var b strings.Builder
	b.WriteString("version: 1.0\nvars: [{n: 0}]\noutput: [{n: <% ctx().n %>}]\ntasks:\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  t%d:\n    action: core.noop v=<%% ctx().n %%>\n", i)
		if i < n {
			extra := ""
			if distinct {
				extra = fmt.Sprintf(" v%d=1", i)
			}
			fmt.Fprintf(&b, "    next:\n      - when: <%% succeeded() %%>\n        publish: n=<%% ctx().n + 1 %%>%s\n        do: t%d\n", extra, i+1)
		}
	}
	return []byte(b.String())
}

func fanout(n int) []byte {
	var b strings.Builder
	b.WriteString("version: 1.0\ntasks:\n  start:\n    action: core.noop\n    next:\n      - do: [")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "b%d, ", i)
	}
	b.WriteString("]\n  done: {join: all, action: core.noop}\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  b%d:\n    action: core.noop\n    next:\n      - publish: r%d=<%% result() %%>\n        do: done\n", i, i)
	}
	return []byte(b.String())
}

func itemsWorkflow(n int, concurrency string) []byte {
	return fmt.Appendf(nil, `version: 1.0
vars: [{l: <%% range(%d).toList() %%>}]
output: [{n: <%% ctx().r.len() %%>}]
tasks:
  t1:
    with: {items: i in <%% ctx().l %%>%s}
    action: core.echo message=<%% item(i) %%>
    next: [{when: <%% succeeded() %%>, publish: r=<%% result() %%>}]
`, n, concurrency)
}
