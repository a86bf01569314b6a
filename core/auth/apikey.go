package auth

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"regexp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// keySalt is StackStorm's, so that keys and hashes made there are good here.
// st2: execution reference, authentication, API keys.
const keySalt = "saltnpepper"

// HashKey returns the form in which an API key is stored.
func HashKey(plain string) string {
	sum := sha512.Sum512([]byte(keySalt + plain))
	return hex.EncodeToString(sum[:])
}

var keyHashForm = regexp.MustCompile(`^[0-9a-f]{128}$`)

// KeyRequest asks for an API key.
type KeyRequest struct {
	ID       string // empty: made
	User     string
	Hash     string // of a key known elsewhere; empty: a key is made
	Metadata json.RawMessage
	Enabled  bool
}

// CreateKey makes an API key and, on first sight, its user. The plain key is returned
// once and never stored; it is empty when a hash was given. Errors: Invalid, Conflict.
func (a *Auth) CreateKey(ctx context.Context, tx *store.Tx, r KeyRequest) (plain string, k *core.APIKey, err error) {
	now := tx.Time()
	k = &core.APIKey{ID: r.ID, User: r.User, Hash: r.Hash, Metadata: r.Metadata, Enabled: r.Enabled, Created: now}
	if k.Hash == "" {
		plain = randomKey()
		k.Hash = HashKey(plain)
	}
	if !keyHashForm.MatchString(k.Hash) {
		return "", nil, core.FieldErrorf("key_hash", "key_hash needs to be the SHA-512 of the key as 128 lower-case hex digits")
	}
	if k.ID == "" {
		k.ID = core.NewID(now.Std())
	}
	if err := a.freeKey(ctx, tx, k); err != nil {
		return "", nil, err
	}
	if err := a.Meet(ctx, tx, k.User); err != nil {
		return "", nil, err
	}
	return plain, k, tx.APIKeys().Create(k)
}

// freeKey checks that neither hash nor id of a new key is taken.
func (a *Auth) freeKey(ctx context.Context, tx *store.Tx, k *core.APIKey) error {
	if !core.IsID(k.ID) {
		return core.FieldErrorf("id", "id needs to be 24 lower-case hex digits")
	}
	old, err := tx.APIKeys().Get(ctx, k.Hash)
	if core.KindOf(err) == core.NotFound {
		old, err = tx.Store().APIKeys().Find(ctx, k.ID)
	}
	switch {
	case core.KindOf(err) == core.NotFound:
		return nil
	case err != nil:
		return err
	}
	return &core.Error{Kind: core.Conflict, ID: old.ID, Msg: "an API key with this key_hash or id exists already"}
}

// FindKey returns a key by its id or by the plain key itself. The error is NotFound.
func (a *Auth) FindKey(ctx context.Context, idOrKey string) (*core.APIKey, error) {
	k, err := a.Store.APIKeys().Get(ctx, HashKey(idOrKey))
	if core.KindOf(err) != core.NotFound || !core.IsID(idOrKey) {
		return k, err
	}
	return a.Store.APIKeys().Find(ctx, idOrKey)
}

// byKey looks a key up by its hash, so nothing secret is compared byte by byte.
func (a *Auth) byKey(ctx context.Context, c Credentials) (core.Identity, error) {
	hash := HashKey(c.Key)
	k, err := a.Store.APIKeys().Get(ctx, hash)
	switch {
	case core.KindOf(err) == core.NotFound:
		return core.Identity{}, core.Errorf(core.Unauthorized, "Unauthorized - ApiKey with key_hash=%s not found.", hash)
	case err != nil:
		return core.Identity{}, err
	case !k.Enabled:
		return core.Identity{}, core.Errorf(core.Unauthorized, "Unauthorized - API key is disabled.")
	}
	return core.Identity{User: k.User, Method: ByKey, Location: c.Location}, nil
}

// randomKey has the length of StackStorm's keys, and letters that need no escaping in a URL.
func randomKey() string { return randomText(64) }
