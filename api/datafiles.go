package api

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// fileWrittenType is the trigger of files that come with an action.
const fileWrittenType = "core.st2.action.file_written"

// dataFile is a file sent with an action, for its pack's actions folder.
// st2: rest-api reference, POST /actions, data_files.
type dataFile struct {
	Path    string `json:"file_path"` // below the folder
	Content string `json:"content"`
}

// takeDataFiles takes the files out of an action's body.
func takeDataFiles(body []byte) ([]byte, []dataFile, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members["data_files"] == nil {
		return body, nil, nil // what is wrong with the body, its own reader says
	}
	var files []dataFile
	if err := json.Unmarshal(members["data_files"], &files); err != nil {
		return nil, nil, core.FieldErrorf("data_files", "data_files needs to be a list of objects with file_path and content")
	}
	for _, f := range files {
		if f.Path == "" || !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return nil, nil, core.FieldErrorf("data_files", "data_files: file_path %q needs to be a path below the pack's actions folder", f.Path)
		}
	}
	delete(members, "data_files")
	body, err := json.Marshal(members)
	return body, files, err
}

// roomForFiles makes sure of a pack's actions folder.
func (c *call) roomForFiles(pack string, files []dataFile) error {
	if len(files) == 0 {
		return nil
	}
	if err := c.changeable(pack, "data_files"); err != nil {
		return err
	}
	root, err := c.s.actionsDir(pack)
	if err != nil {
		return err
	}
	if root == nil {
		return core.FieldErrorf("data_files", "Content pack \"%s\" is not found or doesn't contain actions directory. Searched in: %s",
			pack, c.s.PackDir(pack))
	}
	return root.Close()
}

// changeable refuses to change files of an installed pack: they are those of its archive,
// on every server.
func (c *call) changeable(pack, field string) error {
	digest, err := c.s.Packs.Digest(c.ctx(), pack)
	if err != nil || digest == "" {
		return err
	}
	return core.FieldErrorf(field, "%s: the files of the pack %s are those of the archive it was installed from; install a new version of the pack instead", field, pack)
}

// writeDataFiles writes the files of an action that is stored, and raises their trigger.
func (c *call) writeDataFiles(a *core.Action, files []dataFile) error {
	if len(files) == 0 {
		return nil
	}
	root, err := c.s.actionsDir(a.Pack)
	if err != nil {
		return err
	}
	if root == nil {
		return c.roomForFiles(a.Pack, files)
	}
	defer root.Close()
	for _, f := range files {
		name := filepath.FromSlash(f.Path)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, []byte(f.Content), 0o755); err != nil { // may be an entry point
			return err
		}
	}
	return c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error { return c.raiseWritten(tx, a, root.Name(), files) })
}

// raiseWritten st2 differs: there, a wrong name keeps this trigger from ever going off.
func (c *call) raiseWritten(tx *store.Tx, a *core.Action, dir string, files []dataFile) error {
	host, _ := os.Hostname()
	for _, f := range files {
		payload, err := json.Marshal(map[string]any{
			"ref": a.Ref(), "file_path": filepath.Join(dir, filepath.FromSlash(f.Path)),
			"host_info": map[string]string{"hostname": host},
		})
		if err != nil {
			return err
		}
		if err := c.s.Router.EmitWatched(c.ctx(), tx, core.Event{Trigger: fileWrittenType, Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}
