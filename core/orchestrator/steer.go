package orchestrator

import (
	"cmp"
	"context"
	"errors"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/workflow"
)

// steer tells the conductor what a user wants, which the workflow's own status says.
func (s *session) steer() {
	switch s.x.Status {
	case core.Pausing, core.Resuming, core.Canceling:
		if s.c.Status() != s.x.Status {
			s.update(workflow.StatusRequest{Status: s.x.Status})
			s.resumed = s.x.Status == core.Resuming
		}
	}
}

// passOn lets children do what the workflow is asked to do. Those that have yet to begin
// look up to it themselves (heed).
func (s *session) passOn(ctx context.Context) error {
	if !s.look {
		return nil
	}
	var verb func(context.Context, *store.Tx, string, string) (*core.Execution, error)
	var user string
	switch s.x.Status {
	case core.Canceling:
		verb, user = s.o.Executions.Cancel, s.x.Context.CancelledBy
	case core.Pausing, core.Paused:
		if s.x.Context.PausedBy == "" {
			return nil // a question makes it stand still, and nobody else
		}
		verb, user = s.o.Executions.Pause, s.x.Context.PausedBy
	case core.Resuming:
		verb, user = s.o.Executions.Resume, s.x.Context.ResumedBy
	default:
		return nil
	}
	children, err := s.o.childrenOf(ctx, s.x.ID)
	if err != nil {
		return err
	}
	for _, c := range children {
		if c.Status.Final() || s.x.Status != core.Canceling && !s.o.Conducts(c.Runner) {
			continue // only workflows can be paused; what runs goes on to its end
		}
		told, err := verb(ctx, s.tx, c.ID, user)
		if !tooLate(err) {
			return err
		}
		s.passed = s.passed || err == nil && told.Status == core.Resuming // one that runs already says nothing
	}
	return nil
}

// tooLate reports whether a verb has done all that could be done: the error, if there is
// one, says that the execution has gone on meanwhile.
func tooLate(err error) bool {
	k := core.KindOf(err)
	return err == nil || k == core.Invalid || k == core.NotFound || k == core.Conflict && !errors.Is(err, store.ErrConflict)
}

// goOn says what becomes of a workflow that is to go on: it runs, or stands still again
// when all that it could do waits for an answer. Children that go on too will say so.
func (s *session) goOn() {
	switch {
	case s.c.Status() != core.Resuming || s.passed || !s.resumed:
	case s.c.Busy():
		s.update(workflow.StatusRequest{Status: core.Running})
	default:
		s.update(workflow.StatusRequest{Status: core.Pausing})
	}
}

// heed lets a workflow that begins while its parent is being paused begin nothing.
func (s *session) heed(ctx context.Context) error {
	if s.x.Parent == "" || s.x.Status != core.Running {
		return nil
	}
	parent, err := s.o.Store.Executions().Get(ctx, s.x.Parent)
	if core.KindOf(err) == core.NotFound {
		return nil
	}
	if err != nil || parent.Context.PausedBy == "" || parent.Status != core.Pausing && parent.Status != core.Paused {
		return err
	}
	s.x, err = s.o.Executions.Pause(ctx, s.tx, s.x.ID, parent.Context.PausedBy)
	return err
}

func standsStill(s core.Status) bool { return s == core.Paused || s == core.Pending }

// takeBack ends the children of a workflow that has failed which wait for an answer: it
// would be of no use. What runs goes on to its end.
func (s *session) takeBack(ctx context.Context) error {
	children, err := s.o.childrenOf(ctx, s.x.ID)
	for _, c := range children {
		if err == nil && standsStill(c.Status) {
			err = s.cancel(ctx, c)
		}
	}
	return err
}

func (s *session) cancel(ctx context.Context, child *core.Execution) error {
	_, err := s.o.Executions.Cancel(ctx, s.tx, child.ID, cmp.Or(s.x.Context.CancelledBy, s.x.Context.User))
	if tooLate(err) {
		return nil
	}
	return err
}

// childrenOf are the executions that a workflow asked for, the oldest first.
func (o *Orchestrator) childrenOf(ctx context.Context, id string) ([]*core.Execution, error) {
	xs, _, err := o.Store.Executions().List(ctx, store.Query{
		Where: []store.Is{{Index: store.ByParent, Value: id}}, Oldest: true,
	})
	return xs, err
}
