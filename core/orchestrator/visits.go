package orchestrator

import (
	"slices"

	"github.com/petrelhq/petrel/core"
)

// visits are the stored executions of a workflow's tasks, by the tasks' names. They are
// collected when task() is first called and then stay with the live conductor: reading all
// children at each call would make a long workflow ever slower.
type visits map[string][]*visit // of each route one, those that began last at the end

// visit is the last time that a task began on a route: one execution, or one for each item.
type visit struct {
	route int
	ids   []string // "" where an item has none
	flow  string   // the run of the workflow that the last of them is of, and
	item  int      // its number
}

// add takes in children, in the order in which they began. Nobody has asked for them while
// there is nothing to add to.
func (v visits) add(children ...*core.Execution) {
	if v == nil {
		return
	}
	for _, child := range children {
		if at := child.Context.Task; at != nil {
			v.begun(at, child.ID)
		}
	}
}

func (v visits) begun(at *core.TaskContext, id string) {
	all := v[at.Name]
	now, item := &visit{route: at.Route}, 0
	if at.Item != nil {
		item = *at.Item
	}
	if i := slices.IndexFunc(all, func(w *visit) bool { return w.route == at.Route }); i >= 0 {
		if all[i].flow != at.Workflow || item > all[i].item { // items begin in order; a rerun leaves some out
			now = all[i]
		}
		all = slices.Delete(all, i, i+1)
	}
	if missing := item + 1 - len(now.ids); missing > 0 {
		now.ids = append(now.ids, make([]string, missing)...)
	}
	now.ids[item], now.flow, now.item = id, at.Workflow, item
	v[at.Name] = append(all, now)
}

// last returns the executions of the last visit of a task on a route or on an earlier one.
func (v visits) last(task string, route int) []string {
	for _, w := range slices.Backward(v[task]) {
		if w.route <= route {
			return slices.DeleteFunc(slices.Clone(w.ids), func(id string) bool { return id == "" })
		}
	}
	return nil
}
