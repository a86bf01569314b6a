package winrm

import "github.com/petrelhq/petrel/core"

// Types describes the runners, in the order of their names. st2: runners reference 10.
func Types() []core.RunnerType {
	return []core.RunnerType{
		runnerType("winrm-cmd", "winrm_command_runner", "Runs a command of cmd.exe on a Windows machine.",
			param("cmd", "string", "The command line, run by cmd.exe.")),
		runnerType("winrm-ps-cmd", "winrm_ps_command_runner", "Runs a PowerShell command on a Windows machine.",
			param("cmd", "string", "The PowerShell to run.")),
		runnerType("winrm-ps-script", "winrm_ps_script_runner", "Runs a PowerShell script of the action's pack on a Windows machine."),
	}
}

func runnerType(name, module, description string, own ...core.Parameter) core.RunnerType {
	return core.RunnerType{
		Name: name, Description: description, Enabled: true,
		Package: "winrm_runner", Module: module,
		Parameters: append(own, sharedParameters()...),
	}
}

// sharedParameters are those of all three runner types.
func sharedParameters() core.Parameters {
	return core.Parameters{
		param("host", "string", "Name or address of the Windows machine.", "required", true),
		param("username", "string", `User to log in as: name, DOMAIN\name or name@domain.`, "required", true),
		param("password", "string", "Password to log in with.", "required", true, "secret", true),
		param("port", "integer", "Port of WinRM; 5985 speaks plain HTTP whatever the scheme.", "default", int64(5986)),
		param("scheme", "string", "https or http. Over http nothing is encrypted, which Windows refuses unless AllowUnencrypted is set.", "default", "https"),
		param("transport", "string", "How to log in: ntlm, or basic (also called plaintext and ssl). The others are not supported.",
			"default", "ntlm", "enum", []any{"basic", "certificate", "credssp", "kerberos", "ntlm", "plaintext", "ssl"}),
		param("verify_ssl_cert", "boolean", "Checks the machine's certificate.", "default", true),
		param("timeout", "integer", "Seconds after which the command is ended; 0 is no limit.", "default", int64(60)),
		param("cwd", "string", "Directory to run in; the user's own when left out."),
		param("env", "object", "Environment variables to add: names with their values."),
		param("kwarg_op", "string", "What stands before the name of a named argument.", "default", "-"),
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
