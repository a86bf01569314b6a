package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// TokenRequest asks for a token.
type TokenRequest struct {
	User     string
	TTL      *int64 // seconds; nil: the longest allowed
	Metadata json.RawMessage
	Service  bool // of another account's making: may live as long as it asks for
}

// CreateToken makes a token and, on first sight, its user. The plain token is returned
// and never stored. Errors are Invalid. st2: rest-api reference, auth service.
func (a *Auth) CreateToken(ctx context.Context, tx *store.Tx, r TokenRequest) (plain string, t *core.Token, err error) {
	limit := int64(a.TTL / time.Second)
	ttl := limit
	if r.TTL != nil {
		ttl = *r.TTL
	}
	switch {
	case ttl <= 0:
		return "", nil, core.FieldErrorf("ttl", "%d is less than the minimum of 1", ttl)
	case ttl > limit && !r.Service:
		return "", nil, core.FieldErrorf("ttl", "TTL specified %d is greater than max allowed %d.", ttl, limit)
	}
	now := tx.Time()
	plain = randomHex(16)
	t = &core.Token{
		ID: core.NewID(now.Std()), User: r.User, Hash: hashToken(plain), Service: r.Service, Metadata: r.Metadata,
		Expiry: now + core.Time(ttl)*core.Time(time.Second/time.Microsecond),
	}
	if err := a.Meet(ctx, tx, r.User); err != nil {
		return "", nil, err
	}
	return plain, t, tx.Tokens().Create(t)
}

// ValidToken reports whether a token would let its bearer in now.
func (a *Auth) ValidToken(ctx context.Context, plain string) (bool, error) {
	_, err := a.byToken(ctx, Credentials{Token: plain})
	if core.KindOf(err) == core.Unauthorized {
		return false, nil
	}
	return err == nil, err
}

// byToken looks a token up by its hash, so nothing secret is compared byte by byte.
func (a *Auth) byToken(ctx context.Context, c Credentials) (core.Identity, error) {
	if isActionToken(c.Token) {
		return a.byActionToken(ctx, c)
	}
	t, err := a.Store.Tokens().Get(ctx, hashToken(c.Token))
	switch {
	case core.KindOf(err) == core.NotFound:
		return core.Identity{}, core.Errorf(core.Unauthorized, "Unauthorized")
	case err != nil:
		return core.Identity{}, err
	case t.Expiry <= a.Store.Time():
		return core.Identity{}, expired()
	}
	return core.Identity{User: t.User, Method: ByToken, Location: c.Location, Expiry: t.Expiry}, nil
}

func expired() error { return core.Errorf(core.Unauthorized, "Unauthorized - Token has expired.") }

// Expired tokens are kept a while so that their bearers are told that they expired.
const (
	keepExpired = 24 * time.Hour
	sweepBatch  = 100
)

// Sweep removes tokens that expired more than a day ago, in small batches.
func (a *Auth) Sweep(ctx context.Context) error {
	old := store.Query{Oldest: true, Limit: sweepBatch, To: core.At(a.Store.Now().Add(-keepExpired))}
	for {
		ts, _, err := a.Store.Tokens().List(ctx, old)
		if err != nil || len(ts) == 0 {
			return err
		}
		err = a.Store.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
			for _, t := range ts {
				if err := tx.Tokens().Delete(ctx, t.Hash); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

func hashToken(plain string) string {
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // crypto/rand.Read never returns an error
	return hex.EncodeToString(b)
}

func randomText(n int) string {
	b := make([]byte, n)
	for {
		rand.Read(b) // crypto/rand.Read never returns an error
		if text := base64.RawURLEncoding.EncodeToString(b); text[0] != '-' {
			return text // one that begins with a dash would be an option on a command line
		}
	}
}
