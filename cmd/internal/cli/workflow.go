package cli

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

// isWorkflow reports whether an execution has tasks.
func isWorkflow(o client.Object) bool {
	return slices.Contains([]string{"orquesta", "action-chain"}, o.String("action.runner_type"))
}

// workflowAttributes are shown of a workflow in place of those of other executions.
// st2: cli.md, workflow display.
var workflowAttributes = slices.DeleteFunc(slices.Clone(getAttributes), func(name string) bool { return name == "context.user" })

// showWorkflow prints a workflow: what it is, what went wrong first, and its tasks.
//
// st2 differs: the tasks are a tree, with the items of one task on one line; the table of
// all children, as StackStorm's client prints it, is what --show-tasks shows. Documents
// have the workflow only, and its tasks as a second one with --show-tasks. -k and --attr count.
func (s *session) showWorkflow(ctx context.Context, o client.Object, v view) error {
	children, err := s.children(ctx, o.ID(), v.depth, !s.document() || v.tasks)
	if err != nil {
		return err
	}
	if s.document() {
		if err := s.writeDocument(selected(o, s.attributes)); err != nil || !v.tasks {
			return err
		}
		return s.taskTable(children)
	}
	below := tasksOf(children)
	properties := s.properties(o, s.workflowAttributes(v))
	news, err := s.workflowNews(ctx, o, children, below)
	if err != nil {
		return err
	}
	properties = afterStatus(properties, append(lineage(o), news...))
	if err := render.Text(s.stdout, properties); err != nil {
		return err
	}
	if v.tasks {
		return s.taskTable(children)
	}
	t := tree{below: below, now: s.now()}
	t.grow(o.ID(), "")
	if len(t.lines) > 0 {
		s.printf("tasks: \n%s", t.text(s.paintAs))
	}
	return nil
}

func (s *session) workflowAttributes(v view) []string {
	if v.exclude {
		return slices.DeleteFunc(slices.Clone(workflowAttributes), func(name string) bool { return name == "result" })
	}
	return workflowAttributes
}

// children are the descendants of an execution down to a depth, below 0 all.
func (s *session) children(ctx context.Context, id string, depth int, wanted bool) ([]client.Object, error) {
	if !wanted {
		return nil, nil
	}
	c, err := s.api(ctx)
	if err != nil {
		return nil, err
	}
	query := url.Values{"depth": {strconv.Itoa(depth)}, "include_attributes": {taskAttributes}}
	page, err := c.List(ctx, client.Path("executions", id, "children"), query)
	return page.Items, err
}

// workflowNews are what is added to a workflow that failed or waits.
func (s *session) workflowNews(ctx context.Context, o client.Object, children []client.Object, below map[string][]*taskRun) ([]render.Property, error) {
	if m := firstError(o["result"]); m != nil && o.String("status") != "succeeded" {
		lines, err := s.explained(ctx, m, m.failedIn(below, o.ID()))
		return []render.Property{{Name: "error", Value: strings.Join(lines, "\n  ")}}, err
	}
	if client.ExecutionOf(o).Completed() || o.String("reason") != "" {
		return reasonOf(o), nil
	}
	for _, child := range children {
		if e := client.ExecutionOf(child); waiting(e) != "" {
			name, _, _, _ := placeOf(e)
			return []render.Property{{Name: "reason", Value: "task " + name + " " + waiting(e)}}, nil
		}
	}
	return nil, nil
}

// explained are a mishap's lines, with what the action that failed was given.
func (s *session) explained(ctx context.Context, m *mishap, failed *client.Execution) ([]string, error) {
	if failed == nil {
		return m.lines(""), nil
	}
	c, err := s.api(ctx)
	if err != nil {
		return nil, err
	}
	e, err := c.Execution(ctx, failed.ID, url.Values{"include_attributes": {"id,action,parameters"}})
	if err != nil {
		return nil, err
	}
	return m.lines(inputLine(e.Raw)), nil
}

// lineage names the execution that this one repeats.
func lineage(o client.Object) []render.Property {
	if ref := o.String("context.re-run.ref"); ref != "" {
		return []render.Property{{Name: "re-run of", Value: ref}}
	}
	return nil
}

// reasonOf is why an execution waits.
func reasonOf(o client.Object) []render.Property {
	if reason := waiting(client.ExecutionOf(o)); reason != "" {
		return []render.Property{{Name: "reason", Value: reason}}
	}
	return nil
}

// afterStatus puts news behind the status.
func afterStatus(properties, news []render.Property) []render.Property {
	i := slices.IndexFunc(properties, func(p render.Property) bool { return p.Name == "status" })
	return slices.Insert(properties, i+1, news...)
}

// paintAs colours a text as its status is coloured.
func (s *session) paintAs(status, text string) string {
	if s.colour() == nil {
		return text
	}
	return strings.Replace(statusColour(status), status, text, 1)
}

var childResource = resource{
	name: "Action Execution", plural: "action executions", key: "id",
	columns: []string{"id", "status", "task", "action", "start_timestamp"},
	times:   []string{"start_timestamp"},
}

// taskTable prints all children, as StackStorm's client does. st2: cli.md, workflow display.
func (s *session) taskTable(children []client.Object) error {
	parents := map[string]bool{}
	for _, o := range children {
		parents[o.String("parent")] = true
	}
	nested := slices.ContainsFunc(children, func(o client.Object) bool { return parents[o.ID()] })
	depths := map[string]int{}
	rows := make([]client.Object, len(children))
	for i, o := range children {
		e := client.ExecutionOf(o)
		name, _, _, _ := placeOf(e)
		depths[e.ID] = depths[e.Parent] + 1
		id := e.ID
		switch indent := strings.Repeat(" ", depths[e.ID]-1); {
		case s.document():
		case parents[e.ID]:
			id = "+ " + indent + id
		case nested:
			id = "  " + indent + id
		}
		rows[i] = client.Object{
			"id": id, "task": name, "action": e.ActionRef, "start_timestamp": o["start_timestamp"],
			"status": render.Elapsed(e.Status, o.String("start_timestamp"), o.String("end_timestamp"), s.now()),
		}
	}
	if s.document() {
		parts := make([]any, len(rows))
		for i, row := range rows {
			parts[i] = selected(row, childResource.columns)
		}
		return s.writeDocument(parts)
	}
	s.printf("\n")
	return s.table(childResource, rows, childResource.columns)
}
