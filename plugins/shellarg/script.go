package shellarg

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/petrelhq/petrel/core"
)

// Script finds the file of a call's entry point, which has to lie inside the pack, links
// followed. Errors are Invalid, or NotFound where the pack's files are missing.
func Script(c core.Call) (string, error) {
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
