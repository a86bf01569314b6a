package plugins

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/printed"
	"github.com/petrelhq/petrel/sdk/wire"
)

// outcome is an execution's result: that of the runner python-script, with the reason of a
// failure beside it. st2: runners reference 4.2, result.
type outcome struct {
	ExitCode  int             `json:"exit_code"`
	Result    json.RawMessage `json:"result"`
	Stdout    string          `json:"stdout"`
	Stderr    string          `json:"stderr"`
	StdoutCut int64           `json:"stdout_truncated,omitempty"`
	StderrCut int64           `json:"stderr_truncated,omitempty"`
	Error     string          `json:"error,omitempty"`
}

// noResult is what StackStorm shows for the result of an action that did not come to one.
const noResult = `"None"`

// result is how a call ended. cause is why its context is done, if it is.
func (a *act) result(res wire.Result, err, cause error) core.Result {
	a.host.over.Store(true)
	if err == nil && res.Error != nil {
		err = res.Error
	}
	if fault := a.fault(res.Value); fault != nil {
		res.Value, err = nil, fault
	}
	o := outcome{Result: a.host.secrets.maskJSON(res.Value)}
	status := a.end(&o, err, cause)
	if len(o.Result) == 0 {
		o.Result = json.RawMessage(noResult)
		if err == nil {
			o.Result = json.RawMessage("null")
		}
	}
	if n := a.budget.rest(); n > 0 {
		a.write("warning", said(n))
	}
	a.stdout.end()
	a.stderr.end()
	o.Stdout, o.StdoutCut = text(a.keptOut), a.keptOut.Cut()
	o.Stderr, o.StderrCut = text(a.keptErr), a.keptErr.Cut()
	return core.Result{Status: status, Value: encoded(o)}
}

// fault says why a value cannot be a result.
func (a *act) fault(value json.RawMessage) error {
	switch {
	case len(value) == 0:
		return nil
	case len(value) > a.host.l.MaxOutput:
		return &wire.Error{Kind: wire.TooLarge, Message: fmt.Sprintf("the result has %d bytes, the most is %d", len(value), a.host.l.MaxOutput)}
	case !printed.IsValue(value):
		return &wire.Error{Kind: wire.Broken, Message: "the result is nested too deep, or holds a number that no reader has room for"}
	}
	return nil
}

// end tells what became of an action, and why where it failed.
func (a *act) end(o *outcome, err, cause error) core.Status {
	switch status := statusOf(err, cause); status {
	case core.Succeeded:
		return status
	case core.Failed:
		o.ExitCode = 1
		o.Error = a.host.secrets.mask(err.Error())
		a.explain(err)
		return status
	case core.TimedOut:
		o.ExitCode, o.Error = -int(syscall.SIGKILL), tooLong(a.limit)
		return status
	default:
		o.ExitCode, o.Error = -int(syscall.SIGTERM), err.Error()
		if cause != nil {
			o.Error = cause.Error()
		}
		return status
	}
}

// explain writes the reason of a failure to standard error, as Python writes a traceback.
func (a *act) explain(err error) {
	a.stderr.write(err.Error() + "\n")
	var told *wire.Error
	if errors.As(err, &told) && told.Trace != "" {
		a.stderr.write(strings.TrimSuffix(told.Trace, "\n") + "\n")
	}
}

// statusOf says what an action became. What was done before its context ended is done.
func statusOf(err, cause error) core.Status {
	switch {
	case err == nil:
		return core.Succeeded
	case errors.Is(cause, errTimedOut), errors.Is(cause, context.DeadlineExceeded):
		return core.TimedOut
	case errors.Is(cause, core.ErrCanceled):
		return core.Canceled
	case cause != nil:
		return core.Abandoned
	}
	return core.Failed
}

// tooLong is StackStorm's sentence. st2: runners reference 4.2.
func tooLong(limit time.Duration) string {
	if limit == 0 {
		return "Action failed to complete in time"
	}
	return fmt.Sprintf("Action failed to complete in %d seconds", int64(limit/time.Second))
}

// text is a stream as it was printed: it is not decoded, as a Python action's is not.
func text(s *printed.Stream) string { return string(s.Kept()) }

func encoded(o outcome) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(o); err != nil { // the value is JSON: fault has looked at it
		return nil
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
