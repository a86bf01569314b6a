package winrm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/printed"
)

// output is what an action prints, while it does and for its result.
type output struct{ stdout, stderr *printed.Stream }

// errTimedOut is the cause of a context whose action took longer than its timeout parameter.
var errTimedOut = errors.New("the action took longer than its timeout")

// result is an action's result. st2: runners reference 10, result.
type result struct {
	Failed          bool            `json:"failed"`
	Succeeded       bool            `json:"succeeded"`
	ReturnCode      int             `json:"return_code"`
	Stdout          json.RawMessage `json:"stdout"`
	Stderr          json.RawMessage `json:"stderr"`
	StdoutTruncated int64           `json:"stdout_truncated,omitempty"` // bytes that are missing
	StderrTruncated int64           `json:"stderr_truncated,omitempty"`
	Error           string          `json:"error,omitempty"`
}

// notEnded is the return code of a command that did not come to its end.
const notEnded = -1

// result is how a run ended; cause is why its context was done, when err is not nil.
func (o output) result(code int, err, cause error, limit time.Duration) core.Result {
	status, message := core.Succeeded, ""
	switch {
	case err != nil:
		code = notEnded
		status, message = endedStatus(cause), cause.Error()
		if status == core.TimedOut {
			message = fmt.Sprintf("Action failed to complete in %v seconds", limit.Seconds())
		}
	case code != 0:
		status = core.Failed
	}
	value, _ := json.Marshal(result{ // streams are JSON
		Failed: status != core.Succeeded, Succeeded: status == core.Succeeded, ReturnCode: code,
		Stdout: o.stdout.JSON(), Stderr: o.stderr.JSON(),
		StdoutTruncated: o.stdout.Cut(), StderrTruncated: o.stderr.Cut(), Error: message,
	})
	return core.Result{Status: status, Value: value}
}

// endedStatus says what an action became whose context was done before it was.
func endedStatus(cause error) core.Status {
	switch {
	case errors.Is(cause, errTimedOut), errors.Is(cause, context.DeadlineExceeded):
		return core.TimedOut
	case errors.Is(cause, core.ErrCanceled):
		return core.Canceled
	}
	return core.Abandoned
}
