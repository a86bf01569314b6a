// Package auth says who is asking, and whether they may.
//
// Somebody proves who they are with a password (accounts.go) and gets a token
// (token.go), or carries an API key (apikey.go); an action carries a token of its own
// that dies with its execution (action.go). Secrets are shown once and stored as hashes.
package auth

import (
	"context"
	"log/slog"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// DefaultTTL is how long a token lives, and the longest a caller may ask for.
const DefaultTTL = 24 * time.Hour

// Config is what an Auth needs.
type Config struct {
	Store    *store.Store
	Accounts *Accounts
	// TTL is a token's life and the most a caller may ask for; 0: [DefaultTTL].
	TTL time.Duration
	// Secret signs the tokens actions carry. It must not change while executions run.
	Secret func() []byte
	Log    *slog.Logger
}

// Auth knows accounts, tokens and keys. It is safe for concurrent use.
type Auth struct{ Config }

// New returns an Auth.
func New(c Config) *Auth {
	if c.TTL == 0 {
		c.TTL = DefaultTTL
	}
	return &Auth{c}
}

// Where credentials were found, as the API tells their owner.
const (
	InHeader = "header"
	InQuery  = "query"
	InCookie = "cookie"
)

// How somebody proved who they are, as the API tells them.
const (
	ByToken = "authentication token"
	ByKey   = "API key"
)

// Credentials are what came with a request: a token or a key, the first that was found.
type Credentials struct {
	Token    string
	Key      string
	Location string
}

// Authenticate says who is asking. The error is Unauthorized, in StackStorm's words.
// st2: rest-api reference, authentication.
func (a *Auth) Authenticate(ctx context.Context, c Credentials) (core.Identity, error) {
	switch {
	case c.Token != "":
		return a.byToken(ctx, c)
	case c.Key != "":
		return a.byKey(ctx, c)
	}
	return core.Identity{}, core.Errorf(core.Unauthorized, "Unauthorized - One of Token or API key required.")
}

// May says whether somebody may do what a permission names to the thing called uid
// (empty for lists). Without roles everybody who is known may do everything.
// st2: rest-api reference, no-RBAC install. The error is Unauthorized or Forbidden.
func (a *Auth) May(who core.Identity, permission, uid string) error {
	if who.User == "" {
		return core.Errorf(core.Unauthorized, "Unauthorized - One of Token or API key required.")
	}
	return nil
}

// Admin reports whether somebody is an administrator: without roles, everybody is.
func (a *Auth) Admin(who core.Identity) bool { return who.User != "" }

// Meet stores a user on first sight.
func (a *Auth) Meet(ctx context.Context, tx *store.Tx, name string) error {
	_, err := tx.Users().Get(ctx, name)
	if core.KindOf(err) != core.NotFound {
		return err
	}
	now := tx.Time()
	return tx.Users().Create(&core.User{ID: core.NewID(now.Std()), Name: name, Created: now})
}
