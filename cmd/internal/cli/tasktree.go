package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/petrelhq/petrel/sdk/client"
)

// taskAttributes are what the tree shows of each child.
const taskAttributes = "id,action,status,start_timestamp,end_timestamp,context,parent,reason"

// taskRun is one visit of a workflow's task: its execution, or those of its items, the
// last try of each.
type taskRun struct {
	name  string
	runs  []client.Execution
	items map[string]bool // those seen, by number; nil for a task without items
	tries int
}

// tasksOf sorts the children of each workflow, the oldest first, into visits of its tasks.
func tasksOf(children []client.Object) map[string][]*taskRun {
	below := map[string][]*taskRun{}
	open := map[string]*taskRun{} // the latest visit, by workflow, task and route
	for _, o := range children {
		e := client.ExecutionOf(o)
		name, place, item, attempt := placeOf(e)
		key := e.Parent + " " + place
		t := open[key]
		switch {
		case t != nil && item != "" && !t.items[item] && attempt+1 == t.tries:
			t.add(e, item)
			continue
		case t != nil && attempt >= t.tries: // the same visit, tried again
			t.runs, t.items, t.tries = nil, nil, attempt+1
			t.add(e, item)
			continue
		}
		t = &taskRun{name: name, tries: attempt + 1}
		t.add(e, item)
		open[key] = t
		below[e.Parent] = append(below[e.Parent], t)
	}
	return below
}

// placeOf says which task of its workflow a child carries out.
func placeOf(e client.Execution) (name, place, item string, attempt int) {
	task := e.Context.Object("orquesta")
	if task == nil {
		name = e.Context.String("chain.name")
		return name, name, "", 0
	}
	name = task.String("task_name")
	return name, name + " " + number(task["task_route"]), number(task["item_id"]), intOf(task["attempt"])
}

func number(v any) string {
	n, _ := v.(json.Number)
	return n.String()
}

func intOf(v any) int {
	n, _ := strconv.Atoi(number(v))
	return n
}

func (t *taskRun) add(e client.Execution, item string) {
	t.runs = append(t.runs, e)
	if item == "" {
		return
	}
	if t.items == nil {
		t.items = map[string]bool{}
	}
	t.items[item] = true
}

// status is the run's, or how many of the items are in which: "11/12 succeeded, 1 failed".
func (t *taskRun) status() string {
	if t.items == nil {
		return t.again(t.runs[0].Status)
	}
	counts := map[string]int{}
	var order []string
	for _, e := range t.runs {
		if counts[e.Status]++; counts[e.Status] == 1 {
			order = append(order, e.Status)
		}
	}
	parts := []string{fmt.Sprintf("%d/%d succeeded", counts["succeeded"], len(t.runs))}
	for _, status := range order {
		if status != "succeeded" {
			parts = append(parts, fmt.Sprintf("%d %s", counts[status], status))
		}
	}
	return t.again(strings.Join(parts, ", "))
}

func (t *taskRun) again(status string) string {
	if t.tries > 1 {
		return fmt.Sprintf("%s (try %d)", status, t.tries)
	}
	return status
}

// worst is the status that colours the line.
func (t *taskRun) worst() string {
	for _, e := range t.runs {
		if e.Status != "succeeded" {
			return e.Status
		}
	}
	return "succeeded"
}

func (t *taskRun) time(now time.Time) string {
	first, last := t.runs[0].Start, time.Time{}
	for _, e := range t.runs {
		if e.Start.Before(first) {
			first = e.Start
		}
		end := e.End
		if end.IsZero() {
			end = now
		}
		if end.After(last) {
			last = end
		}
	}
	return took(last.Sub(first))
}

// took is a length of time as people read it: 31ms, 4.2s, 3m20s.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "0ms"
	case d < time.Second:
		return strconv.Itoa(int(d/time.Millisecond)) + "ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return d.Truncate(time.Second).String()
}

// mostItems is how many items that did not succeed are shown one by one.
const mostItems = 5

// treeLine is one line of the tree.
type treeLine struct {
	name, status, time, action, id string
	paint                          string // the status that colours it
	reason                         string // why it waits
}

// tree draws the tasks below an execution.
type tree struct {
	below map[string][]*taskRun
	now   time.Time
	lines []treeLine
}

func (t *tree) grow(id, indent string) {
	tasks := t.below[id]
	for i, task := range tasks {
		branch, further := "├─ ", "│  "
		if i == len(tasks)-1 {
			branch, further = "└─ ", "   "
		}
		t.task(task, indent+branch, indent+further)
	}
}

func (t *tree) task(task *taskRun, here, further string) {
	first := task.runs[0]
	line := treeLine{
		name: here + task.name, status: task.status(), paint: task.worst(), time: task.time(t.now), action: first.ActionRef,
	}
	if task.items != nil {
		t.lines = append(t.lines, line)
		t.items(task, further)
		return
	}
	line.id, line.reason = first.ID, waiting(first)
	t.lines = append(t.lines, line)
	t.grow(first.ID, further)
}

// items shows those items that did not succeed, and what is below those that are workflows.
func (t *tree) items(task *taskRun, indent string) {
	left := 0
	for _, e := range task.runs {
		if e.Status == "succeeded" {
			continue
		}
		if left++; left > mostItems {
			continue
		}
		_, _, item, _ := placeOf(e)
		one := taskRun{runs: []client.Execution{e}}
		t.lines = append(t.lines, treeLine{
			name: indent + "[" + item + "]", status: e.Status, paint: e.Status, time: one.time(t.now), action: e.ActionRef, id: e.ID, reason: waiting(e),
		})
		t.grow(e.ID, indent+"  ")
	}
	if left > mostItems {
		t.lines = append(t.lines, treeLine{name: fmt.Sprintf("%s… and %d more", indent, left-mostItems)})
	}
}

// waiting is why an execution waits, "" when it does not.
func waiting(e client.Execution) string {
	if e.Completed() {
		return ""
	}
	return e.Raw.String("reason")
}

// text lays the lines out in columns.
func (t *tree) text(paint func(status, text string) string) string {
	var widths [4]int
	for _, l := range t.lines {
		for i, cell := range []string{l.name, l.status, l.time, l.action} {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	var b strings.Builder
	for _, l := range t.lines {
		line := padded(l.name, widths[0]) + "  " + paint(l.paint, padded(l.status, widths[1])) + "  " +
			strings.Repeat(" ", widths[2]-len(l.time)) + l.time + "  " + padded(l.action, widths[3]) + "  " + l.id
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		if l.reason != "" {
			b.WriteString(strings.Repeat(" ", runewidth.StringWidth(l.name)) + "  " + l.reason + "\n")
		}
	}
	return b.String()
}

func padded(text string, width int) string {
	return text + strings.Repeat(" ", width-runewidth.StringWidth(text))
}
