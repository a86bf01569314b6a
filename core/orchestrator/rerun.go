package orchestrator

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/workflow"
)

// beginAgain begins where another run of the workflow ended: from the tasks asked for, or
// from those it ended with badly. The other run stays as it is. A part of a workflow that
// has nothing to go on from begins anew, which begun says by false while s.c is nil.
func (s *session) beginAgain(ctx context.Context, again *core.ReRun) (begun bool, err error) {
	old, f, cause := s.before(ctx, again)
	var children []*core.Execution
	if cause == nil {
		if s.c, cause = s.o.restore(ctx, f, s.env(ctx)); cause != nil {
			return false, s.refuse(ctx, cause)
		}
		if children, err = s.lineage(ctx, old); err != nil {
			return false, err
		}
		cause = s.rerun(ctx, old, again, children)
	}
	switch {
	case cause != nil && again.Failed && core.KindOf(cause) == core.Invalid:
		s.c = nil
		return false, nil
	case cause != nil:
		return false, s.refuse(ctx, cause)
	}
	if err := s.found(f.Spec, f.File); err != nil {
		return false, err
	}
	s.flow.Again = s.workflowsAmong(children, again)
	return true, nil
}

// before finds the other run. The errors are Invalid.
func (s *session) before(ctx context.Context, again *core.ReRun) (*core.Execution, *store.Flow, error) {
	old, err := s.o.Store.Executions().Get(ctx, again.Ref)
	if err != nil {
		return nil, nil, core.Errorf(core.Invalid, "The execution \"%s\" to run again is gone.", again.Ref)
	}
	f, err := s.o.Store.Flows().Get(ctx, old.ID)
	if err != nil {
		return nil, nil, core.Errorf(core.Invalid, "Of the execution \"%s\" nothing is kept that could go on: run it again without tasks.", old.ID)
	}
	return old, f, nil
}

// rerun tells the conductor where to go on, and with which input if that has changed.
func (s *session) rerun(ctx context.Context, old *core.Execution, again *core.ReRun, children []*core.Execution) error {
	_, _, params, err := s.o.Executions.Inputs(ctx, s.x)
	if err != nil {
		return err
	}
	input, err := s.input(params)
	if err != nil {
		return err
	}
	if bytes.Equal(old.Parameters, s.x.Parameters) {
		input.Parameters = nil
	}
	_, err = s.c.Update(workflow.Rerun{Tasks: rerunTasks(s.c, again), Input: input})
	return err
}

// rerunTasks finds the route on which each named task ran last.
func rerunTasks(c *workflow.Conductor, again *core.ReRun) []workflow.RerunTask {
	tasks := make([]workflow.RerunTask, 0, len(again.Tasks))
	runs := c.Runs()
	for _, name := range again.Tasks {
		t := workflow.RerunTask{Task: name, Reset: slices.Contains(again.Reset, name)}
		for i := len(runs) - 1; i >= 0; i-- {
			if runs[i].Task == name {
				t.Route = runs[i].Route
				break
			}
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// maxLineage is how many runs before a run are looked at.
const maxLineage = 100

// lineage are the children of a run, behind those of the runs that it went on from.
func (s *session) lineage(ctx context.Context, x *core.Execution) ([]*core.Execution, error) {
	var all []*core.Execution
	for range maxLineage {
		children, err := s.o.childrenOf(ctx, x.ID)
		if err != nil {
			return nil, err
		}
		all = append(children, all...)
		again := x.Context.ReRun
		if again == nil || !again.Continues() {
			break
		}
		if x, err = s.o.Store.Executions().Get(ctx, again.Ref); core.KindOf(err) == core.NotFound {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// workflowsAmong are the children that are workflows themselves and whose last run failed,
// by where they stand: their tasks, when they run again, go on where those ended.
func (s *session) workflowsAmong(children []*core.Execution, again *core.ReRun) map[string]string {
	found := map[string]string{}
	for _, c := range children {
		at := c.Context.Task
		if at == nil || !s.o.Conducts(c.Runner) || slices.Contains(again.Reset, at.Name) {
			continue
		}
		delete(found, placeOf(at))
		if c.Status != core.Succeeded && (len(again.Tasks) == 0 || slices.Contains(again.Tasks, at.Name)) {
			found[placeOf(at)] = c.ID
		}
	}
	return found
}

// placeOf names a task, or an item of one, with its route.
func placeOf(at *core.TaskContext) string {
	if at.Item != nil {
		return fmt.Sprintf("%s/%d/%d", at.Name, at.Route, *at.Item)
	}
	return fmt.Sprintf("%s/%d", at.Name, at.Route)
}
