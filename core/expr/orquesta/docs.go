package orquesta

import "github.com/petrelhq/petrel/core/expr"

// Docs describe the functions that workflows add to expressions. Each example means the same in both
// languages, and Result is its value as JSON. They are about a workflow whose variables are {"x": 1},
// after its task t1 has succeeded with the result {"stdout": "ok"}, at the item {"host": "web1"}.
func Docs() []expr.Doc {
	return []expr.Doc{
		{Name: "ctx", Signature: "ctx(name)", Summary: "A variable of the workflow; without a name, all of them.", Example: "ctx().x + ctx('x')", Result: "2"},
		{Name: "item", Signature: "item(key)", Summary: "The item that a task with items is at, or one member of it.", Example: "item('host')", Result: `"web1"`},
		{Name: "task_status", Signature: "task_status(task, route)", Summary: "The status of a task; the text null before it has one.", Example: "task_status('t1')", Result: `"succeeded"`},
		{Name: "succeeded", Signature: "succeeded()", Summary: "Whether the task that just ended succeeded.", Example: "succeeded()", Result: "true"},
		{Name: "failed", Signature: "failed()", Summary: "Whether the task that just ended failed.", Example: "failed()", Result: "false"},
		{Name: "completed", Signature: "completed()", Summary: "Whether the task has ended, in whatever way.", Example: "completed()", Result: "true"},
		{Name: "result", Signature: "result()", Summary: "What the task that just ended has given.", Example: "result().stdout", Result: `"ok"`},
		{Name: "json", Signature: "json(text)", Summary: "The value that a JSON text holds.", Example: "json('[1, 2]')[1]", Result: "2"},
		{Name: "zip", Signature: "zip(list, …, pad)", Summary: "The lists side by side: one row for each position, short lists filled up with pad or null.", Example: "zip([1, 2], [3])", Result: "[[1, 3], [2, null]]"},
	}
}
