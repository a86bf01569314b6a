package builtin

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/proc"
	"github.com/petrelhq/petrel/plugins/printed"
)

// heard is what a program that an action of the server's own started printed, and how it
// ended.
type heard struct {
	proc.Exit
	stdout, stderr *printed.Stream
}

// complaint is what a program that failed had to say of it.
func (h heard) complaint() string {
	if text := strings.TrimSpace(string(h.stderr.Kept())); text != "" {
		return text
	}
	return strings.TrimSpace(string(h.stdout.Kept()))
}

// program runs a program for an action that reads what it prints, up to max bytes of each
// stream. stdin may be nil. The error says why it did not run to its end.
func (s shell) program(ctx context.Context, c core.Call, max int, stdin io.Reader, args ...string) (heard, error) {
	env, err := s.environment(c)
	if err != nil {
		return heard{}, err
	}
	h := heard{stdout: &printed.Stream{Out: io.Discard, Max: max}, stderr: &printed.Stream{Out: io.Discard, Max: max}}
	p, err := proc.Start(proc.Spec{
		Args: args, Env: env, Stdin: stdin, Stdout: h.stdout, Stderr: h.stderr,
		Mark: markName + "=" + c.ID, Ender: s.ender,
	})
	if err != nil {
		return heard{}, err
	}
	id := p.Identity()
	c.Output.Started(core.RunnerInfo{Hostname: s.hostname, PID: os.Getpid(), Group: id.PID, StartTick: id.StartTick, Boot: id.Boot})
	h.Exit, err = p.Wait(ctx)
	if err == nil && h.Ended {
		err = context.Cause(ctx)
	}
	return h, err
}
