package ssh

import (
	"context"

	"github.com/petrelhq/petrel/core"
)

// shellCmd runs a command line on other hosts. st2: runners reference 3.
type shellCmd struct{ *Carrier }

func (s shellCmd) Run(ctx context.Context, c core.Call) (core.Result, error) {
	if c.Action.EntryPoint != "" {
		return core.Result{}, core.FieldErrorf("entry_point", "entry_point has no meaning for remote-shell-cmd: remove it, or use the runner remote-shell-script")
	}
	j, err := s.newJob(c)
	if err != nil {
		return core.Result{}, err
	}
	return s.carryOut(ctx, j)
}

// shellScript runs a script of the action's pack on other hosts. st2: runners reference 3.
type shellScript struct{ *Carrier }

func (s shellScript) Run(ctx context.Context, c core.Call) (core.Result, error) {
	files, err := scriptFiles(c)
	if err != nil {
		return core.Result{}, err
	}
	j, err := s.newJob(c)
	if err != nil {
		return core.Result{}, err
	}
	j.files = files
	return s.carryOut(ctx, j)
}

func shellCmdType() core.RunnerType {
	more := core.Parameters{
		param("cmd", "string", "The command line, run by the login shell."),
		param("dir", "string", "Has no meaning here; scripts are uploaded below it.", "default", "/tmp", "immutable", true),
	}
	return core.RunnerType{
		Name:        "remote-shell-cmd",
		Description: "Runs a shell command on other hosts, over SSH.",
		Enabled:     true,
		Package:     "remote_runner",
		Module:      "remote_command_runner",
		Parameters:  append(parameters(), more...),
	}
}

func shellScriptType() core.RunnerType {
	return core.RunnerType{
		Name:        "remote-shell-script",
		Description: "Uploads a script of the action's pack to other hosts and runs it there, over SSH.",
		Enabled:     true,
		Package:     "remote_runner",
		Module:      "remote_script_runner",
		Parameters: append(parameters(),
			param("dir", "string", "Directory on the hosts that scripts are uploaded below.", "default", "/tmp")),
	}
}

// parameters are those of both runners.
func parameters() core.Parameters {
	return core.Parameters{
		param("hosts", "string", "Hosts to run on, separated by commas: host, host:port, [v6]:port.", "required", true),
		param("username", "string", "Who to log in as; the server's configured user when left out."),
		param("password", "string", "Password to log in with; keys are not used then.", "secret", true),
		param("private_key", "string", "Private key to log in with: the key itself, or its path on the server.", "secret", true),
		param("passphrase", "string", "Opens an encrypted private key.", "secret", true),
		param("port", "integer", "Port of hosts that are given without one.", "default", int64(22)),
		param("bastion_host", "string", "Host to connect through: host, or user@host:port; user, port and credential are as for the hosts."),
		param("cwd", "string", "Directory on the hosts to run in.", "default", "/tmp"),
		param("env", "object", "Environment variables to add: names with their values."),
		param("kwarg_op", "string", "What stands before the name of a named argument.", "default", "--"),
		param("parallel", "boolean", "Has no meaning: hosts are run on in parallel, up to the server's limit.", "default", false, "immutable", true),
		param("sudo", "boolean", "Runs as root, through sudo.", "default", false),
		param("sudo_password", "string", "Password for sudo, where sudo asks for one.", "default", nil, "secret", true, "required", false),
		param("timeout", "integer", "Seconds after which the command is ended, on each host; 0 is no limit.", "default", int64(60)),
	}
}

// param makes a parameter of a runner type. More is pairs of an attribute and its value.
func param(name, kind, description string, more ...any) core.Parameter {
	s := core.Schema{"type": kind, "description": description}
	for i := 0; i+1 < len(more); i += 2 {
		s[more[i].(string)] = more[i+1]
	}
	return core.Parameter{Name: name, Schema: s}
}
