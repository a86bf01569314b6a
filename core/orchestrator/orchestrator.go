// Package orchestrator turns what conductors decide into child executions.
//
// A workflow holds no worker. What concerns it (it begins, a child has finished, a user
// steers it) comes one after the other from the queue "finished", which hands out one
// family of executions at a time. All news of one batch make one step of the conductor
// and one commit: the step, the children that begin, and what becomes of the workflow's
// own record. So a kill at any moment leaves either all of it or nothing.
//
// A live conductor is kept in memory between steps (live.go); what is stored makes the
// same one again, on any server.
package orchestrator

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/workflow"
)

// Executions is what the orchestrator asks of package execution.
type Executions interface {
	Request(ctx context.Context, tx *store.Tx, r core.Request) (*core.Execution, error)
	End(ctx context.Context, tx *store.Tx, x *core.Execution, r core.Result) error
	Cancel(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error)
	Pause(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error)
	Resume(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error)
	// Tell puts word of an execution into the queue that reaches its parent.
	Tell(tx *store.Tx, x *core.Execution)
	// LookLater lets the workflow be told again, with a nil child, in a commit to come.
	LookLater(tx *store.Tx, x *core.Execution, after time.Duration)
	// Inputs returns an execution's runner and action parameters, as runners see them,
	// and the entry point of the action it ran with.
	Inputs(ctx context.Context, x *core.Execution) (entryPoint string, runner, action map[string]any, err error)
}

// Config is what an Orchestrator needs.
type Config struct {
	Store      *store.Store
	Executions Executions
	Log        *slog.Logger
	// File returns a file of a pack: the text of a workflow.
	File func(ctx context.Context, pack, path string) ([]byte, error)
	// Portion is how many children of a workflow begin in one commit at the most; 0: 250.
	Portion int
	// APIURL is told to workflows as ctx(st2).api_url.
	APIURL string
	// Evaluator evaluates the expressions of Orquesta's workflows.
	Evaluator *orquesta.Evaluator
	// Templates renders ActionChains, with what Lookups gives beside their variables: st2kv.
	Templates *jinja.Environment
	Lookups   func(x *core.Execution) *expr.Dict
	// KeyValue is the function st2kv for expressions that act for a user.
	KeyValue func(ctx context.Context, user string) functions.Function
}

// Orchestrator carries on workflows. It is safe for concurrent use.
type Orchestrator struct {
	Config
	live *live

	mu    sync.Mutex
	specs map[string]*workflow.Spec // by digest of the text; they never change
}

// New returns an Orchestrator.
func New(c Config) *Orchestrator {
	if c.Portion == 0 {
		c.Portion = portion
	}
	return &Orchestrator{Config: c, live: newLive(), specs: map[string]*workflow.Spec{}}
}

// portion keeps a commit, and what is in memory for it, small: (m) 10,000 children in one
// took 150 MB, and Redis a second in which it answered nobody.
const portion = 250

// Runner types that are workflows.
const (
	Orquesta    = "orquesta"
	ActionChain = "action-chain"
)

// Conducts implements execution.Conductor.
func (o *Orchestrator) Conducts(runner string) bool {
	return runner == Orquesta || runner == ActionChain
}

// Advance implements execution.Conductor. What it is told of one workflow within one Tx is
// worked off together when the Tx is committed.
func (o *Orchestrator) Advance(ctx context.Context, tx *store.Tx, id string, child *core.Execution) error {
	s, err := o.session(ctx, tx, id)
	if err != nil || s == nil {
		return err
	}
	switch {
	case child == nil:
		s.look = true
	case child.Context.Task != nil && child.Context.Task.Workflow == id:
		s.news = append(s.news, child)
	}
	return nil
}

// Break implements execution.Conductor.
func (o *Orchestrator) Break(ctx context.Context, tx *store.Tx, id string, cause error) error {
	x, err := tx.Executions().Get(ctx, id)
	if core.KindOf(err) == core.NotFound {
		return nil
	}
	if err != nil || x.Status.Final() || !o.Conducts(x.Runner) {
		return err
	}
	o.Log.Error("a workflow could not be carried on", "execution", id, "error", cause)
	children, err := o.childrenOf(ctx, id)
	if err != nil {
		return err
	}
	s := &session{o: o, tx: tx, x: x}
	for _, c := range children {
		if c.Status.Final() {
			continue
		}
		if err := s.cancel(ctx, c); err != nil {
			return err
		}
	}
	return o.Executions.End(ctx, tx, x, failedResult("The workflow could not be carried on: "+cause.Error()))
}

// failedResult is what a workflow that could not be conducted shows.
func failedResult(message string) core.Result {
	value, _ := json.Marshal(map[string]any{"output": nil, "errors": []any{map[string]string{"type": "error", "message": message}}})
	return core.Result{Status: core.Failed, Value: value}
}
