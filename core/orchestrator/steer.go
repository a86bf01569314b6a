package orchestrator

import (
	"context"

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
		}
	}
}

// passOn lets children do what the workflow is asked to do.
func (s *session) passOn(ctx context.Context) error {
	var verb func(context.Context, *store.Tx, string, string) (*core.Execution, error)
	var user string
	switch s.x.Status {
	case core.Canceling:
		verb, user = s.o.Executions.Cancel, s.x.Context.CancelledBy
	case core.Pausing:
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
		_, err := verb(ctx, s.tx, c.ID, user)
		if k := core.KindOf(err); err != nil && k != core.Conflict && k != core.Invalid && k != core.NotFound {
			return err
		}
	}
	return nil
}

// childrenOf are the executions that a workflow asked for, the oldest first.
func (o *Orchestrator) childrenOf(ctx context.Context, id string) ([]*core.Execution, error) {
	xs, _, err := o.Store.Executions().List(ctx, store.Query{
		Where: []store.Is{{Index: store.ByParent, Value: id}}, Oldest: true,
	})
	return xs, err
}
