package core

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// An id is 24 lower-case hex digits: 4 bytes of Unix seconds and 8 bytes that are
// random, or the hash of a cause. It has the shape of StackStorm's ObjectIds.
// Ids identify, they do not order: lists go by an index on (start, id).

// NewID returns a fresh id for something that began at t.
func NewID(t time.Time) string {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:4], uint32(t.Unix()))
	rand.Read(b[4:]) // crypto/rand.Read never returns an error
	return hex.EncodeToString(b[:])
}

// DeriveID returns the id of work made from work: the seconds of the cause's own id
// and a hash of the cause's id with what tells this piece of work from its siblings.
// The same cause always gives the same id, so a repeat finds what it made before.
func DeriveID(cause string, parts ...string) string {
	h := sha256.New()
	h.Write([]byte(cause))
	for _, p := range parts {
		h.Write([]byte{0})
		h.Write([]byte(p))
	}
	sum := h.Sum(nil)
	if IsID(cause) {
		return cause[:8] + hex.EncodeToString(sum[:8])
	}
	return hex.EncodeToString(sum[:12])
}

// IsID reports whether s has the shape of an id.
func IsID(s string) bool {
	if len(s) != 24 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Digest returns the SHA-256 of b in hex, the name under which definitions are kept.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
