// Package winrm runs commands and scripts on Windows machines by WinRM.
//
// The three runner types are winrm-cmd, winrm-ps-cmd and winrm-ps-script. A run opens a
// shell on the machine, runs its commands in it one after the other, and closes it again,
// also when it was cancelled or took too long. What the library github.com/masterzen/winrm
// is used for stands in shell.go: messages are made and read by it; sending them, deadlines
// and logins are this package's own.
package winrm

import (
	"context"
	"crypto/x509"
	"os"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/printed"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// Config is what the runners need of the system around them. The zero value works.
type Config struct {
	Roots     *x509.CertPool // that machines' certificates are checked with; nil is the system's
	MaxOutput int            // bytes of each output stream kept in a result; 0 is 10 MiB
}

const defaultMaxOutput = 10 << 20

// Runners returns the runners by the name of their runner type.
func Runners(c Config) map[string]core.Runner {
	if c.MaxOutput <= 0 {
		c.MaxOutput = defaultMaxOutput
	}
	return map[string]core.Runner{
		"winrm-cmd":       runner{c, runCommand},
		"winrm-ps-cmd":    runner{c, runPowerShell},
		"winrm-ps-script": runner{c, runScript},
	}
}

// runner runs an action in a shell of its own. st2: runners reference 10.
type runner struct {
	Config
	run func(ctx context.Context, s *shell, c core.Call, out output) (exitCode int, err error)
}

func (r runner) Run(ctx context.Context, c core.Call) (core.Result, error) {
	t, err := targetOf(c.RunnerParams)
	if err != nil {
		return core.Result{}, err
	}
	if t.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.timeout, errTimedOut)
		defer cancel()
	}
	out := output{
		stdout: &printed.Stream{Out: c.Output.Stdout(), Max: r.MaxOutput},
		stderr: &printed.Stream{Out: c.Output.Stderr(), Max: r.MaxOutput},
	}
	code, err := r.carryOut(ctx, t, c, out)
	if err != nil && ctx.Err() == nil {
		return core.Result{}, err
	}
	return out.result(code, err, context.Cause(ctx), t.timeout), nil
}

func (r runner) carryOut(ctx context.Context, t target, c core.Call, out output) (int, error) {
	line := newLine(t, r.Roots)
	defer line.close()
	s, err := open(ctx, line, t)
	if err != nil {
		return 0, err
	}
	defer s.close()
	return r.run(ctx, s, c, out)
}

func runCommand(ctx context.Context, s *shell, c core.Call, out output) (int, error) {
	return s.run(ctx, textOf(c.RunnerParams, "cmd"), out.stdout, out.stderr)
}

func runPowerShell(ctx context.Context, s *shell, c core.Call, out output) (int, error) {
	return s.powerShell(ctx, textOf(c.RunnerParams, "cmd"), c.ID, out)
}

func runScript(ctx context.Context, s *shell, c core.Call, out output) (int, error) {
	file, err := shellarg.Script(c)
	if err != nil {
		return 0, err
	}
	script, err := os.ReadFile(file)
	if err != nil {
		return 0, core.FieldErrorf("entry_point", "%s: the script cannot be read: %w", c.Action.Ref(), err)
	}
	call, err := scriptCall(string(script), c)
	if err != nil {
		return 0, err
	}
	return s.powerShell(ctx, call, c.ID, out)
}
