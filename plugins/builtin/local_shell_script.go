package builtin

import (
	"context"
	"os"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// shellScript runs a script of the action's pack on this machine. st2: runners reference 2.
type shellScript struct{ shell }

func (s shellScript) Run(ctx context.Context, c core.Call) (core.Result, error) {
	if textOf(c.RunnerParams, "content_version") != "" {
		return core.Result{}, core.FieldErrorf("content_version", "content_version is not supported: the script runs as it is installed; leave the parameter out")
	}
	script, err := shellarg.Script(c)
	if err != nil {
		return core.Result{}, err
	}
	makeExecutable(script)
	line, err := shellarg.Line(script, c)
	if err != nil {
		return core.Result{}, err
	}
	return s.run(ctx, c, line)
}

// makeExecutable does what "chmod +x" in front of the command would, without a process.
// Where it fails (a read-only file system, another owner) the shell tells of it, if the
// script is not executable already.
func makeExecutable(script string) {
	const execute = 0o111
	if info, err := os.Stat(script); err == nil && info.Mode()&execute != execute {
		os.Chmod(script, info.Mode().Perm()|execute) // see above
	}
}

func shellScriptType() core.RunnerType {
	parameters := append(shellParameters(),
		param("debug", "boolean", "Tells the script to say more, through ST2_ACTION_DEBUG.", "default", false),
		param("content_version", "string", "Git revision of the pack to run; has to be empty."))
	return core.RunnerType{
		Name:        "local-shell-script",
		Description: "Runs a script of the action's pack on the server's machine, as the system user.",
		Enabled:     true,
		Package:     "local_runner",
		Module:      "local_shell_script_runner",
		Parameters:  parameters,
	}
}
