package author

import (
	"context"
	"errors"
	"fmt"
	"go/version"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"github.com/petrelhq/petrel/sdk"
)

var goLine = regexp.MustCompile(`(?m)^go (\S+)$`)

// oldestGo is the first Go release that packs can be built with, such as 1.26.0: the one
// that the SDK's go.mod names.
func oldestGo() (string, error) {
	text, err := sdk.Source.ReadFile("go.mod")
	if err != nil {
		return "", err
	}
	line := goLine.FindSubmatch(text)
	if line == nil {
		return "", errors.New("the SDK's go.mod names no version of Go")
	}
	return string(line[1]), nil
}

// toolchain is the Go of this machine, as seen from a folder.
type toolchain struct {
	program string
	dir     string
}

// findGo finds the Go that builds in dir, and says what to install when there is none or
// one that is too old. Go may fetch a newer self, where GOTOOLCHAIN allows that.
func findGo(ctx context.Context, dir string) (*toolchain, error) {
	oldest, err := oldestGo()
	if err != nil {
		return nil, err
	}
	program, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("no Go tool chain found: packs written in Go need Go %s or newer; install it from https://go.dev/dl/ and put its bin folder on the PATH", oldest)
	}
	t := &toolchain{program: program, dir: dir}
	var said strings.Builder
	answer, err := t.output(ctx, &said, "env", "GOVERSION", "GOTOOLCHAIN")
	if err != nil {
		return nil, errors.New(strings.TrimSpace(said.String()))
	}
	have, switching, _ := strings.Cut(strings.TrimSpace(answer), "\n")
	have, _, _ = strings.Cut(have, " ") // a development version has a date behind it
	if version.Compare(have, "go"+oldest) < 0 && (switching == "local" || switching == "") {
		return nil, fmt.Errorf("%s is %s, and packs need Go %s or newer: install that from https://go.dev/dl/, or let Go fetch it with GOTOOLCHAIN=auto", program, have, oldest)
	}
	return t, nil
}

// command is a run of Go in the pack's folder. The pack's go.mod alone says what it is
// built from, so a workspace around it does not count.
func (t *toolchain) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.program, args...)
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "PWD="+t.dir)
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

func (t *toolchain) output(ctx context.Context, stderr io.Writer, args ...string) (string, error) {
	cmd := t.command(ctx, nil, args...)
	cmd.Stderr = stderr
	out, err := cmd.Output()
	return string(out), err
}

// build compiles the main package in the folder for a carrier into a file.
func (t *toolchain) build(ctx context.Context, target carrier, file string) error {
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", file}
	args = append(args, target.buildFlags...)
	cmd := t.command(ctx, target.buildEnv(), append(args, ".")...)
	said, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(said) == 0 {
		return fmt.Errorf("running Go: %w", err)
	}
	return fmt.Errorf("the code does not compile:\n%s", inset(explainGo(string(said))))
}

// test runs the pack's own tests.
func (t *toolchain) test(ctx context.Context, stdout, stderr io.Writer) error {
	cmd := t.command(ctx, nil, "test", "./...")
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	var exited *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exited):
		return errors.New("the pack's tests failed")
	}
	return err
}

var missingModule = regexp.MustCompile(`github\.com/petrelhq/petrel/sdk.*(no such file|replacement directory|does not exist)`)

// explainGo adds what to do about the complaint that authors meet most.
func explainGo(said string) string {
	if missingModule.MatchString(said) {
		said += "The SDK that go.mod points to is not there; \"petrel pack sdk\" unpacks it anew.\n"
	}
	return said
}

func inset(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

// nativeEnv leaves the C tool chain out, so that a pack's program runs on any machine with
// this kernel, unless the author asks for it.
func nativeEnv() []string {
	env := []string{"GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH}
	if _, ok := os.LookupEnv("CGO_ENABLED"); !ok {
		env = append(env, "CGO_ENABLED=0")
	}
	return env
}
