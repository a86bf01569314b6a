package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Token is a proof of who is asking, good until Expiry.
type Token struct {
	User   string    `json:"user"`
	Token  string    `json:"token"`
	Expiry time.Time `json:"expiry"`
	Raw    Object    `json:"-"` // the expiry as the server wrote it, and all the rest
}

// Login trades a user's password for a token. ttl is in seconds, 0 = the server's choice.
func (c *Client) Login(ctx context.Context, user, password string, ttl int) (Token, error) {
	body := Object{}
	if ttl != 0 {
		body["ttl"] = ttl
	}
	o, err := c.object(ctx, call{
		method: http.MethodPost, base: c.cfg.Auth, path: "/tokens",
		body: body, hasBody: true, user: url.UserPassword(user, password),
	})
	return Token{User: o.String("user"), Token: o.String("token"), Expiry: timeOf(o.String("expiry")), Raw: o}, err
}

// Identity is what the server knows about whoever asks.
type Identity struct {
	User        string
	Method      string // "authentication token" or "API key"
	TokenExpire string // "" for API keys
	RBAC        bool
	Roles       []string
	Admin       bool
	Raw         Object
}

// Identity asks the server who we are.
func (c *Client) Identity(ctx context.Context) (Identity, error) {
	o, err := c.Get(ctx, "/user", nil)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{
		Raw:         o,
		User:        o.String("username"),
		Method:      o.String("authentication.method"),
		TokenExpire: o.String("authentication.token_expire"),
	}
	id.RBAC, _ = o.Object("rbac")["enabled"].(bool)
	id.Admin, _ = o.Object("rbac")["is_admin"].(bool)
	roles, _ := o.Object("rbac")["roles"].([]any)
	for _, r := range roles {
		if name, ok := r.(string); ok {
			id.Roles = append(id.Roles, name)
		}
	}
	return id, nil
}
