package orchestrator

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/workflow"
)

// chainTask is a task in the result of an ActionChain. st2: runners reference 6, result.
type chainTask struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	ExecutionID string          `json:"execution_id"`
	LiveAction  string          `json:"liveaction_id"`
	Workflow    *string         `json:"workflow"` // always null
	Created     string          `json:"created_at"`
	Updated     string          `json:"updated_at"`
	State       core.Status     `json:"state"`
	Result      json.RawMessage `json:"result"`
}

// chainResult is what an ActionChain that has ended shows.
func (s *session) chainResult(ctx context.Context) (json.RawMessage, error) {
	tasks, err := s.chainTasks(ctx)
	if err != nil {
		return nil, err
	}
	published, err := s.output("{}")
	if err != nil {
		return nil, err
	}
	shown := map[string]any{"tasks": tasks}
	_, runner, _, err := s.o.Executions.Inputs(ctx, s.x)
	if display, ok := runner["display_published"].(bool); err != nil || !ok || display {
		shown["published"] = published
	}
	var messages []string
	for _, e := range s.c.Errors() {
		if e.Message != workflow.TaskFailed { // that shows with the task
			messages = append(messages, e.String())
		}
	}
	if len(messages) > 0 {
		shown["error"], shown["traceback"] = strings.Join(messages, "\n"), ""
	}
	return json.Marshal(shown)
}

func (s *session) chainTasks(ctx context.Context) ([]chainTask, error) {
	children, err := s.o.childrenOf(ctx, s.x.ID)
	if err != nil {
		return nil, err
	}
	tasks := make([]chainTask, 0, len(children))
	for _, c := range children {
		if c.Context.Task == nil {
			continue
		}
		result, err := s.o.Store.Result(ctx, c)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, chainTask{
			ID: c.Context.Task.TaskID, Name: c.Context.Task.Name, ExecutionID: c.ID, LiveAction: c.ID,
			Created: c.Start.String(), Updated: c.End.String(), State: c.Status, Result: result,
		})
	}
	return s.withRefused(tasks)
}

// withRefused adds the tasks whose action could not be asked for: they have no execution.
func (s *session) withRefused(tasks []chainTask) ([]chainTask, error) {
	for _, e := range s.c.Errors() {
		ran := slices.ContainsFunc(tasks, func(t chainTask) bool { return t.Name == e.Task })
		if e.Message != workflow.TaskFailed || ran {
			continue
		}
		result, err := json.Marshal(e.Result)
		if err != nil {
			return nil, err
		}
		now := s.tx.Time().String()
		id := core.DeriveID("task", s.x.ID, e.Task, "0")
		tasks = append(tasks, chainTask{ID: id, Name: e.Task, Created: now, Updated: now, State: core.Failed, Result: result})
	}
	return tasks, nil
}
