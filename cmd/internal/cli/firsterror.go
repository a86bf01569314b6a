package cli

import (
	"encoding/json"
	"strings"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

// mishap is what went wrong first in a workflow.
type mishap struct {
	way   []step   // to what went wrong, from the outermost workflow to the innermost
	tasks []string // the tasks on that way
	said  []string // by the action that failed
}

// step is what one workflow tells.
type step struct {
	at      string // "file:3: task t1"
	message string
}

// seeResult is the message of a task whose action failed: its result tells more.
const seeResult = "Execution failed. See result for details."

// lines tell the cause first, with file and line, and then the workflows around it.
func (m *mishap) lines(given string) []string {
	last := m.way[len(m.way)-1]
	message := strings.Split(last.message, "\n")
	if last.message == seeResult && m.said != nil {
		message = []string{m.said[len(m.said)-1]}
		message = append(message, m.said[:len(m.said)-1]...)
	}
	if last.at != "" {
		message[0] = last.at + ": " + message[0]
	}
	if given != "" {
		message = append(message, given)
	}
	for i := len(m.way) - 2; i >= 0; i-- {
		message = append(message, "within "+m.way[i].at)
	}
	return message
}

// firstError finds out what went wrong first, nil when nothing did.
func firstError(result any) *mishap {
	r, _ := result.(map[string]any)
	if failed := failedTask(r); failed != nil {
		name := failed.String("name")
		return deeper(mishap{way: []step{{"task " + name, seeResult}}, tasks: []string{name}}, failed["result"])
	}
	if text := client.Object(r).String("error"); text != "" {
		return &mishap{way: []step{{"", text}}}
	}
	errs, _ := r["errors"].([]any)
	if len(errs) == 0 {
		return refusal(r)
	}
	first, _ := errs[0].(map[string]any)
	m := mishap{way: []step{stepOf(first)}}
	if task := client.Object(first).String("task_id"); task != "" {
		m.tasks = []string{task}
	}
	return deeper(m, first["result"])
}

// deeper goes on where a task's result tells of a workflow.
func deeper(m mishap, result any) *mishap {
	if list, ok := result.([]any); ok { // of items
		result = nil
		for _, item := range list {
			if r, _ := item.(map[string]any); r != nil && (r["failed"] == true || r["errors"] != nil || r["error"] != nil) {
				result = item
				break
			}
		}
	}
	next := firstError(result)
	if r, _ := result.(map[string]any); next == nil || r["errors"] == nil && r["tasks"] == nil {
		m.said = said(result)
		return &m
	}
	return &mishap{way: append(m.way, next.way...), tasks: append(m.tasks, next.tasks...), said: next.said}
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
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(masked(o).Object("parameters")); err != nil {
		return ""
	}
	text := strings.TrimSpace(b.String())
	if len(text) > mostInput {
		text = strings.ToValidUTF8(text[:mostInput], "") + "…"
	}
	return "the action " + o.String("action.ref") + " was given " + text
}

// refusal tells what is wrong with a workflow that could not begin.
func refusal(r client.Object) *mishap {
	if _, refused := r["errors"].(map[string]any); refused && r.String("message") != "" {
		return &mishap{way: []step{{"", r.String("message")}}}
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

// stepOf reads an error of a workflow.
func stepOf(e client.Object) step {
	var at []string
	if file := e.String("file"); file != "" {
		at = append(at, file+":"+number(e["line"]))
	}
	if task := e.String("task_id"); task != "" {
		at = append(at, "task "+task)
	}
	s := step{at: strings.Join(at, ": "), message: e.String("message")}
	if text := e.String("expression"); text != "" && !strings.Contains(s.message, text) {
		s.message += ": " + text
	}
	return s
}

// said is what the result of a failed action tells: its error, or the end of what it
// wrote to stderr, and its exit code.
func said(result any) []string {
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
		return []string{"the action wrote nothing and returned " + render.Cell(code)}
	}
	return nil
}
