package orchestrator

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// record brings the workflow's own record to where its conductor stands.
func (s *session) record(ctx context.Context) error {
	status := s.c.Status()
	if status.Final() && !s.was.Final() && s.flow.Open > 0 {
		if err := s.takeBack(ctx); err != nil {
			return err
		}
	}
	if status.Final() && s.flow.Open == 0 {
		s.did(s.c.Conclude())
		result, err := s.result(ctx)
		if err != nil {
			return err
		}
		return s.o.Executions.End(ctx, s.tx, s.x, core.Result{Status: s.c.Status(), Value: result})
	}
	reason := s.reason()
	if !s.moves(status) && reason == s.x.Reason {
		return nil
	}
	s.x.Reason = reason
	if s.moves(status) {
		s.x.Move(status, s.tx.Time())
		if status == core.Running {
			s.x.Context.PausedBy = "" // a part of it that was resumed sets it going too
		}
		if status == core.Paused || status == core.Running {
			s.o.Executions.Tell(s.tx, s.x)
		}
	}
	return s.tx.Executions().Put(ctx, s.x)
}

// moves reports whether the record goes over to the conductor's status. A workflow that
// has failed and waits for tasks that still run shows as running until they have ended.
func (s *session) moves(to core.Status) bool {
	now := s.x.Status
	if now == to || now == core.Canceling {
		return false
	}
	switch to {
	case core.Paused, core.Pausing, core.Canceling:
		return true
	case core.Running:
		return now == core.Resuming || now == core.Paused || now == core.Pausing
	case core.Resuming:
		return now == core.Paused || now == core.Pausing
	}
	return false
}

// reason says in one sentence why the workflow stands still; "" when it does not.
func (s *session) reason() string {
	switch s.c.Status() {
	case core.Paused:
		if s.x.Context.PausedBy == "" {
			return "waits for an answer: see petrel inquiry list"
		}
		return fmt.Sprintf("paused by %s; goes on with: petrel execution resume %s", s.x.Context.PausedBy, s.x.ID)
	case core.Pausing:
		return "will pause when what runs has ended"
	case core.Failed:
		return "has failed and waits for tasks that still run"
	}
	return ""
}

// result is what a workflow that has ended shows. st2: runners reference 7, result.
func (s *session) result(ctx context.Context) (json.RawMessage, error) {
	if s.x.Runner == ActionChain {
		return s.chainResult(ctx)
	}
	output, err := s.output("null")
	if err != nil {
		return nil, err
	}
	shown := map[string]any{"output": output}
	if errs := s.c.Errors(); len(errs) > 0 {
		shown["errors"] = errs
	} else if s.c.Status() != core.Succeeded {
		shown["errors"] = []any{}
	}
	return json.Marshal(shown)
}

// output is the conductor's output as JSON, or what stands for none.
func (s *session) output(none string) (json.RawMessage, error) {
	out := s.c.Output()
	if out == nil {
		return json.RawMessage(none), nil
	}
	text, err := expr.CompactJSON(nil, out)
	return json.RawMessage(text), err
}
