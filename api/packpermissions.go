package api

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
)

// PermissionUse tells how often a pack's code made use of an entry of its permissions
// since this server began.
type PermissionUse struct {
	Permission string    `json:"permission"` // as in pack.yaml, dotted
	Entry      string    `json:"entry"`      // as it was granted; "" counts what no entry allowed
	Count      int64     `json:"count"`
	Last       time.Time `json:"last"`
}

// permissionsView is what a pack's code may do, asks for and has done.
type permissionsView struct {
	Pack    string          `json:"pack"`
	Version string          `json:"version"`
	Granted []string        `json:"granted"` // in words
	Asked   []string        `json:"asked"`   // in words
	User    string          `json:"user"`    // who granted it; "" for a pack in a folder of the server's
	At      string          `json:"granted_at,omitempty"`
	Used    []PermissionUse `json:"used"`
}

func (c *call) getPackPermissions() error {
	k, err := c.findPack()
	if err != nil {
		return err
	}
	g, err := c.s.Packs.Grant(c.ctx(), k.Ref)
	if err != nil {
		return err
	}
	v := permissionsView{
		Pack: k.Ref, Version: k.Version, Granted: pack.GrantWords(&g), Asked: pack.Words(k), User: g.User, Used: []PermissionUse{},
	}
	if g.At != 0 {
		v.At = g.At.String()
	}
	if c.s.PermissionsUsed != nil {
		v.Used = append(v.Used, c.s.PermissionsUsed(k.Ref)...)
	}
	return answer(c.Ctx, fiber.StatusOK, v)
}

// indexPack is a pack as an index lists it. st2: rest-api reference, IndexPack.
type indexPack struct {
	Ref         string            `json:"ref"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Version     string            `json:"version"`
	Versions    []string          `json:"versions"`
	Author      string            `json:"author"`
	Keywords    []string          `json:"keywords"`
	URL         string            `json:"url"`
	SHA256      string            `json:"sha256"`
	Runtime     *core.Runtime     `json:"runtime,omitempty"`
	Permissions *core.Permissions `json:"permissions,omitempty"`
	Index       string            `json:"index"`
}

// postPackSearch looks packs up in the indexes: all that fit a query, or one by its name.
// st2: rest-api reference, packs; an unknown one is [].
func (c *call) postPackSearch() error {
	var body struct {
		Query string `json:"query"`
		Pack  string `json:"pack"`
	}
	if err := c.object(c.s.bodies.packSearch, &body); err != nil {
		return err
	}
	if body.Query != "" && body.Pack != "" {
		return core.Errorf(core.Invalid, "the body needs either query or pack, not both")
	}
	found, states := c.s.Registry.Search(c.ctx(), body.Query+body.Pack)
	away, reason := 0, ""
	for _, s := range states {
		if s.Error != "" {
			away, reason = away+1, reason+"; tried "+s.URL+": "+s.Message
		}
	}
	if away > 0 && away == len(states) && len(found) == 0 {
		return core.Errorf(core.Invalid, "No results from the index%s", reason) // begins as StackStorm's
	}
	packs := []indexPack{}
	for _, l := range found {
		p := indexPack{
			Ref: l.Name, Name: l.Name, Description: l.Description, Version: l.Version, Versions: l.Versions, Author: l.Author,
			Keywords: l.Keywords, URL: l.Release.URL, SHA256: l.Release.SHA256, Runtime: l.Release.Runtime,
			Permissions: l.Release.Permissions, Index: l.Index,
		}
		if body.Pack != "" && l.Name == body.Pack {
			return answer(c.Ctx, fiber.StatusOK, p)
		}
		packs = append(packs, p)
	}
	if body.Pack != "" {
		packs = []indexPack{}
	}
	return answer(c.Ctx, fiber.StatusOK, packs)
}
