package orchestrator

import (
	"context"
	"encoding/json"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/workflow"
)

// env is what a workflow's expressions reach outside of it.
func (s *session) env(ctx context.Context) workflow.Env {
	if s.x.Runner == ActionChain {
		return workflow.Env{Context: ctx, Templates: s.o.Templates, Variables: s.chainVariables()}
	}
	keyValue := s.o.KeyValue(ctx, s.x.Context.User)
	return workflow.Env{
		Context: ctx, Evaluator: s.o.Evaluator,
		Functions: func(_ string, route int) map[string]functions.Function {
			return map[string]functions.Function{"st2kv": keyValue, "task": s.taskFunction(ctx, route)}
		},
	}
}

// taskFunction is task(name): what is known of the last run of a task, as far as it has
// been stored. st2: runners reference 7, functions added by st2.
func (s *session) taskFunction(ctx context.Context, route int) functions.Function {
	return functions.Function{
		Params: []expr.Param{{Name: "task_name"}},
		Fn: func(_ *expr.Budget, a []expr.Value) (expr.Value, error) {
			name, ok := a[0].(string)
			if !ok {
				return nil, expr.Errorf("TypeError", "task() takes the name of a task")
			}
			return s.taskView(ctx, name, route)
		},
	}
}

func (s *session) taskView(ctx context.Context, name string, route int) (expr.Value, error) {
	if s.visits == nil {
		children, err := s.lineage(ctx, s.x)
		if err != nil {
			return nil, err
		}
		s.visits = visits{}
		s.visits.add(children...)
	}
	runs, err := s.o.Store.Executions().GetAll(ctx, s.visits.last(name, route))
	if err != nil {
		return nil, err
	}
	if len(runs) == 0 {
		return nil, expr.Errorf("ValueError", "Unable to find task execution for \"%s\".", name)
	}
	return s.viewOf(ctx, runs)
}

func (s *session) viewOf(ctx context.Context, runs []*core.Execution) (expr.Value, error) {
	first, last := runs[0], runs[len(runs)-1]
	results := make([]json.RawMessage, len(runs))
	for i, x := range runs {
		raw, err := s.o.Store.Result(ctx, x)
		if err != nil {
			return nil, err
		}
		if results[i] = raw; len(raw) == 0 {
			results[i] = json.RawMessage("null")
		}
	}
	view := map[string]any{
		"task_execution_id": first.Context.Task.TaskID, "workflow_execution_id": s.x.ID,
		"task_name": first.Context.Task.Name, "task_id": first.Context.Task.Name, "route": first.Context.Task.Route,
		"status": last.Status, "start_timestamp": first.Start.String(), "end_timestamp": last.End.String(), "result": results[0],
	}
	if first.Context.Task.Item != nil {
		view["result"] = map[string]any{"items": results}
	}
	return dict(view)
}

// chainVariables are what an ActionChain's templates see beside parameters and results.
// st2: runners reference 6, task parameter context.
func (s *session) chainVariables() *expr.Dict {
	around, err := dict(map[string]any{"parent": s.x.FullContext(), "execution_id": s.x.ID})
	if err != nil {
		around = expr.NewDict()
	}
	vars := s.o.Lookups(s.x)
	vars.Set("action_context", around) // a text is always a fit key
	expr.Freeze(vars)
	return vars
}
