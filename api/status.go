package api

import (
	"context"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/execution"
)

// getHealth says that the server answers.
func (c *call) getHealth() error {
	return answer(c.Ctx, fiber.StatusOK, map[string]string{"status": "ok", "server": "petrel"})
}

// getReady says whether the server should get traffic.
func (c *call) getReady() error {
	if c.s.Ready != nil {
		if err := c.s.Ready(); err != nil {
			return answer(c.Ctx, fiber.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": err.Error()})
		}
	}
	return answer(c.Ctx, fiber.StatusOK, map[string]string{"status": "ready"})
}

// getAdrift lists executions that nobody has in hand; see execution.Adrift.
func (c *call) getAdrift() error {
	xs, err := execution.Adrift(c.ctx(), c.s.Store)
	if err != nil {
		return err
	}
	ids := make([]string, len(xs))
	for i, x := range xs {
		ids[i] = x.ID
	}
	return answer(c.Ctx, fiber.StatusOK, map[string][]string{"adrift": ids})
}

func (c *call) getVersion() error {
	return answer(c.Ctx, fiber.StatusOK, map[string]string{
		"version": c.s.Version, "docs_url": "https://github.com/petrelhq/petrel",
	})
}

// postBackup copies everything into a new directory of the server's machine.
func (c *call) postBackup() error {
	var body struct {
		Directory string `json:"directory"`
	}
	if err := c.object(c.s.bodies.backup, &body); err != nil {
		return err
	}
	if err := c.s.Backup(context.WithoutCancel(c.ctx()), body.Directory); err != nil {
		return err
	}
	return answer(c.Ctx, fiber.StatusOK, map[string]string{"directory": body.Directory})
}

type userView struct {
	Username       string         `json:"username"`
	Authentication authentication `json:"authentication"`
	RBAC           rbac           `json:"rbac"`
}

type authentication struct {
	Method   string `json:"method"`
	Location string `json:"location"`
	Expire   string `json:"token_expire,omitempty"`
}

type rbac struct {
	Enabled bool     `json:"enabled"`
	Roles   []string `json:"roles"`
	IsAdmin bool     `json:"is_admin"`
}

// getUser tells callers who they are. st2: rest-api reference, GET /user.
func (c *call) getUser() error {
	v := userView{
		Username:       c.who.User,
		Authentication: authentication{Method: c.who.Method, Location: c.who.Location},
		RBAC:           rbac{Roles: []string{}, IsAdmin: c.s.Auth.Admin(c.who)},
	}
	if v.Authentication.Location == auth.InCookie {
		v.Authentication.Location = auth.InHeader // st2: a cookie is a header
	}
	if c.who.Expiry != 0 {
		v.Authentication.Expire = c.who.Expiry.Std().Format(time.RFC3339)
	}
	return answer(c.Ctx, fiber.StatusOK, v)
}

// guardSystem refuses to change what the core pack brings.
// st2: rest-api reference, system pack guard.
func guardSystem(pack string) error {
	if strings.EqualFold(pack, "core") {
		return core.Errorf(core.Invalid, "Resources belonging to system level packs can't be manipulated")
	}
	return nil
}
