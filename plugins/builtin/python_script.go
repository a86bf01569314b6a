package builtin

import (
	"context"
	"encoding/json"
	"io"
	"syscall"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/printed"
)

// pythonScript runs Python actions that have a Go form. st2: runners reference 4.
type pythonScript struct {
	functions map[string]Function // by the action's ref
	maxOutput int
}

func (p pythonScript) Run(ctx context.Context, c core.Call) (core.Result, error) {
	f, ok := p.functions[c.Action.Ref()]
	if !ok {
		return core.Result{}, core.Errorf(core.Unavailable, "Python packs are not supported yet: %s is written in Python, and this server has no Go form of it", c.Action.Ref())
	}
	if textOf(c.RunnerParams, "content_version") != "" {
		return core.Result{}, core.FieldErrorf("content_version", "content_version is not supported: %s is a part of the server; leave the parameter out", c.Action.Ref())
	}
	limit := time.Duration(numberOf(c.RunnerParams, "timeout") * float64(time.Second))
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTimedOut)
		defer cancel()
	}
	out := recorded{
		Output: c.Output,
		stdout: &printed.Stream{Out: c.Output.Stdout(), Max: p.maxOutput},
		stderr: &printed.Stream{Out: c.Output.Stderr(), Max: p.maxOutput},
	}
	c.Output = out
	value, err := f(ctx, c)
	return out.result(value, err, context.Cause(ctx), limit), nil
}

// recorded passes on what a function prints and keeps it for the result.
type recorded struct {
	core.Output
	stdout, stderr *printed.Stream
}

func (r recorded) Stdout() io.Writer { return r.stdout }
func (r recorded) Stderr() io.Writer { return r.stderr }

// noResult is what StackStorm shows for the result of an action that did not come to one.
const noResult = "None"

// result is how a call ended. cause is why its context is done, if it is.
// st2: runners reference 4.2, parse and result.
func (r recorded) result(value any, err, cause error, limit time.Duration) core.Result {
	status, code, message := core.Succeeded, 0, ""
	text, encodeErr := jsonText(value)
	if err == nil {
		err = encodeErr
	}
	switch {
	case err == nil:
	case cause != nil:
		status, code, message = endedStatus(cause), -int(syscall.SIGTERM), cause.Error()
		if status == core.TimedOut {
			code, message = -int(syscall.SIGKILL), tooLong(limit)
		}
	default:
		status = core.Failed
		if value == nil || encodeErr != nil {
			code = 1
		}
		io.WriteString(r.stderr, err.Error()+"\n") // a Stream never fails
	}
	if err != nil && (value == nil || encodeErr != nil) {
		text, _ = jsonText(noResult)
	}
	o := newObject()
	o.number("exit_code", int64(code))
	o.raw("result", text)
	addText(o, "stdout", r.stdout)
	addText(o, "stderr", r.stderr)
	if message != "" {
		o.set("error", message)
	}
	return core.Result{Status: status, Value: o.json()}
}

// addText adds a stream as it was printed: a Python action's output is not decoded.
func addText(o *object, name string, s *printed.Stream) {
	o.set(name, string(s.Kept()))
	if s.Cut() > 0 {
		o.number(name+"_truncated", s.Cut())
	}
}

// jsonText is a value in JSON's form, as results hold it.
func jsonText(v any) (json.RawMessage, error) {
	o := newObject()
	o.buf.Reset()
	err := o.value(v)
	return o.buf.Bytes(), err
}

func pythonScriptType() core.RunnerType {
	return core.RunnerType{
		Name:        "python-script",
		Description: "Runs a Python action of a pack.",
		Enabled:     true,
		Package:     "python_runner",
		Module:      "python_runner",
		Parameters: core.Parameters{
			param("env", "object", "Environment variables to add: names with their values."),
			param("timeout", "integer", "Seconds after which the action is ended; 0 is no limit.", "default", int64(600)),
			param("log_level", "string", "The least level of the log lines that the action writes to standard error.",
				"default", "DEBUG", "enum", []any{"AUDIT", "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"}),
			param("debug", "boolean", "Has no effect on actions that are a part of the server.", "default", false),
			param("content_version", "string", "Git revision of the pack to run; has to be empty."),
		},
		OutputKey: "result",
		OutputSchema: map[string]any{
			"type": "object",
			"properties": map[string]any{
				"result":    map[string]any{},
				"stderr":    map[string]any{"type": "string", "required": true},
				"stdout":    map[string]any{"type": "string", "required": true},
				"exit_code": map[string]any{"type": "integer", "required": true},
			},
			"additionalProperties": false,
		},
	}
}
