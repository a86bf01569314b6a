package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/workflow"
)

// hear tells the conductor what became of a child.
func (s *session) hear(ctx context.Context, child *core.Execution) error {
	t := child.Context.Task
	var result expr.Value
	if child.Status.Final() {
		raw, err := s.o.Store.Result(ctx, child)
		if err != nil {
			return err
		}
		if result, err = valueOf(raw); err != nil {
			return err
		}
		s.flow.Open--
	}
	if s.c.Status().Final() && standsStill(child.Status) {
		return s.cancel(ctx, child)
	}
	news := []workflow.Event{updateOf(t, child.Status, result)}
	if t.Item != nil && child.Status.Final() && stoodStill(child) {
		// An item that stands still holds up its task, which misses its end unless it goes on first.
		news = []workflow.Event{updateOf(t, core.Running, nil), news[0]}
	}
	if child.Status.Final() && s.stands() {
		s.wake(news)
		return nil
	}
	s.update(news...)
	s.resumed = s.resumed || standsStill(child.Status)
	return nil
}

// wake tells a conductor that stands still of the end of a child. It goes on first: in its
// sleep it would not notice a failure. Unless a user has paused it, it then stays awake.
func (s *session) wake(end []workflow.Event) {
	s.update(workflow.StatusRequest{Status: core.Resuming})
	s.update(end...)
	if s.x.Context.PausedBy != "" {
		s.update(workflow.StatusRequest{Status: core.Pausing})
		return
	}
	s.resumed = true
}

// stands reports whether the workflow stands still, or is about to because of a question.
func (s *session) stands() bool {
	if s.x.Status == core.Canceling {
		return false
	}
	now := s.c.Status()
	return now == core.Paused || now == core.Pausing && s.x.Context.PausedBy == ""
}

// forNothing reports whether the workflow stands still and nothing is left that it could
// wait for.
func (s *session) forNothing() bool {
	return s.c.Status() == core.Paused && s.x.Context.PausedBy == "" && s.x.Status != core.Canceling && s.flow.Open == 0
}

func stoodStill(x *core.Execution) bool {
	return slices.ContainsFunc(x.Log, func(l core.StatusChange) bool { return standsStill(l.Status) })
}

func updateOf(t *core.TaskContext, status core.Status, result expr.Value) workflow.Event {
	if t.Item != nil {
		return workflow.ItemUpdate{Task: t.Name, Route: t.Route, Item: *t.Item, Status: status, Result: result}
	}
	return workflow.TaskUpdate{Task: t.Name, Route: t.Route, Status: status, Result: result}
}

func valueOf(raw json.RawMessage) (expr.Value, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	return expr.FromJSON(raw)
}

// mostRounds is how often tasks without actions may lead to each other in one commit.
// What goes on longer is a workflow that goes round in circles without doing anything.
const mostRounds = 10_000

// beginTasks begins the tasks that may begin now; those that are too many for one commit
// begin in later ones.
func (s *session) beginTasks(ctx context.Context) error {
	for range mostRounds {
		tasks, step := s.c.Next()
		s.did(step)
		switch {
		case len(tasks) == 0:
			return nil
		case s.full() || s.crowded() && !s.quiet():
			s.beginLater()
			return nil
		}
		for i := range tasks {
			if err := s.beginTask(ctx, &tasks[i]); err != nil {
				return err
			}
		}
		if err := s.endAtOnce(ctx); err != nil {
			return err
		}
	}
	s.update(workflow.Failure{Message: "The workflow has gone through " + strconv.Itoa(mostRounds) + " tasks without any action: it goes round in circles."})
	return nil
}

// endAtOnce tells the conductor of what ended as soon as it began. That comes after all
// tasks that were to begin have begun: what an end leads to would hand some of them out
// anew.
func (s *session) endAtOnce(ctx context.Context) error {
	ended, ends := s.ended, s.ends
	s.ended, s.ends = nil, nil
	for _, child := range ended {
		if err := s.hear(ctx, child); err != nil {
			return err
		}
	}
	for _, end := range ends {
		s.update(end)
	}
	return nil
}

// full reports whether no more children are to begin in this commit.
func (s *session) full() bool { return len(s.asked) >= s.o.Portion }

// crowded reports whether so many children have yet to end that more would only stand in
// the queue: (m) what waits there behind a thousand others has to be read and decoded
// anew when its turn comes, which took a tenth of an item's CPU time.
func (s *session) crowded() bool { return s.flow.Open > s.o.Portion }

// quiet reports whether time alone has brought us here, not a child. Children may take
// long, or wait for those that have yet to begin: then more begin although none has ended.
func (s *session) quiet() bool { return s.look && len(s.news) == 0 }

