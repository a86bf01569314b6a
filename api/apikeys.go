package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/core/store"
)

// writeAPIKey appends a key's record; its hash only when that may be shown.
func writeAPIKey(b []byte, k *core.APIKey, secrets bool) ([]byte, error) {
	hash := schema.Masked
	if secrets {
		hash = k.Hash
	}
	o := begin(b, nil)
	o.text("id", k.ID)
	if secrets {
		o.text("uid", "api_key:"+k.Hash)
	} else {
		o.text("uid", schema.Masked)
	}
	o.text("user", k.User)
	o.text("key_hash", hash)
	o.raw("metadata", k.Metadata, "{}")
	o.at("created_at", k.Created)
	o.flag("enabled", k.Enabled)
	return o.end()
}

func (c *call) listAPIKeys() error {
	p, err := c.paging(50)
	if err != nil {
		return err
	}
	secrets, err := c.showSecrets()
	if err != nil {
		return err
	}
	keys, total, err := c.s.Store.APIKeys().List(c.ctx(), store.Query{Oldest: true, Offset: p.offset, Limit: p.limit})
	if err != nil {
		return err
	}
	return sendList(c, keys, total, p, func(b []byte, k *core.APIKey) ([]byte, error) { return writeAPIKey(b, k, secrets) })
}

type apiKeyBodyView struct {
	ID       string          `json:"id"`
	User     string          `json:"user"`
	Hash     string          `json:"key_hash"`
	Metadata json.RawMessage `json:"metadata"`
	Enabled  *bool           `json:"enabled"`
}

func (b apiKeyBodyView) enabled() bool { return b.Enabled == nil || *b.Enabled }

// postAPIKey makes a key and shows it, this once.
func (c *call) postAPIKey() error {
	var body apiKeyBodyView
	if err := c.object(c.s.bodies.apiKey, &body); err != nil {
		return err
	}
	r := auth.KeyRequest{ID: body.ID, User: body.User, Hash: body.Hash, Metadata: body.Metadata, Enabled: body.enabled()}
	if r.User == "" {
		r.User = c.who.User
	}
	var plain string
	var k *core.APIKey
	err := c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		plain, k, err = c.s.Auth.CreateKey(c.ctx(), tx, r)
		return err
	})
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusCreated, k, func(b []byte, k *core.APIKey) ([]byte, error) {
		o := begin(b, nil)
		o.text("id", k.ID)
		o.text("uid", schema.Masked)
		o.text("user", k.User)
		if plain == "" {
			o.raw("key", []byte("null"), "")
		} else {
			o.text("key", plain)
		}
		o.raw("metadata", k.Metadata, "{}")
		o.at("created_at", k.Created)
		o.flag("enabled", k.Enabled)
		return o.end()
	})
}

func (c *call) getAPIKey() error {
	secrets, err := c.showSecrets()
	if err != nil {
		return err
	}
	k, err := c.s.Auth.FindKey(c.ctx(), c.Params("id"))
	if core.KindOf(err) == core.NotFound {
		return core.Errorf(core.NotFound, "ApiKey matching %s for reference and id not found.", c.Params("id"))
	}
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, k, func(b []byte, k *core.APIKey) ([]byte, error) { return writeAPIKey(b, k, secrets) })
}

// changeKey runs fn on a key inside a Tx.
func (c *call) changeKey(fn func(tx *store.Tx, k *core.APIKey) error) (*core.APIKey, error) {
	found, err := c.s.Auth.FindKey(c.ctx(), c.Params("id"))
	if core.KindOf(err) == core.NotFound {
		return nil, core.Errorf(core.NotFound, "ApiKey with key or id=%s not found.", c.Params("id"))
	}
	if err != nil {
		return nil, err
	}
	var k *core.APIKey
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		if k, err = tx.APIKeys().Get(c.ctx(), found.Hash); err != nil {
			return err
		}
		return fn(tx, k)
	})
	return k, err
}

func (c *call) putAPIKey() error {
	var body apiKeyBodyView
	if err := c.object(c.s.bodies.apiKey, &body); err != nil {
		return err
	}
	k, err := c.changeKey(func(tx *store.Tx, k *core.APIKey) error {
		if body.Hash != "" && body.Hash != schema.Masked && body.Hash != k.Hash {
			return core.FieldErrorf("key_hash", "Update of key_hash is not allowed.")
		}
		k.Enabled, k.Metadata = body.enabled(), body.Metadata
		if body.User != "" {
			k.User = body.User
		}
		if err := c.s.Auth.Meet(c.ctx(), tx, k.User); err != nil {
			return err
		}
		return tx.APIKeys().Put(c.ctx(), k)
	})
	if err != nil {
		return err
	}
	// st2: rest-api reference, the answer to PUT /apikeys is not masked.
	return sendOne(c, fiber.StatusOK, k, func(b []byte, k *core.APIKey) ([]byte, error) { return writeAPIKey(b, k, true) })
}

func (c *call) deleteAPIKey() error {
	_, err := c.changeKey(func(tx *store.Tx, k *core.APIKey) error { return tx.APIKeys().Delete(c.ctx(), k.Hash) })
	if err != nil {
		return err
	}
	return c.empty(fiber.StatusNoContent)
}

// empty answers without a body.
func (c *call) empty(status int) error {
	c.Response().SetStatusCode(status)
	return nil
}
