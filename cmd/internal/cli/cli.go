// Package cli is the client side of the command line: verbs that speak to a server
// through its REST API.
//
// It is spelled, prints and exits as StackStorm's client does (st2: cli.md), also when it
// is called st2. Every noun has a file of its own: those that are alike are a [resource]
// description over the generic verbs in resource*.go; executions, which are not, have
// run.go, execution*.go and tail.go. How answers look is decided in output.go and laid
// out by package render; where the server is and who asks, in settings*.go.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/petrelhq/petrel/sdk/client"
)

// New makes the root command with all client verbs below it. prog is the name it was
// called by, environ the environment as os.Environ gives it. Run it with [Execute].
// Set Version on the result for --version and the version verb; add other commands freely.
func New(prog string, stdin io.Reader, stdout, stderr io.Writer, environ []string, more ...Option) *cobra.Command {
	a := &app{prog: prog, stdin: stdin, stdout: stdout, stderr: stderr, environ: environ, now: time.Now}
	for _, option := range more {
		option(a)
	}
	return a.root()
}

// Option changes what New makes.
type Option func(*app)

// WithPacker says how the folder of a pack becomes an archive, which is written to w.
func WithPacker(pack func(w io.Writer, dir string) error) Option {
	return func(a *app) { a.pack = pack }
}

// Execute runs root with args (without the program's name), prints what is left to say of
// a failure, and returns the exit code.
func Execute(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetArgs(spelled(root, args))
	cmd, err := root.ExecuteContextC(ctx)
	var said *exit
	var misuse *usageError
	switch {
	case err == nil || errors.As(err, &said):
	case errors.As(err, &misuse):
		fmt.Fprintf(root.ErrOrStderr(), "usage: %s\n%s: error: %s\n", synopsis(cmd), cmd.CommandPath(), misuse)
	default:
		fmt.Fprintf(root.ErrOrStderr(), "%s: error: %s\n", cmd.CommandPath(), err)
	}
	return Exit(err)
}

// Exit is the exit code for what a command returned: 0 for success, 2 for a command line
// that makes no sense, what the verb chose for its own failures, else 1.
func Exit(err error) int {
	var said *exit
	var misuse *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &said):
		return said.code
	case errors.As(err, &misuse):
		return 2
	}
	return 1
}

// exit is a failure that has been printed.
type exit struct{ code int }

func (e *exit) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// usageError is a command line that makes no sense.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func misuse(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

// app is one invocation's surroundings.
type app struct {
	prog    string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	environ []string
	now     func() time.Time
	pack    func(w io.Writer, dir string) error // nil: folders cannot be installed
	options options
}

func (a *app) env(name string) string {
	for _, pair := range slices.Backward(a.environ) {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

// report prints a verb's failure. st2: cli.md, Frame: errors go to stdout; those of
// creating verbs exit 2 and lack the blank line.
func (a *app) report(err error, code int) error {
	var said *exit
	var misuse *usageError
	switch {
	case err == nil, errors.As(err, &said), errors.As(err, &misuse):
		return err
	case errors.Is(err, context.Canceled):
		return &exit{code: 130} // as a shell reports Ctrl-C
	}
	a.printf("ERROR: %s\n", a.explain(err))
	if code == 1 {
		a.printf("\n")
	}
	return &exit{code: code}
}

// explain words err for the person at the terminal.
func (a *app) explain(err error) string {
	var away *client.Unreachable
	if !errors.As(err, &away) {
		return err.Error()
	}
	text := fmt.Sprintf("cannot reach Petrel at %s: %s.", away.URL, away.Reason())
	switch {
	case away.Untrusted():
		return text + " Name the authority that signed its certificate with --cacert FILE, or skip the check with --insecure."
	case away.Refused():
		return text + " Is the server running? Start it with: petrel server"
	}
	return text
}

// terminal returns the file behind a stream when it is a terminal.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}