// breather is how long children that have yet to begin wait for others to end.
const breather = 100 * time.Millisecond

// beginLater lets the next children begin: at once, or when others have ended, which the
// news of them brings about, but not much later even if none does.
func (s *session) beginLater() {
	var after time.Duration
	if s.crowded() {
		after = breather
	}
	s.o.Executions.LookLater(s.tx, s.x, after)
}

func (s *session) beginTask(ctx context.Context, t *workflow.Task) error {
	if t.HasItems && t.Items == 0 {
		s.update(workflow.TaskUpdate{Task: t.ID, Route: t.Route, Status: core.Running})
		s.ends = append(s.ends, workflow.TaskUpdate{Task: t.ID, Route: t.Route, Status: core.Succeeded})
		return nil
	}
	for i := 0; i < len(t.Actions) && !s.full(); i++ {
		if err := s.beginAction(ctx, t, &t.Actions[i]); err != nil {
			return err
		}
	}
	return nil
}

// beginAction asks for the child that does what a task, or an item of one, is to do.
func (s *session) beginAction(ctx context.Context, t *workflow.Task, a *workflow.Action) error {
	at := &core.TaskContext{
		Workflow: s.x.ID, TaskID: core.DeriveID("task", s.x.ID, t.ID, strconv.Itoa(t.Route)),
		Name: t.ID, Route: t.Route, Number: s.flow.Children, Attempt: int(t.Retry),
	}
	if t.HasItems {
		at.Item = &a.Item
	}
	if !s.update(updateOf(at, core.Running, nil)) {
		return nil
	}
	if a.Ref == "" {
		s.ends = append(s.ends, updateOf(at, core.Succeeded, nil))
		return nil
	}
	child, err := s.request(ctx, t, a, at)
	switch {
	case child != nil: // with an error too: then it has failed, and says why
		s.asked = append(s.asked, child)
		s.flow.Children++
		s.flow.Open++
		if child.Status.Final() {
			s.ended = append(s.ended, child)
		}
		return nil
	case core.KindOf(err) == core.Invalid || core.KindOf(err) == core.NotFound:
		return s.notAsked(at, err)
	}
	return err
}

// notAsked tells the conductor of an action that could not even be asked for. A chain that
// names an action there is none of fails as a whole. st2: runners reference 6.
func (s *session) notAsked(at *core.TaskContext, cause error) error {
	var wrong *core.Error
	if s.x.Runner == ActionChain && errors.As(cause, &wrong) && wrong.Field == "action" {
		s.ends = append(s.ends, workflow.Failure{Message: fmt.Sprintf("Failed to run task \"%s\". %v", at.Name, cause)})
	}
	result, err := dict(map[string]any{"error": cause.Error(), "traceback": ""})
	if err == nil {
		s.ends = append(s.ends, updateOf(at, core.Failed, result))
	}
	return err
}

// request asks for a child under an id that follows from its place in the workflow.
func (s *session) request(ctx context.Context, t *workflow.Task, a *workflow.Action, at *core.TaskContext) (*core.Execution, error) {
	if most := int64(core.MaxDelay / time.Second); t.Delay > most { // in seconds: in milliseconds it may be too much to count
		return nil, core.Errorf(core.Invalid, "the delay of the task %s is %d seconds, the most is %d", t.ID, t.Delay, most)
	}
	r := core.Request{
		ID:     core.DeriveID("child", s.x.ID, strconv.Itoa(s.flow.Children)),
		Action: a.Ref, Root: s.x.RootID(), User: s.x.Context.User, Delay: t.Delay * 1000,
		Cast: s.x.Runner == ActionChain, // st2: runners reference 6, rendering
		Context: core.Context{
			Parent: &core.ParentContext{Execution: s.x.ID, User: s.x.Context.User, Pack: s.x.Context.Pack},
			Task:   at, Trace: s.x.Context.Trace, APIUser: s.x.Context.APIUser, SourceChannel: s.x.Context.SourceChannel,
		},
	}
	if a.Input != nil {
		text, err := expr.CompactJSON(nil, a.Input)
		if err != nil {
			return nil, core.Errorf(core.Invalid, "the input of the task %s: %w", t.ID, err)
		}
		r.Parameters = json.RawMessage(text)
	}
	if old := s.flow.Again[placeOf(at)]; old != "" {
		delete(s.flow.Again, placeOf(at))
		r.Context.ReRun = &core.ReRun{Ref: old, Failed: true}
	}
	return s.o.Executions.Request(ctx, s.tx, r)
}
