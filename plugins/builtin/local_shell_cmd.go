package builtin

import (
	"context"

	"github.com/petrelhq/petrel/core"
)

// shellCmd runs a command line on this machine. st2: runners reference 2.
type shellCmd struct{ shell }

func (s shellCmd) Run(ctx context.Context, c core.Call) (core.Result, error) {
	if c.Action.EntryPoint != "" {
		return core.Result{}, core.FieldErrorf("entry_point", "entry_point has no meaning for local-shell-cmd: remove it, or use the runner local-shell-script")
	}
	return s.run(ctx, c, textOf(c.RunnerParams, "cmd"))
}

func shellCmdType() core.RunnerType {
	return core.RunnerType{
		Name:        "local-shell-cmd",
		Description: "Runs a shell command on the server's machine, as the system user.",
		Enabled:     true,
		Package:     "local_runner",
		Module:      "local_shell_command_runner",
		Parameters:  append(core.Parameters{param("cmd", "string", "The command line, run by a shell.")}, shellParameters()...),
	}
}

// shellParameters are those of both local-shell runners.
func shellParameters() core.Parameters {
	return core.Parameters{
		param("cwd", "string", "Directory to run in; the server's own when left out."),
		param("env", "object", "Environment variables to add: names with their values."),
		param("kwarg_op", "string", "What stands before the name of a named argument.", "default", "--"),
		param("sudo", "boolean", "Runs as root, through sudo.", "default", false),
		param("sudo_password", "string", "Password for sudo, where sudo asks for one.", "default", nil, "secret", true, "required", false),
		param("timeout", "integer", "Seconds after which the command is ended; 0 is no limit.", "default", int64(60)),
	}
}
