package api

import (
	"errors"
	"io/fs"
	"mime"
	"os"
	"path"
	"path/filepath"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
)

// actionsDir opens the folder of a pack's actions, from which no name leads out. It is
// nil when the pack has no files on this machine.
func (s *Server) actionsDir(pack string) (*os.Root, error) {
	dir := s.PackDir(pack)
	if dir == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(filepath.Join(dir, "actions"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return root, err
}

// getActionEntryPoint sends the file that an action runs.
func (c *call) getActionEntryPoint() error {
	a, err := c.findAction()
	if err != nil {
		return err
	}
	raw, err := c.s.entryPoint(a)
	if err != nil {
		return err
	}
	if raw == nil {
		return core.Errorf(core.NotFound, "Action ref_or_id=%s has no entry_point to output", c.Params("ref"))
	}
	c.Set(fiber.HeaderContentType, contentType(a.EntryPoint))
	c.Response().SetBody(raw)
	return nil
}

// entryPoint reads an action's file; nil when it has none.
func (s *Server) entryPoint(a *core.Action) ([]byte, error) {
	if a.EntryPoint == "" {
		return nil, nil
	}
	root, err := s.actionsDir(a.Pack)
	if root == nil {
		return nil, err
	}
	defer root.Close()
	raw, err := root.ReadFile(filepath.FromSlash(a.EntryPoint))
	if err != nil {
		return nil, core.Errorf(core.NotFound, "File \"%s\" of action %s cannot be read in its pack", a.EntryPoint, a.Ref())
	}
	return raw, nil
}

// st2: rest-api reference, GET /actions/views/entry_point.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".yaml", ".yml":
		return "application/x-yaml"
	case ".py":
		return "text/x-python"
	case ".sh":
		return "application/x-sh"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "text/plain"
	}
}

// copyEntryPoint puts an action's file where its clone expects it.
func (s *Server) copyEntryPoint(from, to *core.Action) error {
	raw, err := s.entryPoint(from)
	if raw == nil || from.Pack == to.Pack {
		return err
	}
	root, err := s.actionsDir(to.Pack)
	if err != nil {
		return err
	}
	if root == nil {
		return core.FieldErrorf("dest_pack", "Pack '%s' has no actions folder on this server to copy \"%s\" to", to.Pack, from.EntryPoint)
	}
	defer root.Close()
	name := filepath.FromSlash(to.EntryPoint)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return root.WriteFile(name, raw, 0o755) // entry points are programs
}

// removeActionFiles removes an action's file and metadata.
func (s *Server) removeActionFiles(a *core.Action) error {
	root, err := s.actionsDir(a.Pack)
	if root == nil {
		return err
	}
	defer root.Close()
	for _, name := range []string{a.EntryPoint, path.Base(a.MetadataFile)} {
		if name == "" || name == "." {
			continue
		}
		if err := root.Remove(filepath.FromSlash(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
