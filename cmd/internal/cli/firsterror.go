package cli

import (
	"fmt"
	"strings"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

// mishap is what went wrong first in a workflow.
type mishap struct {
	lines []string // one for each workflow on the way to it, the outermost first
	tasks []string // the tasks on that way
	said  []string // by the action that failed
}

// firstError finds out what went wrong first, nil when nothing did.
func firstError(result any) *mishap {
	r, _ := result.(map[string]any)
	if failed := failedTask(r); failed != nil {
		name := client.Object(failed).String("name")
		return deeper(mishap{lines: []string{"task " + name}, tasks: []string{name}}, failed["result"])
	}
	if text := client.Object(r).String("error"); text != "" {
		return &mishap{lines: strings.Split(text, "\n")}
	}
	errs, _ := r["errors"].([]any)
	if len(errs) == 0 {
		return inspectionLines(r)
	}
	first, _ := errs[0].(map[string]any)
	m := mishap{lines: []string{errorLine(first)}}
	if task := client.Object(first).String("task_id"); task != "" {
		m.tasks = []string{task}
	}
	return deeper(m, first["result"])
}

// deeper goes on where a task's result tells of a workflow.
func deeper(m mishap, result any) *mishap {
	next := firstError(result)
	if r, _ := result.(map[string]any); next == nil || r["errors"] == nil && r["tasks"] == nil {
		m.said = said(result)
		return &m
	}
	return &mishap{lines: append(m.lines, next.lines...), tasks: append(m.tasks, next.tasks...), said: next.said}
}

// failedIn finds the execution of the last task on the way, nil when it is not among the children.
func (m *mishap) failedIn(below map[string][]*taskRun, id string) *client.Execution {
	var found *client.Execution
	for _, name := range m.tasks {
		if found = failedRun(below[id], name); found == nil {
			return nil
		}
		id = found.ID
	}
	return found
}

func failedRun(tasks []*taskRun, name string) *client.Execution {
	for _, t := range tasks {
		for i, e := range t.runs {
			if t.name == name && e.Completed() && e.Status != "succeeded" {
				return &t.runs[i]
			}
		}
	}
	return nil
}

// mostInput is how many letters of an action's parameters are shown.
const mostInput = 300

// inputLine tells what an action was given.
func inputLine(o client.Object) string {
	var b strings.Builder
	if err := render.JSON(&b, map[string]any(masked(o).Object("parameters"))); err != nil {
		return ""
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	if len(text) > mostInput {
		text = strings.ToValidUTF8(text[:mostInput], "") + "…"
	}
	return "the action " + o.String("action.ref") + " was given " + text
}

// inspectionLines are what is wrong with a workflow that could not begin.
func inspectionLines(r client.Object) *mishap {
	if _, refused := r["errors"].(map[string]any); refused && r.String("message") != "" {
		return &mishap{lines: strings.Split(r.String("message"), "\n")}
	}
	return nil
}

// failedTask is the task that an ActionChain ended with, when it failed there.
func failedTask(r client.Object) client.Object {
	tasks, _ := r["tasks"].([]any)
	if len(tasks) == 0 {
		return nil
	}
	last, _ := tasks[len(tasks)-1].(map[string]any)
	if state := client.Object(last).String("state"); state == "" || state == "succeeded" {
		return nil
	}
	return last
}

// errorLine is "file:3: task t1: message: expression".
func errorLine(e client.Object) string {
	line := e.String("message")
	if task := e.String("task_id"); task != "" {
		line = "task " + task + ": " + line
	}
	if text := e.String("expression"); text != "" && !strings.Contains(line, text) {
		line += ": " + text
	}
	if file := e.String("file"); file != "" {
		line = fmt.Sprintf("%s:%s: %s", file, number(e["line"]), line)
	}
	return line
}

// said is what the result of a failed action tells: its error, or the end of what it
// wrote to stderr, and its exit code.
func said(result any) []string {
	if list, ok := result.([]any); ok { // of items
		for _, item := range list {
			if lines := said(item); lines != nil {
				return lines
			}
		}
		return nil
	}
	r, _ := result.(map[string]any)
	if r == nil || r["succeeded"] == true {
		return nil
	}
	for _, name := range []string{"error", "stderr", "message"} {
		if text := strings.TrimSpace(client.Object(r).String(name)); text != "" {
			lines := strings.Split(text, "\n")
			return lines[max(0, len(lines)-3):]
		}
	}
	if code, ok := r["return_code"]; ok {
		return []string{"it wrote nothing and returned " + render.Cell(code)}
	}
	return nil
}
