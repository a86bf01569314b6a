package functions

import (
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// Workflow is what expressions in a workflow see.
type Workflow struct {
	Vars  *expr.Dict // the visible context, without names that begin with "__"
	Task  *expr.Dict // the current task: id, route, result; nil when there is none
	Item  expr.Value // the current item of with-items
	State *expr.Dict // tasks, sequence and routes as orquesta keeps them; nil when there are none
	// Status, when set, answers task_status instead of State: the status of a task on a route, "" for none.
	Status func(task string, route int64) string
	// Extra are further functions of this evaluation: st2kv, task.
	Extra map[string]Function

	private *expr.Dict // names with "__" that came along
}

// WorkflowOf takes a context apart whose names with "__" are the engine's: __state, __current_task, __current_item.
func WorkflowOf(context *expr.Dict) (*Workflow, error) {
	w := &Workflow{Vars: context}
	for k := range context.All() {
		if name, ok := k.(string); ok && strings.HasPrefix(name, "__") {
			return w, w.split(context)
		}
	}
	return w, nil
}

func (w *Workflow) split(context *expr.Dict) error {
	w.Vars, w.private = expr.NewDict(), context
	for k, v := range context.All() {
		if name, ok := k.(string); ok && strings.HasPrefix(name, "__") {
			continue
		}
		if err := w.Vars.Set(k, v); err != nil {
			return err
		}
	}
	expr.Freeze(w.Vars)
	w.State, _ = member(context, "__state").(*expr.Dict)
	w.Task, _ = member(context, "__current_task").(*expr.Dict)
	w.Item = member(context, "__current_item")
	return nil
}

func member(d *expr.Dict, name string) expr.Value {
	v, _ := d.Get(name)
	return v
}

// Function finds one of orquesta's functions for this workflow state.
func (w *Workflow) Function(name string) (Function, bool) {
	switch name {
	case "ctx":
		return Function{[]expr.Param{expr.Opt("key", nil)}, w.ctx}, true
	case "item":
		return Function{[]expr.Param{expr.Opt("key", nil)}, w.item}, true
	case "task_status":
		return Function{[]expr.Param{expr.Req("task_id"), expr.Opt("route", nil)}, w.taskStatus}, true
	case "succeeded", "failed":
		return Function{nil, w.statusIs(name)}, true
	case "completed":
		return Function{nil, w.statusIs("succeeded", "failed", "expired", "timeout", "abandoned", "canceled")}, true
	case "result":
		return Function{nil, w.result}, true
	}
	f, ok := w.Extra[name]
	return f, ok
}

// Data are orquesta's functions that need no workflow: json. (zip takes any number of arguments: see Zip.)
func Data() map[string]Function {
	return map[string]Function{"json": {[]expr.Param{expr.Req("s")}, parseJSON}}
}

func (w *Workflow) ctx(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	if yes, err := expr.Truthy(a[0]); err != nil || !yes {
		return w.Vars, err
	}
	name, ok := expr.Text(a[0])
	if !ok {
		return nil, expr.Errorf("AttributeError", "'%s' object has no attribute 'startswith'", expr.TypeName(a[0]))
	}
	if strings.HasPrefix(name, "__") && w.hides(name) {
		return nil, expr.Errorf("VariableInaccessibleError", "The variable \"%s\" is for internal use and inaccessible.", name)
	}
	v, ok := w.Vars.Get(name)
	if !ok {
		return nil, expr.Errorf("VariableUndefinedError", "The variable \"%s\" is undefined.", name)
	}
	return v, nil
}

// hides reports whether an engine's name is there, out of reach.
func (w *Workflow) hides(name string) bool {
	switch name {
	case "__state":
		return w.State != nil || w.Status != nil
	case "__current_task":
		return w.Task != nil
	case "__current_item":
		return w.Item != nil
	}
	if w.private == nil {
		return false
	}
	_, ok := w.private.Get(name)
	return ok
}

func (w *Workflow) item(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	if yes, err := expr.Truthy(a[0]); err != nil || !yes {
		return w.Item, err
	}
	d, ok := w.Item.(*expr.Dict)
	if !ok {
		return nil, evaluationError("Item is not type of collections.abc.Mapping.")
	}
	v, ok, err := d.Lookup(a[0])
	if err != nil || ok {
		return v, err
	}
	key, err := expr.Str(b, a[0])
	if err != nil {
		return nil, err
	}
	return nil, evaluationError("Item does not have key \"" + key + "\".")
}

func evaluationError(msg string) error {
	return &expr.Error{Class: "ExpressionEvaluationException", Msg: msg}
}

// current is the current task's id and route.
func (w *Workflow) current() (id string, route int64, err error) {
	if w.Task == nil || w.Task.Len() == 0 {
		return "", 0, evaluationError("The current task is not set in the context.")
	}
	id, _ = expr.Text(member(w.Task, "id"))
	route, _ = member(w.Task, "route").(int64)
	return id, route, nil
}

func (w *Workflow) statusIs(statuses ...string) func(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	return func(*expr.Budget, []expr.Value) (expr.Value, error) {
		id, route, err := w.current()
		if err != nil {
			return nil, err
		}
		status := w.statusOf(id, route)
		for _, s := range statuses {
			if s == status {
				return true, nil
			}
		}
		return false, nil
	}
}

func (w *Workflow) result(*expr.Budget, []expr.Value) (expr.Value, error) {
	if _, _, err := w.current(); err != nil {
		return nil, err
	}
	return member(w.Task, "result"), nil
}

func (w *Workflow) taskStatus(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	id, err := text(b, a[0])
	if err != nil {
		return nil, err
	}
	route := int64(0)
	if w.Task != nil {
		route, _ = member(w.Task, "route").(int64)
	}
	if a[1] != nil {
		if route, err = expr.AsInt(a[1]); err != nil {
			return nil, err
		}
	}
	return w.statusOf(id, route), nil
}

// unset is the status of a task that has none yet.
const unset = "null"

func (w *Workflow) statusOf(task string, route int64) string {
	if w.Status != nil {
		if s := w.Status(task, route); s != "" {
			return s
		}
		return unset
	}
	if w.State == nil {
		return unset
	}
	for route >= 0 {
		if s, ok := w.entry(task, route); ok {
			return s
		}
		route = w.earlier(route)
	}
	return unset
}

// entry is the status of a task on exactly one route.
func (w *Workflow) entry(task string, route int64) (string, bool) {
	pointers, _ := member(w.State, "tasks").(*expr.Dict)
	if pointers == nil {
		return "", false
	}
	i, ok := pointers.Get(task + "__r" + strconv.FormatInt(route, 10))
	if !ok || i == nil {
		return "", false
	}
	found, _ := expr.Index(member(w.State, "sequence"), i)
	d, ok := found.(*expr.Dict)
	if !ok {
		return unset, true
	}
	if s, ok := expr.Text(member(d, "status")); ok {
		return s, true
	}
	return unset, true
}

// earlier is the nearest route before the given one that it went through; -1 when there is none.
func (w *Workflow) earlier(route int64) int64 {
	routes, _ := member(w.State, "routes").(*expr.List)
	if routes == nil || route >= int64(len(routes.Items)) {
		return -1
	}
	here, err := expr.Items(nil, routes.Items[route])
	if err != nil {
		return -1
	}
	for r := route - 1; r >= 0; r-- {
		steps, err := expr.Items(nil, routes.Items[r])
		if err == nil && containsAll(here, steps) {
			return r
		}
	}
	return -1
}

func containsAll(all, some []expr.Value) bool {
	for _, s := range some {
		if in, err := expr.Contains(nil, expr.Tuple(all), s); err != nil || !in {
			return false
		}
	}
	return true
}

func parseJSON(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	if d, ok := a[0].(*expr.Dict); ok {
		return d, nil
	}
	s, ok := expr.Text(a[0])
	if !ok {
		return nil, expr.Errorf("TypeError", "Given object is not typeof string.")
	}
	return expr.ParseJSON(b, s)
}

// Zip pairs up the items of its arguments; shorter ones are filled with the keyword argument pad.
func Zip(c *expr.Call) (expr.Value, error) {
	if len(c.Args) == 1 {
		if c.Args[0] == nil {
			return expr.NewList(), nil
		}
		return c.Args[0], nil
	}
	pad, _ := c.Kwarg("pad")
	columns := make([][]expr.Value, len(c.Args))
	longest := 0
	for i, a := range c.Args {
		if a == nil {
			continue
		}
		items, err := expr.Items(c.Budget, a)
		if err != nil {
			return nil, err
		}
		columns[i] = items
		longest = max(longest, len(items))
	}
	if err := c.Budget.GrowItems(longest * (len(columns) + 2)); err != nil {
		return nil, err
	}
	out := expr.NewList()
	for row := range longest {
		t := make(expr.Tuple, len(columns))
		for i, col := range columns {
			t[i] = pad
			if row < len(col) {
				t[i] = col[row]
			}
		}
		out.Items = append(out.Items, t)
	}
	return out, nil
}
