package plugins

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/printed"
	"github.com/petrelhq/petrel/sdk/wire"
)

// Runners returns what carries out actions that lie in packs' code, by runner type.
func (l *Loader) Runners() map[string]core.Runner {
	return map[string]core.Runner{core.RuntimeWASM: runner{l}, core.RunnerPlugin: runner{l}}
}

// Types describes the runner types.
func Types() []core.RunnerType {
	return []core.RunnerType{
		runnerType(core.RuntimeWASM, "Runs an action of a pack's WASM module, in a sandbox."),
		runnerType(core.RunnerPlugin, "Runs an action of a pack's executable, which is kept running."),
	}
}

// runnerType takes and returns what the runner python-script does, so that workflows do
// not see what an action is written in. st2: runners reference 4.
func runnerType(name, description string) core.RunnerType {
	return core.RunnerType{
		Name: name, Description: description, Enabled: true, Package: name + "_runner", Module: name + "_runner",
		Parameters: core.Parameters{
			{Name: "timeout", Schema: core.Schema{"type": "integer", "default": int64(600), "minimum": int64(0),
				"description": "Seconds after which the action is ended; 0 is no limit."}},
			{Name: "log_level", Schema: core.Schema{"type": "string", "default": "DEBUG", "enum": []any{"AUDIT", "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"},
				"description": "The least level of the log lines that the action writes to standard error."}},
		},
		OutputKey: "result",
		OutputSchema: map[string]any{
			"type": "object",
			"properties": map[string]any{
				"result":    map[string]any{},
				"stdout":    map[string]any{"type": "string", "required": true},
				"stderr":    map[string]any{"type": "string", "required": true},
				"exit_code": map[string]any{"type": "integer", "required": true},
				"error":     map[string]any{"type": "string"},
			},
			"additionalProperties": true, // stdout_truncated, stderr_truncated
		},
	}
}

// errTimedOut is the cause of a context whose action took longer than its timeout.
var errTimedOut = errors.New("the action took longer than its timeout")

type runner struct{ l *Loader }

// Run implements core.Runner.
func (r runner) Run(ctx context.Context, c core.Call) (core.Result, error) {
	limit := seconds(c.RunnerParams["timeout"])
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTimedOut)
		defer cancel()
	}
	settings, err := r.l.settings(ctx, c.Action.Pack, c.User)
	if err != nil {
		return core.Result{}, err
	}
	a := r.l.newAct(c, settings, limit)
	res, err := r.call(ctx, c, a, settings)
	if err != nil && ctx.Err() == nil {
		var told *wire.Error
		if !errors.As(err, &told) { // the code was not even asked
			return core.Result{}, err
		}
	}
	return a.result(res, err, context.Cause(ctx)), nil
}

func seconds(v any) time.Duration {
	switch n := v.(type) {
	case int64:
		return time.Duration(n) * time.Second
	case float64:
		return time.Duration(n * float64(time.Second))
	}
	return 0
}

// call finds the code and asks it.
func (r runner) call(ctx context.Context, c core.Call, a *act, s Settings) (wire.Result, error) {
	params, err := json.Marshal(c.Params)
	if err != nil {
		return wire.Result{}, err
	}
	if c.Params == nil {
		params = []byte("{}")
	}
	p, err := r.l.Pack(ctx, c.Action.Pack)
	if err != nil {
		return wire.Result{}, err
	}
	runtime, err := actionRuntime(p, c.Action)
	if err != nil {
		return wire.Result{}, err
	}
	x, err := r.l.acquire(ctx, p, runtime)
	if err != nil {
		return wire.Result{}, err
	}
	defer r.l.release(x)
	deadline, _ := ctx.Deadline()
	return x.plugin.Call(ctx, wire.Call{
		ID: c.ID, Action: c.Action.Name, Pack: c.Action.Pack, Params: params, Config: s.Values, User: c.User, Deadline: deadline,
	}, a.host)
}

// act is one action being carried out: what it prints, and what comes of it. It is its
// host's voice and events.
type act struct {
	host   *host
	name   string
	least  int // level of log lines
	limit  time.Duration
	budget *budget

	keptOut, keptErr *printed.Stream
	stdout, stderr   *maskedWriter
}

func (l *Loader) newAct(c core.Call, s Settings, limit time.Duration) *act {
	known := newSecrets(s.Secrets)
	a := &act{
		name: c.Action.Ref(), least: leastLevel(c.RunnerParams["log_level"]), limit: limit, budget: newBudget(l.Now),
		keptOut: &printed.Stream{Out: c.Output.Stdout(), Max: l.MaxOutput},
		keptErr: &printed.Stream{Out: c.Output.Stderr(), Max: l.MaxOutput},
	}
	a.stdout = &maskedWriter{secrets: known, to: a.keptOut}
	a.stderr = &maskedWriter{secrets: known, to: a.keptErr}
	a.host = &host{l: l, pack: c.Action.Pack, execution: c.ID, user: c.User, secrets: known, voice: a, events: a}
	return a
}

// leastLevel reads StackStorm's names of levels, of which the wire has four.
func leastLevel(v any) int {
	return map[any]int{"INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50, "AUDIT": 60}[v]
}

// log writes a line to standard error, in the form of a Python action's logger.
// st2: runners reference 4.2, self.logger.
func (a *act) log(level, message string, fields map[string]any) {
	if levels()[level] < a.least {
		return
	}
	ok, dropped := a.budget.take()
	if dropped > 0 {
		a.write("warning", said(dropped))
	}
	if ok {
		a.write(level, line(message, fields))
	}
}

func (a *act) write(level, text string) {
	names := map[string]string{"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR"}
	a.stderr.write(fmt.Sprintf("%-12s: %-8s %s\n", a.name, names[level], text))
}

func (a *act) print(stream, text string) {
	if stream == "stderr" {
		a.stderr.write(text)
		return
	}
	a.stdout.write(text)
}

// emit raises events of an action, which has no cursor.
func (a *act) emit(ctx context.Context, b wire.Batch) error {
	if len(b.Cursor) > 0 && string(b.Cursor) != "null" {
		return core.FieldErrorf("cursor", "cursor: an action has none; only sensors do")
	}
	events, err := a.host.eventsOf(ctx, b, nil)
	if err != nil || len(events) == 0 {
		return err
	}
	return a.host.l.Inject(ctx, events)
}

func (a *act) triggers(context.Context, wire.Triggers) (wire.TriggersReply, error) {
	return wire.TriggersReply{}, core.Errorf(core.Invalid, "an action has no triggers; only sensors do")
}
