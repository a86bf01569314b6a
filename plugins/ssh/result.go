package ssh

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/printed"
)

// errTimedOut is the cause of a command's context that took longer than its timeout parameter.
var errTimedOut = errors.New("the command took longer than its timeout")

func withTimeout(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, limit, errTimedOut)
}

// notCopied is the error of a host that the script could not be brought to.
type notCopied struct{ err error }

func (n *notCopied) Error() string { return n.err.Error() }
func (n *notCopied) Unwrap() error { return n.err }

// notEnded is the error of a host on which processes may be left.
type notEnded struct{ why, err error }

func (n *notEnded) Error() string { return n.why.Error() + "; " + n.err.Error() }
func (n *notEnded) Unwrap() error { return n.why }

// hostResult is what became of a run.
type hostResult struct {
	name           string
	err            error // nil when the command ended by itself
	timedOut       bool
	code           int
	left           bool   // something holds its output open
	leftBehind     string // the upload's directory, if it could not be removed
	stdout, stderr *printed.Stream
}

func (r hostResult) succeeded() bool { return r.err == nil && r.code == 0 }

func (r *run) finished(e exit) hostResult {
	res := hostResult{code: e.code, left: e.left, stdout: r.stdout, stderr: r.stderr}
	if r.as.sudo && e.code == 1 && (sudoRefused(r.stderr.Kept()) || sudoRefused(r.stdout.Kept())) {
		return r.failed(core.Errorf(core.Forbidden, "%s: sudo let %s do nothing there: give the right sudo_password, or allow it without one in sudoers; the output has its words",
			r.target.name(), r.target.user))
	}
	return res
}

// sudoRefused reads what sudo itself prints, in English.
func sudoRefused(said []byte) bool {
	for _, words := range []string{"incorrect password attempt", "no password was provided", "a password is required", "is not in the sudoers file"} {
		if bytes.Contains(said, []byte("sudo: ")) && bytes.Contains(said, []byte(words)) {
			return true
		}
	}
	return false
}

func (r *run) failed(err error) hostResult {
	res := hostResult{err: err, code: 255, stdout: r.stdout, stderr: r.stderr}
	if errors.Is(err, errTimedOut) || errors.Is(err, context.DeadlineExceeded) {
		res.timedOut, res.code = true, -9
	}
	if errors.Is(err, errTimedOut) {
		res.err = fmt.Errorf("the command took longer than %v seconds and was ended", r.job.params.timeout.Seconds())
		var left *notEnded
		if errors.As(err, &left) {
			res.err = &notEnded{res.err, left.err}
		}
	}
	return res
}

// MarshalJSON implements json.Marshaler. st2: runners reference 3, per-host value.
func (r hostResult) MarshalJSON() ([]byte, error) {
	v := struct {
		Failed     bool            `json:"failed"`
		Succeeded  bool            `json:"succeeded"`
		Timeout    *bool           `json:"timeout,omitempty"`
		ReturnCode int             `json:"return_code"`
		Stdout     json.RawMessage `json:"stdout"`
		Stderr     json.RawMessage `json:"stderr"`
		Error      *string         `json:"error,omitempty"`
		Traceback  *string         `json:"traceback,omitempty"`
		StdoutCut  int64           `json:"stdout_truncated,omitempty"`
		StderrCut  int64           `json:"stderr_truncated,omitempty"`
		Left       bool            `json:"output_left_open,omitempty"`
		LeftBehind string          `json:"left_behind,omitempty"`
	}{
		Failed: !r.succeeded(), Succeeded: r.succeeded(), ReturnCode: r.code,
		Stdout: r.stdout.JSON(), Stderr: r.stderr.JSON(), StdoutCut: r.stdout.Cut(), StderrCut: r.stderr.Cut(),
		Left: r.left, LeftBehind: r.leftBehind,
	}
	if r.err != nil {
		text, none := r.err.Error(), ""
		v.Timeout, v.Error, v.Traceback = &r.timedOut, &text, &none
	}
	return marshal(v)
}

// marshal is json.Marshal without the escapes that HTML would need.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// summary is what became of an action on all of its hosts.
type summary struct {
	hosts   []hostResult
	cause   error // why the action's context is done, if it is
	partial bool
}

// result is the action's result, or the error when no host could be reached.
func (s summary) result() (core.Result, error) {
	if s.cause == nil {
		if err := s.nowhere(); err != nil {
			return core.Result{}, err
		}
		if err := s.allNotCopied(); err != nil {
			return err.result()
		}
	}
	byName := map[string]hostResult{}
	for _, h := range s.hosts {
		byName[h.name] = h
	}
	value, err := marshal(byName)
	return core.Result{Status: s.status(), Value: value}, err
}

// nowhere is the error of an action none of whose hosts was reached.
func (s summary) nowhere() error {
	var away *unreachable
	words := make([]string, len(s.hosts))
	for i, h := range s.hosts {
		if !errors.As(h.err, &away) {
			return nil
		}
		words[i] = h.err.Error()
	}
	if len(words) == 1 {
		return away.err
	}
	return core.Errorf(core.Unavailable, "none of the %d hosts could be used: %s", len(words), strings.Join(words, "; "))
}

// allNotCopied is the error when none of the hosts that were reached got the script.
// st2 differs: there one host that does not take the script keeps all from running it.
func (s summary) allNotCopied() *notCopied {
	var first *notCopied
	for _, h := range s.hosts {
		var not *notCopied
		var away *unreachable
		switch {
		case errors.As(h.err, &not):
			if first == nil {
				first = not
			}
		case !errors.As(h.err, &away):
			return nil
		}
	}
	return first
}

// result is that of an action whose script could be copied nowhere. st2: runners reference 3, copy phase failure.
func (n *notCopied) result() (core.Result, error) {
	value, err := marshal(map[string]any{
		"failed": true, "succeeded": false, "return_code": 255, "error": n.Error(), "traceback": "",
	})
	return core.Result{Status: core.Failed, Value: value}, err
}

// st2: runners reference 3, status.
func (s summary) status() core.Status {
	switch {
	case errors.Is(s.cause, core.ErrCanceled):
		return core.Canceled
	case errors.Is(s.cause, context.DeadlineExceeded):
		return core.TimedOut
	case s.cause != nil && !s.success():
		return core.Abandoned
	case s.success():
		return core.Succeeded
	case s.timedOut():
		return core.TimedOut
	}
	return core.Failed
}

func (s summary) success() bool {
	for _, h := range s.hosts {
		if h.succeeded() == s.partial {
			return s.partial
		}
	}
	return !s.partial
}

// timedOut reports whether every host looked at did, up to the first failure; all are
// looked at where one success is enough.
func (s summary) timedOut() bool {
	for _, h := range s.hosts {
		if !h.timedOut {
			return false
		}
		if !s.partial {
			return true
		}
	}
	return true
}
