package api

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/registry"
)

// stageTime is how long looking into an archive may take: it may have to be fetched, and
// its code compiled.
const stageTime = 5 * time.Minute

// unhurried is a context for what may take longer than other requests.
func (c *call) unhurried() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(c.ctx()), stageTime)
}

// putPackPart takes a part of an archive: for clients whose archive is larger than a body
// may be. The answer says whether the archive is here already.
func (c *call) putPackPart() error {
	n, err := strconv.Atoi(c.Params("part"))
	if err != nil {
		return core.FieldErrorf("part", "part \"%s\" needs to be a number from 0", c.Params("part"))
	}
	known, err := c.s.Packs.Upload(c.ctx(), c.Params("digest"), n, bytes.Clone(c.Request().Body()))
	if err != nil {
		return err
	}
	return answer(c.Ctx, fiber.StatusOK, map[string]bool{"known": known})
}

// postPackStage looks into an archive: the body itself, one that was uploaded in parts, or
// one that the server is to fetch. Nothing is installed.
func (c *call) postPackStage() error {
	ctx, cancel := c.unhurried()
	defer cancel()
	digest, notes, err := c.archive(ctx)
	if err != nil {
		return err
	}
	plan, err := c.s.Packs.Stage(ctx, digest)
	if err != nil {
		return err
	}
	plan.Warnings = append(notes, plan.Warnings...)
	return sendOne(c, fiber.StatusOK, plan, writePlan)
}

// archive returns the digest of the archive that the request is about, with what there is
// to know of where it came from.
func (c *call) archive(ctx context.Context) (digest string, notes []string, err error) {
	media, _, _ := mime.ParseMediaType(string(c.Request().Header.ContentType()))
	if slices.Contains([]string{"application/gzip", "application/x-gzip", "application/octet-stream"}, media) {
		digest, err = c.s.Packs.Receive(ctx, bytes.NewReader(c.Request().Body()))
		return digest, nil, err
	}
	var body struct {
		Digest string `json:"digest"`
		Source string `json:"source"`
		SHA256 string `json:"sha256"`
	}
	if err := c.object(c.s.bodies.packStage, &body); err != nil {
		return "", nil, err
	}
	if (body.Digest == "") == (body.Source == "") {
		return "", nil, core.Errorf(core.Invalid, "the body needs either digest, of an archive that was uploaded, or source, the URL or name of a pack")
	}
	if body.Digest != "" {
		return body.Digest, nil, nil
	}
	return c.s.fetchPack(ctx, body.Source, strings.ToLower(body.SHA256))
}

// fetchPack brings a pack's archive to the store: from a URL, or by NAME or NAME=VERSION
// from the registries.
func (s *Server) fetchPack(ctx context.Context, source, sha256 string) (digest string, notes []string, err error) {
	dir, err := os.MkdirTemp("", "petrel-pack-*")
	if err != nil {
		return "", nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "archive")
	if strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "http://") {
		_, err = s.Registry.Download(ctx, source, sha256, file)
	} else {
		notes, err = s.fetchNamed(ctx, source, sha256, file)
	}
	if err != nil {
		return "", nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	digest, err = s.Packs.Receive(ctx, f)
	return digest, notes, err
}

func (s *Server) fetchNamed(ctx context.Context, spec, sha256, file string) ([]string, error) {
	name, version, err := registry.ParseSpec(spec)
	if err != nil {
		return nil, err
	}
	offer, err := s.Registry.Find(ctx, name, version)
	if err != nil {
		return nil, err
	}
	sum, err := s.Registry.Fetch(ctx, offer, file)
	if err != nil {
		return nil, err
	}
	return offer.Notes, sum.Check(sha256)
}

// writePlan appends what installing an archive would do.
func writePlan(b []byte, plan *pack.Plan) ([]byte, error) {
	o := begin(b, nil)
	o.text("digest", plan.Pack.Digest)
	raw, err := writePack(nil, plan.Pack, nil)
	if err != nil {
		return nil, err
	}
	o.raw("pack", raw, "")
	replaces := []byte("null")
	if plan.Replaces != nil {
		if replaces, err = writePack(nil, plan.Replaces, nil); err != nil {
			return nil, err
		}
	}
	o.raw("replaces", replaces, "")
	list(o, "permissions", plan.Permissions)
	list(o, "asks", plan.Asks)
	o.value("content", plan.Content)
	list(o, "removes", plan.Removes)
	list(o, "breaks", plan.Breaks)
	list(o, "warnings", plan.Warnings)
	return o.end()
}

// consent reads what the caller accepts.
func (c *call) consent() (pack.Consent, error) {
	var body struct {
		Accept json.RawMessage `json:"accept"`
		Force  bool            `json:"force"`
	}
	how := pack.Consent{User: c.who.User}
	if err := c.object(c.s.bodies.packInstall, &body); err != nil {
		return how, err
	}
	how.Force = body.Force
	if kindOfJSON(body.Accept) == "array" {
		return how, readInto(body.Accept, &how.Accept)
	}
	how.All = string(body.Accept) == "true"
	return how, nil
}

// postPackInstall installs an archive that was looked into.
func (c *call) postPackInstall() error {
	how, err := c.consent()
	if err != nil {
		return err
	}
	ctx, cancel := c.unhurried()
	defer cancel()
	p, err := c.s.Packs.Install(ctx, c.Params("digest"), how)
	if err != nil {
		return err
	}
	return c.sendPack(fiber.StatusCreated, p)
}

func (c *call) postPackRollback() error {
	how, err := c.consent()
	if err != nil {
		return err
	}
	k, err := c.findPack()
	if err != nil {
		return err
	}
	ctx, cancel := c.unhurried()
	defer cancel()
	p, err := c.s.Packs.Rollback(ctx, k.Ref, how)
	if err != nil {
		return err
	}
	return c.sendPack(fiber.StatusOK, p)
}

func (c *call) deletePack() error {
	force, _, err := c.flag("force")
	if err != nil {
		return err
	}
	purge, _, err := c.flag("purge")
	if err != nil {
		return err
	}
	k, err := c.findPack()
	if err != nil {
		return err
	}
	if err := c.s.Packs.Remove(c.ctx(), k.Ref, force, purge); err != nil {
		return err
	}
	return c.empty(fiber.StatusNoContent)
}
