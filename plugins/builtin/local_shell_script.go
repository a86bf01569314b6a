package builtin

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/petrelhq/petrel/core"
)

// shellScript runs a script of the action's pack on this machine. st2: runners reference 2.
type shellScript struct{ shell }

func (s shellScript) Run(ctx context.Context, c core.Call) (core.Result, error) {
	if textOf(c.RunnerParams, "content_version") != "" {
		return core.Result{}, core.FieldErrorf("content_version", "content_version is not supported: the script runs as it is installed; leave the parameter out")
	}
	script, err := scriptPath(c)
	if err != nil {
		return core.Result{}, err
	}
	makeExecutable(script)
	line, err := scriptLine(script, c)
	if err != nil {
		return core.Result{}, err
	}
	return s.run(ctx, c, line)
}

// scriptPath finds the entry point, which has to lie inside the pack, links followed.
func scriptPath(c core.Call) (string, error) {
	if c.Action.EntryPoint == "" {
		return "", core.FieldErrorf("entry_point", "%s needs an entry_point: the script's path below the pack's actions folder", c.Action.Ref())
	}
	pack, err := filepath.EvalSymlinks(c.Dir)
	if err != nil {
		return "", core.Errorf(core.NotFound, "the files of pack %s are not in %s: %w", c.Action.Pack, c.Dir, err)
	}
	path, err := filepath.Abs(filepath.Join(pack, "actions", c.Action.EntryPoint))
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", core.FieldErrorf("entry_point", "%s: the script %s does not exist", c.Action.Ref(), path)
	}
	if err != nil {
		return "", core.FieldErrorf("entry_point", "%s: the script cannot be used: %w", c.Action.Ref(), err)
	}
	if rel, err := filepath.Rel(pack, real); err != nil || !filepath.IsLocal(rel) {
		return "", core.FieldErrorf("entry_point", "%s: the entry_point %q leads out of the pack's folder", c.Action.Ref(), c.Action.EntryPoint)
	}
	return path, nil
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
