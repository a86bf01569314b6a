package api

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
)

// findAction returns the action a path names by reference or id.
func (c *call) findAction() (*core.Action, error) {
	a, err := c.s.Store.Actions().Find(c.ctx(), c.Params("ref"))
	if err != nil {
		return nil, noRef(err, c.Params("ref"))
	}
	return a, c.may("action:" + a.Pack + ":" + a.Name)
}

func noRef(err error, ref string) error {
	if core.KindOf(err) == core.NotFound {
		return core.Errorf(core.NotFound, "Resource with a reference or id \"%s\" not found", ref)
	}
	return err
}

// filterActions returns the actions that fit the filters, by pack and name.
func (c *call) filterActions() ([]*core.Action, error) {
	ids, err := c.ids()
	if err != nil {
		return nil, err
	}
	all, err := c.s.Store.Actions().All(c.ctx())
	if err != nil {
		return nil, err
	}
	tags := c.words("tags")
	all = slices.DeleteFunc(all, func(a *core.Action) bool {
		return !matches(c.text("pack"), a.Pack) || !matches(c.text("name"), a.Name) ||
			(len(ids) > 0 && !slices.Contains(ids, a.ID)) || !hasTags(a.Tags, tags)
	})
	slices.SortFunc(all, func(a, b *core.Action) int { return byPackAndName(a.Pack, a.Name, b.Pack, b.Name) })
	return all, nil
}

func byPackAndName(packA, nameA, packB, nameB string) int {
	if c := strings.Compare(packA, packB); c != 0 {
		return c
	}
	return strings.Compare(nameA, nameB)
}

// hasTags reports whether one of the tags has each wanted value (or name:value).
func hasTags(tags []core.Tag, wanted []string) bool {
	for _, w := range wanted {
		if !slices.ContainsFunc(tags, func(t core.Tag) bool { return t.Value == w || t.Name+":"+t.Value == w }) {
			return false
		}
	}
	return true
}

func (c *call) listActions() error {
	return c.sendActions(func(b []byte, a *core.Action, p *picked) ([]byte, error) { return writeAction(b, a, p) })
}

// listActionOverviews shows actions with their runners' parameters merged in.
func (c *call) listActionOverviews() error {
	names, err := c.s.catalogue(c.ctx())
	if err != nil {
		return err
	}
	return c.sendActions(func(b []byte, a *core.Action, p *picked) ([]byte, error) {
		return writeActionWith(b, a, names.parameters(a), p)
	})
}

func (c *call) sendActions(write func(b []byte, a *core.Action, p *picked) ([]byte, error)) error {
	pick, err := c.pick(actionAttributes)
	if err != nil {
		return err
	}
	p, err := c.paging(0)
	if err != nil {
		return err
	}
	all, err := c.filterActions()
	if err != nil {
		return err
	}
	return sendList(c, cut(all, p), len(all), p, func(b []byte, a *core.Action) ([]byte, error) { return write(b, a, pick) })
}

func (c *call) getAction() error {
	a, err := c.findAction()
	if err != nil {
		return err
	}
	return c.sendAction(fiber.StatusOK, a)
}

func (c *call) sendAction(status int, a *core.Action) error {
	return sendOne(c, status, a, func(b []byte, a *core.Action) ([]byte, error) { return writeAction(b, a, nil) })
}

func (c *call) getActionOverview() error {
	a, err := c.findAction()
	if err != nil {
		return err
	}
	names, err := c.s.catalogue(c.ctx())
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, a, func(b []byte, a *core.Action) ([]byte, error) {
		return writeActionWith(b, a, names.parameters(a), nil)
	})
}

func (c *call) getActionParameters() error {
	a, err := c.findAction()
	if err != nil {
		return err
	}
	names, err := c.s.catalogue(c.ctx())
	if err != nil {
		return err
	}
	return answer(c.Ctx, fiber.StatusOK, map[string]core.Parameters{"parameters": names.parameters(a)})
}

