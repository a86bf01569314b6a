package builtin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/proc"
	"github.com/petrelhq/petrel/plugins/printed"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// shell runs command lines for local-shell-cmd and local-shell-script.
// st2: runners reference 2.
type shell struct {
	otherUser string   // the system user, when it is not the server's own
	sudo      string   // program
	env       []string // inherited, names not repeated
	hostname  string
	ender     proc.Ender
	maxOutput int
}

const markName = "ST2_ACTION_EXECUTION_ID"

// run runs line as the user it is meant for, in a session of its own.
func (s shell) run(ctx context.Context, c core.Call, line string) (core.Result, error) {
	line, asOther := s.forUser(line, c.RunnerParams)
	env, err := s.environment(c)
	if err != nil {
		return core.Result{}, err
	}
	stdout := &printed.Stream{Out: c.Output.Stdout(), Max: s.maxOutput}
	stderr := &printed.Stream{Out: c.Output.Stderr(), Max: s.maxOutput}
	spec := proc.Spec{
		Dir: textOf(c.RunnerParams, "cwd"), Env: env,
		Stdin: password(c.RunnerParams, asOther), Stdout: stdout, Stderr: stderr,
		Mark: markName + "=" + c.ID, Ender: s.ender,
	}
	limit := time.Duration(numberOf(c.RunnerParams, "timeout") * float64(time.Second))
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTimedOut)
		defer cancel()
	}
	p, err := start(spec, line)
	if err != nil {
		return core.Result{}, core.Errorf(core.Invalid, "%w", err)
	}
	id := p.Identity()
	c.Output.Started(core.RunnerInfo{Hostname: s.hostname, PID: os.Getpid(), Group: id.PID, StartTick: id.StartTick, Boot: id.Boot})
	exit, endErr := p.Wait(ctx)
	o := outcomeOf(exit, context.Cause(ctx), limit)
	if spec.Stdin != nil && sudoRefused(exit, stderr.Kept()) {
		o = outcome{core.Failed, -1, "sudo did not accept sudo_password; stderr has its words"}
	}
	if endErr != nil {
		o.message = strings.TrimPrefix(o.message+"; "+endErr.Error(), "; ")
	}
	return o.result(exit, stdout, stderr), nil
}

// start runs a line by itself where that is the same, else by the shell; also when the
// system does not know how to run it (a script without a first line that says).
func start(spec proc.Spec, line string) (*proc.Process, error) {
	if args, ok := direct(line, pathOf(spec.Env)); ok {
		spec.Args = args
		if p, err := proc.Start(spec); err == nil {
			return p, nil
		}
	}
	spec.Args = []string{"/bin/sh", "-c", line}
	return proc.Start(spec)
}

// forUser wraps line in sudo where it is to run as another user.
func (s shell) forUser(line string, params map[string]any) (wrapped string, asOther bool) {
	words := []string{s.sudo}
	if textOf(params, "sudo_password") != "" {
		words = append(words, "-S")
	}
	switch {
	case boolOf(params, "sudo"):
		words = append(words, "-E")
	case s.otherUser != "":
		words = append(words, "-E", "-H", "-u", shellarg.Quote(s.otherUser))
	default:
		return line, false
	}
	words = append(words, "--", "bash", "-c", shellarg.Quote(line))
	// The shell stays beside sudo (it must not become it): a restarted server that is not
	// root can read only the shell's environment, and finds sudo as its child.
	return strings.Join(words, " ") + "\nexit $?", true
}

// password is what sudo reads from its input: never a part of a command line.
func password(params map[string]any, asOther bool) io.Reader {
	if p := textOf(params, "sudo_password"); p != "" && asOther {
		return strings.NewReader(p + "\n")
	}
	return nil
}

// sudoRefused reads what sudo itself prints, in English.
func sudoRefused(e proc.Exit, stderr []byte) bool {
	if e.Code != 1 || e.Ended {
		return false
	}
	said := func(words string) bool { return bytes.Contains(stderr, []byte(words)) }
	return said("incorrect password attempt") || said("no password was provided") || said("a password is required")
}

// environment is what is inherited, the env parameter over it, and Petrel's own on top.
// st2: runners reference 1.1.
func (s shell) environment(c core.Call) ([]string, error) {
	given := objectOf(c.RunnerParams, "env")
	over := make([]string, 0, len(given)+len(c.Env)+1)
	for name, v := range given {
		text, err := shellarg.Text(v)
		if err != nil || name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(text, "\x00") {
			return nil, core.FieldErrorf("env", "env: %q cannot be an environment variable: names need to be free of '=' and NUL, values of NUL", name)
		}
		over = append(over, name+"="+text)
	}
	slices.Sort(over)
	over = append(over, c.Env...)
	return mergeEnv(s.env, append(over, markName+"="+c.ID)), nil
}

// outcome is a status with what the result says of it.
type outcome struct {
	status  core.Status
	code    int
	message string
}

// st2: runners reference 2, timeout and exit code map.
func outcomeOf(e proc.Exit, cause error, limit time.Duration) outcome {
	if e.Ended {
		switch status := endedStatus(cause); status {
		case core.TimedOut:
			return outcome{status, -int(syscall.SIGKILL), tooLong(limit)}
		default:
			return outcome{status, e.Code, cause.Error()}
		}
	}
	switch e.Code {
	case 0:
		return outcome{core.Succeeded, 0, ""}
	case -int(syscall.SIGKILL):
		return outcome{core.TimedOut, e.Code, "The command was ended by SIGKILL, which was not sent by this server"}
	case -int(syscall.SIGTERM):
		return outcome{core.Abandoned, e.Code, ""}
	}
	return outcome{core.Failed, e.Code, ""}
}

func tooLong(limit time.Duration) string {
	return fmt.Sprintf("Action failed to complete in %v seconds", limit.Seconds())
}

func (o outcome) result(e proc.Exit, stdout, stderr *printed.Stream) core.Result {
	r := newObject()
	r.set("failed", o.status != core.Succeeded)
	r.set("succeeded", o.status == core.Succeeded)
	r.number("return_code", int64(o.code))
	r.stream("stdout", stdout)
	r.stream("stderr", stderr)
	if o.message != "" {
		r.set("error", o.message)
	}
	if e.Left {
		r.set("output_left_open", true)
	}
	return core.Result{Status: o.status, Value: r.json()}
}
