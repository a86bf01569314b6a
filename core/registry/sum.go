package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// Sum identifies an archive.
type Sum struct {
	SHA256 string // of its bytes, 64 hex digits in small letters
	Size   int64  // in bytes
}

// Check compares the sum with the SHA-256 that was promised, if one was: want is empty or
// hex in any case. The error is Invalid and tells both.
func (s Sum) Check(want string) error {
	if want == "" || strings.EqualFold(want, s.SHA256) {
		return nil
	}
	return core.Errorf(core.Invalid, "the archive is not the one that was promised: expected sha256 %s, found %s (%d bytes)", want, s.SHA256, s.Size)
}

// summing is a writer that sums up what passes.
type summing struct {
	hash hash.Hash
	size int64
}

func newSumming() *summing { return &summing{hash: sha256.New()} }

func (s *summing) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	return s.hash.Write(p)
}

func (s *summing) sum() Sum { return Sum{hex.EncodeToString(s.hash.Sum(nil)), s.size} }

// isSHA256 reports whether s is 64 hex digits in small letters.
func isSHA256(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size && strings.ToLower(s) == s
}