// readAction reads the body: an action, which goes to the pack given when it names none,
// and files for that pack.
func (c *call) readAction(otherwise string) (*core.Action, []dataFile, error) {
	var files []dataFile
	parse := func(body []byte, _ string) (_ *core.Action, err error) {
		if body, files, err = takeDataFiles(body); err != nil {
			return nil, err
		}
		return pack.ParseAction(body, "")
	}
	a, err := content(c, parse, func(a *core.Action) *string { return &a.Pack }, otherwise)
	if err != nil {
		return nil, nil, err
	}
	if err := guardSystem(a.Pack); err != nil {
		return nil, nil, err
	}
	return a, files, c.roomForFiles(a.Pack, files)
}

func (c *call) postAction() error {
	a, files, err := c.readAction(pack.DefaultPack)
	if err != nil {
		return err
	}
	if err := c.saveAction(a, true); err != nil {
		return err
	}
	if err := c.writeDataFiles(a, files); err != nil {
		return err
	}
	return c.sendAction(fiber.StatusCreated, a)
}

func (c *call) saveAction(a *core.Action, create bool) error {
	return c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error {
		return c.s.SaveAction(c.ctx(), tx, a, create)
	})
}

func (c *call) putAction() error {
	old, err := c.findAction()
	if err != nil {
		return err
	}
	if err := guardSystem(old.Pack); err != nil {
		return err
	}
	a, files, err := c.readAction(old.Pack)
	if err != nil {
		return err
	}
	a.ID, a.MetadataFile, a.Meant = old.ID, old.MetadataFile, old.Meant
	if err := c.saveAction(a, false); err != nil {
		return err
	}
	if err := c.writeDataFiles(a, files); err != nil {
		return err
	}
	return c.sendAction(fiber.StatusOK, a)
}

func (c *call) deleteAction() error {
	var body struct {
		RemoveFiles bool `json:"remove_files"`
	}
	if err := c.object(c.s.bodies.actionDelete, &body); err != nil {
		return err
	}
	a, err := c.findAction()
	if err != nil {
		return err
	}
	if err := guardSystem(a.Pack); err != nil {
		return err
	}
	if body.RemoveFiles {
		if err := c.changeable(a.Pack, "remove_files"); err != nil {
			return err
		}
	}
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error { return c.s.DeleteAction(c.ctx(), tx, a) })
	if err == nil && body.RemoveFiles {
		err = c.s.removeActionFiles(a)
	}
	if err != nil {
		return err
	}
	return c.empty(fiber.StatusNoContent)
}

type cloneRequest struct {
	Pack      string `json:"dest_pack"`
	Action    string `json:"dest_action"`
	Overwrite bool   `json:"overwrite"`
}

// postActionClone copies an action with its entry point into a pack.
func (c *call) postActionClone() error {
	var body cloneRequest
	if err := c.object(c.s.bodies.actionClone, &body); err != nil {
		return err
	}
	source, err := c.findAction()
	if err != nil {
		return err
	}
	if err := guardSystem(body.Pack); err != nil {
		return err
	}
	if _, err := c.s.Store.Packs().Get(c.ctx(), body.Pack); core.KindOf(err) == core.NotFound {
		return core.FieldErrorf("dest_pack", "Destination pack '%s' doesn't exist", body.Pack)
	} else if err != nil {
		return err
	}
	if source.EntryPoint != "" && source.Pack != body.Pack {
		if err := c.changeable(body.Pack, "dest_pack"); err != nil {
			return err
		}
	}
	clone, err := copyOf(source)
	if err != nil {
		return err
	}
	clone.ID, clone.Pack, clone.Name, clone.MetadataFile = "", body.Pack, body.Action, ""
	if err := c.saveClone(clone, body.Overwrite); err != nil {
		return err
	}
	if err := c.s.copyEntryPoint(source, clone); err != nil {
		return err
	}
	return c.sendAction(fiber.StatusCreated, clone)
}

func copyOf(a *core.Action) (*core.Action, error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	clone := new(core.Action)
	return clone, json.Unmarshal(raw, clone)
}

func (c *call) saveClone(clone *core.Action, overwrite bool) error {
	err := c.saveAction(clone, true)
	if core.KindOf(err) != core.Conflict {
		return err
	}
	if !overwrite {
		return core.FieldErrorf("dest_action", "The requested destination action already exists")
	}
	old, err := c.s.Store.Actions().Get(c.ctx(), clone.Ref())
	if err != nil {
		return err
	}
	clone.ID = old.ID
	return c.saveAction(clone, false)
}
