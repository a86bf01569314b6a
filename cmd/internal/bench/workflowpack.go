package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// shape is a form of workflow that can be made for any number of tasks or items.
type shape struct {
	name string
	text func(n int) string
}

var (
	sequence  = shape{"sequence", sequenceText}
	fanOut    = shape{"fan-out", fanOutText}
	withItems = shape{"with-items", withItemsText}
)

// sequenceText has n tasks in a row, each of which publishes n + 1.
func sequenceText(n int) string {
	var w strings.Builder
	w.WriteString("version: 1.0\nvars: [{n: 0}]\noutput: [{n: <% ctx().n %>}]\ntasks:\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&w, "  t%d:\n    action: core.noop\n    next:\n      - when: <%% succeeded() %%>\n        publish: n=<%% ctx().n + 1 %%>\n        do: t%d\n", i, i+1)
	}
	fmt.Fprintf(&w, "  t%d:\n    action: core.noop\n", n)
	return w.String()
}

// fanOutText has n tasks side by side that are joined.
func fanOutText(n int) string {
	names, tasks := make([]string, n), ""
	for i := range n {
		names[i] = fmt.Sprintf("b%d", i+1)
		tasks += fmt.Sprintf("  %s:\n    action: core.noop\n    next:\n      - when: <%% succeeded() %%>\n        publish: r%d=<%% result() %%>\n        do: done\n", names[i], i+1)
	}
	return "version: 1.0\ntasks:\n  start:\n    action: core.noop\n    next:\n      - do: [" + strings.Join(names, ", ") + "]\n" +
		tasks + "  done:\n    join: all\n    action: core.noop\n"
}

// withItemsText has one task of n items, all of them at once.
func withItemsText(n int) string {
	return fmt.Sprintf("version: 1.0\nvars: [{l: <%% range(%d).toList() %%>}]\noutput: [{n: <%% ctx().r.len() %%>}]\n"+
		"tasks:\n  all:\n    with: i in <%% ctx().l %%>\n    action: core.noop\n    next:\n      - when: <%% succeeded() %%>\n        publish: r=<%% result() %%>\n", n)
}

// workflow is a workflow of the pack "bench".
type workflow struct {
	shape
	n int
}

func (w workflow) action() string {
	return strings.ReplaceAll(fmt.Sprintf("%s_%d", w.name, w.n), "-", "_")
}

// children is how many executions it begins.
func (w workflow) children() int {
	if w.name == fanOut.name {
		return w.n + 2
	}
	return w.n
}

// writePack writes a pack of workflows, and a configuration file that names its directory.
func (b *bench) writePack(ws []workflow) (config string, err error) {
	packs := filepath.Join(b.dir, "packs")
	actions := filepath.Join(packs, "bench", "actions")
	if err := os.MkdirAll(filepath.Join(actions, "workflows"), 0o700); err != nil {
		return "", err
	}
	config = filepath.Join(b.dir, "workflows.yaml")
	files := map[string]string{
		config: fmt.Sprintf("packs: [%q]\n", packs),
		filepath.Join(packs, "bench", "pack.yaml"): "name: bench\ndescription: Workflows to measure\nversion: 1.0.0\nauthor: bench\nemail: bench@example.net\n",
	}
	for _, w := range ws {
		name := w.action()
		files[filepath.Join(actions, name+".yaml")] = fmt.Sprintf("name: %s\nrunner_type: orquesta\nenabled: true\nentry_point: workflows/%s.yaml\n", name, name)
		files[filepath.Join(actions, "workflows", name+".yaml")] = w.text(w.n)
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return config, nil
}
