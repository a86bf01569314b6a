package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/store"
)

type tokenRequest struct {
	TTL      *int64          `json:"ttl"`
	User     string          `json:"user"`
	Metadata json.RawMessage `json:"metadata"`
}

// postToken lets somebody in by name and password.
// st2: rest-api reference, auth service.
func (c *call) postToken() error {
	user, password, ok := basicAuth(string(c.Request().Header.Peek(fiber.HeaderAuthorization)))
	if !ok {
		return core.Errorf(core.Unauthorized, "Invalid or missing credentials")
	}
	if err := c.s.Auth.Accounts.Check(user, password); err != nil {
		return err
	}
	var body tokenRequest
	if err := c.object(c.s.bodies.token, &body); err != nil {
		return err
	}
	r := auth.TokenRequest{User: user, TTL: body.TTL, Metadata: body.Metadata}
	if body.User != "" && body.User != user {
		if err := c.mayImpersonate(user, body.User); err != nil {
			return err
		}
		r.User, r.Service = body.User, true
	}
	return c.sendToken(r)
}

func (c *call) sendToken(r auth.TokenRequest) error {
	var plain string
	var t *core.Token
	err := c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		plain, t, err = c.s.Auth.CreateToken(c.ctx(), tx, r)
		return err
	})
	if err != nil {
		return err
	}
	if c.s.PublicURL != "" {
		c.Set("X-API-URL", c.s.PublicURL)
	}
	return sendOne(c, fiber.StatusCreated, t, func(b []byte, t *core.Token) ([]byte, error) {
		o := begin(b, nil)
		o.text("id", t.ID)
		o.text("user", t.User)
		o.text("token", plain)
		o.at("expiry", t.Expiry)
		o.raw("metadata", t.Metadata, "{}")
		o.flag("service", t.Service)
		return o.end()
	})
}

// mayImpersonate says whether a service account asks for the token of somebody known.
func (c *call) mayImpersonate(user, other string) error {
	me, err := c.s.Store.Users().Get(c.ctx(), user)
	if core.KindOf(err) == core.NotFound || (err == nil && !me.IsService) {
		return core.Errorf(core.Invalid, "Current user is not a service and cannot request impersonated tokens")
	}
	if err != nil {
		return err
	}
	_, err = c.s.Store.Users().Get(c.ctx(), other)
	if core.KindOf(err) == core.NotFound {
		return core.FieldErrorf("user", "Could not locate user %s", other)
	}
	return err
}

// basicAuth splits at the first colon: a password may hold more.
func basicAuth(header string) (user, password string, ok bool) {
	scheme, coded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(coded))
	if err != nil {
		return "", "", false
	}
	user, password, ok = strings.Cut(string(plain), ":")
	return user, password, ok && user != ""
}

// postTokenValidate says whether a token would let its bearer in.
func (c *call) postTokenValidate() error {
	var body struct {
		Token string `json:"token"`
	}
	if err := c.object(c.s.bodies.validate, &body); err != nil {
		return err
	}
	if body.Token == "" {
		return core.FieldErrorf("token", "Token is not provided.")
	}
	valid, err := c.s.Auth.ValidToken(c.ctx(), body.Token)
	if err != nil {
		return err
	}
	return answer(c.Ctx, fiber.StatusOK, map[string]bool{"valid": valid})
}
