package orchestrator

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/workflow"
)

// session is the work on one workflow within one Tx.
type session struct {
	o       *Orchestrator
	tx      *store.Tx
	x       *core.Execution // the workflow's own record
	flow    *store.Flow     // nil until it has begun
	inside  int             // of so many workflows, when it begins
	c       *workflow.Conductor
	news    []*core.Execution // children that have something to tell
	look    bool              // its status may say what a user wants
	passed  bool              // children were told what the user wants
	resumed bool              // it has just been asked to go on, or a child stands still again
	was     core.Status       // the conductor's status before that
	ended   []*core.Execution // children that ended as soon as they began
	ends    []workflow.Event  // likewise what has no child
	steps   []workflow.Step   // what changed so far
	visits  visits            // nil until task() is called
	asked   []*core.Execution // children asked for
}

type sessionKey string

// session returns the Tx's work on a workflow, which is done when the Tx is committed; nil
// when there is nothing to carry on.
func (o *Orchestrator) session(ctx context.Context, tx *store.Tx, id string) (*session, error) {
	var err error
	v := tx.Memo(sessionKey(id), func() any {
		var s *session
		s, err = o.open(ctx, tx, id)
		return s
	})
	s, _ := v.(*session)
	return s, err
}

func (o *Orchestrator) open(ctx context.Context, tx *store.Tx, id string) (*session, error) {
	x, err := tx.Executions().Get(ctx, id)
	if core.KindOf(err) == core.NotFound {
		return nil, nil
	}
	if err != nil || x.Status.Final() || !o.Conducts(x.Runner) {
		return nil, err
	}
	if err := tx.Executions().Confirm(id); err != nil { // what a user wants meanwhile is looked at by nobody else
		return nil, err
	}
	s := &session{o: o, tx: tx, x: x}
	tx.Before(s.settle)
	return s, nil
}

// settle does all that the news amount to.
func (s *session) settle(ctx context.Context) error {
	var err error
	if s.x, err = s.tx.Executions().Get(ctx, s.x.ID); err != nil || s.x.Status.Final() {
		return err // its parent may have changed it since it was opened
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	if s.c == nil {
		begun, err := s.begin(ctx)
		if err != nil || !begun {
			return err
		}
		if err := s.heed(ctx); err != nil {
			return err
		}
	}
	s.c.Portion = s.o.Portion
	s.c.Env, s.was = s.env(ctx), s.c.Status()
	s.steer()
	for _, child := range s.news {
		if err := s.hear(ctx, child); err != nil {
			return err
		}
	}
	if s.x.Status == core.Canceling {
		s.steer() // what kept it from ending may have ended now
	}
	if err := s.beginTasks(ctx); err != nil {
		return err
	}
	if s.forNothing() {
		s.update(workflow.StatusRequest{Status: core.Resuming})
		s.resumed = true
		if err := s.beginTasks(ctx); err != nil {
			return err
		}
	}
	if err := s.passOn(ctx); err != nil {
		return err
	}
	s.goOn()
	if err := s.record(ctx); err != nil {
		return err
	}
	return s.store(ctx)
}

// load makes the conductor stand where the last commit left it.
func (s *session) load(ctx context.Context) error {
	f, err := s.tx.Flows().Get(ctx, s.x.ID)
	if core.KindOf(err) == core.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	s.flow = f
	if k := s.o.live.take(f.Execution, f.Steps); k != nil {
		s.c, s.visits = k.c, k.visits
		return nil
	}
	s.c, err = s.o.restore(ctx, f, s.env(ctx))
	return err
}

func (o *Orchestrator) restore(ctx context.Context, f *store.Flow, env workflow.Env) (*workflow.Conductor, error) {
	spec, err := o.spec(ctx, f)
	if err != nil {
		return nil, err
	}
	raw, rest, err := o.Store.History(ctx, f)
	if err != nil {
		return nil, err
	}
	var snapshot workflow.Step
	if err := json.Unmarshal(raw, &snapshot); err != nil {
		return nil, fmt.Errorf("workflow %s: its snapshot is damaged: %w", f.Execution, err)
	}
	steps := make([]workflow.Step, len(rest))
	for i, raw := range rest {
		if err := json.Unmarshal(raw, &steps[i]); err != nil {
			return nil, fmt.Errorf("workflow %s: step %d is damaged: %w", f.Execution, f.Snapshot+i, err)
		}
	}
	return workflow.Restore(spec, env, snapshot, steps...)
}

// did adds to what is stored at the end.
func (s *session) did(step workflow.Step) {
	if !step.Empty() {
		s.steps = append(s.steps, step)
	}
}

// update tells the conductor, and reports whether that changed anything. What it refuses
// came too late to matter, and is told to the log; but when an expression fails on the
// way, the workflow does.
func (s *session) update(events ...workflow.Event) bool {
	step, err := s.c.Update(events...)
	if err == nil {
		s.did(step)
		return !step.Empty()
	}
	s.o.Log.Debug("a conductor refused news", "execution", s.x.ID, "error", err)
	if k := core.KindOf(err); k != core.Invalid && k != core.Conflict {
		if step, err = s.c.Update(workflow.Failure{Message: err.Error()}); err == nil {
			s.did(step)
		}
	}
	return false
}

// leastSnapshot is how many bytes of steps a snapshot has to replace at the least.
const leastSnapshot = 64 << 10

// store appends what changed to what is stored, and keeps the conductor for the next time.
func (s *session) store(ctx context.Context) error {
	if step := (workflow.Step{}).And(s.steps...); !step.Empty() {
		raw, err := step.MarshalJSON()
		if err != nil {
			return err
		}
		s.tx.AppendStep(s.flow, raw)
	}
	if s.flow.Since > max(leastSnapshot, 2*s.flow.Held) && !s.x.Status.Final() {
		if err := s.snapshot(); err != nil {
			return err
		}
	}
	if err := s.tx.Flows().Put(ctx, s.flow); err != nil {
		return err
	}
	if !s.x.Status.Final() {
		k := &kept{s.x.ID, s.flow.Steps, s.c, s.visits}
		s.tx.After(func(store.Version) {
			k.add(s.asked...)
			s.o.live.put(k)
		})
	}
	return nil
}

func (s *session) snapshot() error {
	raw, err := s.c.Snapshot().MarshalJSON()
	if err != nil {
		return err
	}
	s.tx.PutSnapshot(s.flow, raw)
	return nil
}
