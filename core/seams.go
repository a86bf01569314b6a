package core

import (
	"context"
	"encoding/json"
	"errors"
	"io"
)

// ErrCanceled is the cause of a Runner's cancelled context when a user asked for it.
var ErrCanceled = errors.New("canceled by user")

// ErrDrained is the cause of a Runner's cancelled context when the server is going down.
var ErrDrained = errors.New("the server is shutting down")

// Runner carries out actions of one runner type.
//
// Run returns when the action is over, or has ended everything it started within a few
// seconds of ctx being done. A Result that is pending waits for somebody's answer; only the
// runner type inquirer returns one. An error means the action could not be carried out: the
// execution fails with it.
type Runner interface {
	Run(ctx context.Context, c Call) (Result, error)
}

// Steerer is implemented by runners that can be paused and resumed.
type Steerer interface {
	Pause(ctx context.Context, e Execution) error
	Resume(ctx context.Context, e Execution) error
	Cancel(ctx context.Context, e Execution) error
}

// Call is one action to carry out. Values in Params and RunnerParams are cast to their
// schemas' types: nil, bool, int64, float64, string, []any, map[string]any.
type Call struct {
	ID           string // of the execution
	Action       *Action
	Dir          string         // of the pack's files on this machine
	RunnerParams map[string]any // those the runner type declares
	Params       map[string]any // those only the action declares
	Env          []string       // ST2_ACTION_* as KEY=value
	User         string         // on whose behalf
	Output       Output
}

// Output takes what an action prints while it prints it, and what it runs as.
// Writers never fail and never block for long; bytes need not be UTF-8.
type Output interface {
	Stdout() io.Writer
	Stderr() io.Writer
	// Started tells the process group that carries the action, so that a later
	// server can end it.
	Started(p RunnerInfo)
}

// Result is how an action ended. Value is the JSON shown as the execution's result.
type Result struct {
	Status Status
	Value  json.RawMessage
}

// Source raises events until ctx is done.
type Source interface {
	Run(ctx context.Context, f Feed) error
}

// Feed is what a Source is given: where it stopped last, what to watch, where to deliver.
type Feed interface {
	Cursor() []byte
	// Triggers sends the whole current set on each change.
	Triggers() <-chan []Trigger
	// Emit stores events and cursor together. A batch whose cursor is stored already is success.
	Emit(ctx context.Context, b Batch) error
}

// Batch is a Source's events with the cursor that stands behind the last of them.
type Batch struct {
	Events []Event
	Cursor []byte
}
