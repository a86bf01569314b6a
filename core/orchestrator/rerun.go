package orchestrator

import (
	"context"
	"slices"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/workflow"
)

// beginAgain begins where another run of the workflow ended: from the tasks asked for, or
// from those it ended with badly. The other run stays as it is.
func (s *session) beginAgain(ctx context.Context, again *core.ReRun) (bool, error) {
	old, err := s.o.Store.Executions().Get(ctx, again.Ref)
	if err != nil {
		return false, s.refuse(ctx, core.Errorf(core.Invalid, "The execution \"%s\" to run again is gone.", again.Ref))
	}
	f, err := s.o.Store.Flows().Get(ctx, old.ID)
	if err != nil {
		return false, s.refuse(ctx, core.Errorf(core.Invalid, "Of the execution \"%s\" nothing is kept that could go on: run it again without tasks.", old.ID))
	}
	if s.c, err = s.o.restore(ctx, f, s.env(ctx)); err != nil {
		return false, s.refuse(ctx, err)
	}
	children, err := s.o.childrenOf(ctx, old.ID)
	if err != nil {
		return false, err
	}
	if _, err := s.c.Update(workflow.Rerun{Tasks: rerunTasks(again, children)}); err != nil {
		return false, s.refuse(ctx, err)
	}
	if err := s.found(f.Spec, f.File); err != nil {
		return false, err
	}
	s.flow.Again = s.workflowsAmong(children, again)
	return true, nil
}

// rerunTasks finds the last route on which each named task ran.
func rerunTasks(again *core.ReRun, children []*core.Execution) []workflow.RerunTask {
	tasks := make([]workflow.RerunTask, 0, len(again.Tasks))
	for _, name := range again.Tasks {
		t := workflow.RerunTask{Task: name, Reset: slices.Contains(again.Reset, name)}
		for _, c := range children {
			if at := c.Context.Task; at != nil && at.Name == name {
				t.Route = at.Route
			}
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// workflowsAmong are the children that are workflows themselves and failed: their tasks,
// when they run again, go on where those ended.
func (s *session) workflowsAmong(children []*core.Execution, again *core.ReRun) map[string]string {
	found := map[string]string{}
	for _, c := range children {
		at := c.Context.Task
		if at == nil || !s.o.Conducts(c.Runner) || c.Status == core.Succeeded || slices.Contains(again.Reset, at.Name) {
			continue
		}
		if len(again.Tasks) == 0 || slices.Contains(again.Tasks, at.Name) {
			found[at.Name] = c.ID
		}
	}
	return found
}
