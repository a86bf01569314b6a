package api

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
)

var packAttributes = attributes{
	all: []string{"id", "uid", "ref", "name", "description", "version", "author", "email", "keywords",
		"contributors", "files", "dependencies", "system", "python_versions", "stackstorm_version", "path",
		"runtime", "permissions", "digest"},
	always: []string{"id"},
}

// writePack appends a pack as the API shows it, with what else its pack.yaml says.
func writePack(b []byte, k *core.Pack, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.text("id", k.ID)
	o.text("uid", "pack:"+k.Ref)
	o.text("ref", k.Ref)
	o.text("name", k.Name)
	o.text("description", k.Description)
	o.text("version", k.Version)
	o.text("author", k.Author)
	o.some("email", k.Email)
	list(o, "keywords", k.Keywords)
	list(o, "contributors", k.Contributors)
	list(o, "files", k.Files)
	list(o, "dependencies", k.Dependencies)
	o.objectOr("system", k.System)
	o.some("path", k.Path)
	if k.Runtime != nil {
		o.value("runtime", k.Runtime)
	}
	if k.Permissions != nil {
		o.value("permissions", k.Permissions)
	}
	o.some("digest", k.Digest)
	names := make([]string, 0, len(k.Extra))
	for name := range k.Extra {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		o.extra(name, k.Extra[name])
	}
	return o.end()
}

// extra writes a member whose name somebody else chose.
func (o *object) extra(name string, v any) {
	quoted := string(appendText(nil, name))
	if o.pick.has(name) {
		o.value(quoted[1:len(quoted)-1], v)
	}
}

func (c *call) listPacks() error {
	return listCollection(c, collection[core.Pack]{
		attributes: packAttributes, all: c.s.Store.Packs(), write: writePack,
		id:   func(v *core.Pack) string { return v.ID },
		fits: func(v *core.Pack) bool { return matches(c.text("name"), v.Name) && matches(c.text("ref"), v.Ref) },
	})
}

// findPack reads the pack that the path names.
func (c *call) findPack() (*core.Pack, error) {
	k, err := c.s.Store.Packs().Find(c.ctx(), c.Params("ref"))
	if core.KindOf(err) == core.NotFound {
		return nil, core.Errorf(core.NotFound, "Resource with a ref or id \"%s\" not found", c.Params("ref"))
	}
	return k, err
}

func (c *call) getPack() error {
	k, err := c.findPack()
	if err != nil {
		return err
	}
	return c.sendPack(fiber.StatusOK, k)
}

func (c *call) sendPack(status int, k *core.Pack) error {
	return sendOne(c, status, k, func(b []byte, k *core.Pack) ([]byte, error) { return writePack(b, k, nil) })
}
