// Package seal seals secrets under key ids.
//
// A [Ring] holds one or more keys. The newest seals, with AES-256-GCM; all of them open,
// so a key is replaced by adding one. A key's id is made of the key itself, so the same
// key has the same id on every server. A ring may also hold the key of a StackStorm
// installation (stackstorm.go), with which it opens what StackStorm encrypted.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// Sealed text reads px1:<key id>:<nonce, ciphertext and tag, URL-safe base64>.
const prefix = "px1:"

const keySize = 32 // bytes, AES-256

// key is one sealing key, ready for use.
type key struct {
	id   string
	aead cipher.AEAD
}

func newKey(raw []byte) (*key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte("petrel key id\x00"), raw...))
	return &key{id: hex.EncodeToString(sum[:4]), aead: aead}, nil
}

// Ring seals and opens. It is safe for concurrent use.
type Ring struct {
	keys   []*key // the newest last, never empty
	theirs *stackstormKey
	from   string // where the keys come from, for messages
}

// Sealer returns the id of the key that seals.
func (r *Ring) Sealer() string { return r.keys[len(r.keys)-1].id }

// Seal returns text that only servers with the newest key can open. Sealing the same
// secret again gives another text.
func (r *Ring) Seal(secret string) (string, error) {
	k := r.keys[len(r.keys)-1]
	nonce := make([]byte, k.aead.NonceSize())
	rand.Read(nonce) // crypto/rand.Read never returns an error
	head := prefix + k.id + ":"
	sealed := k.aead.Seal(nonce, nonce, []byte(secret), []byte(head))
	return head + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Open returns the secret in a sealed text, or in StackStorm's ciphertext. The error is
// Invalid and says what is missing, or that the text is damaged.
func (r *Ring) Open(sealed string) (string, error) {
	rest, ours := strings.CutPrefix(sealed, prefix)
	if !ours {
		return r.openTheirs(sealed)
	}
	id, body, ok := strings.Cut(rest, ":")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if !ok || err != nil {
		return "", damaged()
	}
	k := r.key(id)
	if k == nil {
		return "", r.unknown(id)
	}
	if len(raw) < k.aead.NonceSize() {
		return "", damaged()
	}
	nonce, ciphertext := raw[:k.aead.NonceSize()], raw[k.aead.NonceSize():]
	secret, err := k.aead.Open(nil, nonce, ciphertext, []byte(prefix+id+":"))
	if err != nil {
		return "", damaged()
	}
	return string(secret), nil
}

func (r *Ring) key(id string) *key {
	for _, k := range r.keys {
		if k.id == id {
			return k
		}
	}
	return nil
}

// StackStormKey is what [KeyOf] says of StackStorm's ciphertext, which names no key.
const StackStormKey = "stackstorm"

// KeyOf returns the id of the key that opens a sealed text, "" when it is none.
func KeyOf(sealed string) string {
	if rest, ours := strings.CutPrefix(sealed, prefix); ours {
		id, _, _ := strings.Cut(rest, ":")
		return id
	}
	if _, ok := parseTheirs(sealed); ok {
		return StackStormKey
	}
	return ""
}

// Holds reports whether the ring has the key of an id that [KeyOf] gave.
func (r *Ring) Holds(id string) bool {
	if id == StackStormKey {
		return r.theirs != nil
	}
	return r.key(id) != nil
}

func damaged() error {
	return core.Errorf(core.Invalid, "the text is no sealed secret, or it was changed after it was sealed")
}

func (r *Ring) unknown(id string) error {
	return core.Errorf(core.Invalid, "the secret was sealed with the key %s, which this server does not have: replace %s by that of a server that has the key, and restart", id, r.from)
}
