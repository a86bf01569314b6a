// Package execution carries executions from requested to finished.
//
// A request is checked and stored together with its queue entry (request.go). One
// consumer takes queued executions, marks them running and waits for the disk before a
// runner starts (take.go). While an action runs its queue entry stays leased, so that
// whatever happens to this process, somebody takes the execution up again (lost.go).
// Results are written in batches (finish.go); whoever waits for them is told through the
// queue "finished".
//
// Policies say how many executions of an action run at a time (gate.go) and which are
// tried again (policy_retry.go). An inquiry waits for a person's answer (inquiry.go).
package execution

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Config is what an Engine needs.
type Config struct {
	Store     *store.Store
	Runners   map[string]core.Runner
	Templates Templates
	Log       *slog.Logger

	Workers int           // executions carried out at once; 0: 64
	Drain   time.Duration // how long a stopping server waits for running actions; 0: 60 s

	// PackDir returns the folder of a pack's files on this machine.
	PackDir func(pack string) string
	// Env returns the ST2_ACTION_* variables for an execution, as KEY=value.
	Env func(e *core.Execution) []string
	// Conductor carries on workflows; nil when there are none.
	Conductor Conductor
	// Wanted reports whether anybody waits for a finished execution that is no part of a
	// workflow; only then is it pushed to the queue "finished".
	Wanted func(ctx context.Context, tx *store.Tx, e *core.Execution) (bool, error)
	// OnFinished are told of finished executions somebody waits for, all in one Tx.
	OnFinished []OnFinished
	// Raise raises an event if a rule waits for it; nil: there are no rules.
	Raise func(ctx context.Context, tx *store.Tx, e core.Event) error
}

// OnFinished is told of a finished execution.
type OnFinished func(ctx context.Context, tx *store.Tx, e *core.Execution) error

// Engine requests, runs, cancels and repeats executions.
type Engine struct {
	Config
	host     string
	defs     store.Cached[*definitions]
	byDigest definitionCache

	mu     sync.Mutex
	active map[*run]bool   // one that lost its lease may be there beside a newer run of the same execution
	marked map[string]bool // leases under which a commit marks an execution running, until its run starts
	freed  chan struct{}   // receives when a run ends
	done   chan *ending    // finished runs, for the batch writer
}

// New returns an engine. It does nothing until Run.
func New(c Config) *Engine {
	if c.Workers == 0 {
		c.Workers = 64
	}
	if c.Drain == 0 {
		c.Drain = time.Minute
	}
	host, _ := os.Hostname()
	return &Engine{
		Config: c, host: host,
		defs:   store.Cached[*definitions]{Load: loadDefinitions},
		active: map[*run]bool{},
		marked: map[string]bool{},
		freed:  make(chan struct{}, 1),
	}
}

// Run carries executions out until ctx is done, then lets running actions finish for the time
// of Drain, ends the rest, and returns when all is written down. After a failure it can be
// called again.
func (e *Engine) Run(ctx context.Context) error {
	work := context.WithoutCancel(ctx)
	e.done = make(chan *ending, finishBatch)
	endings := make(chan struct{})
	go func() {
		defer close(endings)
		e.writeEndings(work)
	}()
	g, loops := errgroup.WithContext(ctx)
	g.Go(func() error { return e.take(loops, work) })
	g.Go(func() error { return e.watchCanceling(loops) })
	g.Go(func() error { return e.sweep(loops) })
	err := g.Wait()
	e.drain()
	close(e.done)
	<-endings
	return err
}

// drain waits for the running actions, and ends those that take too long.
func (e *Engine) drain() {
	deadline := time.NewTimer(e.Drain)
	defer deadline.Stop()
	told := false
	for e.Active() > 0 {
		select {
		case <-e.freed:
		case <-deadline.C:
			if !told {
				told = true
				e.Log.Warn("ending actions that still run", "running", e.Active(), "after", e.Drain)
			}
			e.endAll(core.ErrDrained)
		}
	}
}

// endAll asks every running action to end.
func (e *Engine) endAll(cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for r := range e.active {
		r.end(cause)
	}
}

// Active returns how many executions run in this process now.
func (e *Engine) Active() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.active)
}

func jsonOf(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		b, _ = json.Marshal(map[string]string{"error": err.Error()})
	}
	return b
}
