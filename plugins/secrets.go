package plugins

import (
	"io"
	"slices"
	"sync"

	"github.com/petrelhq/petrel/core/schema"
)

// secrets are values that code was given in confidence: they do not show in what it
// prints, logs or returns. That keeps them from being told by mistake; code that means to
// tell them finds a way.
type secrets struct {
	mu     sync.RWMutex
	known  []string
	given  int // the first of known: the configuration's, which are never forgotten
	size   int // bytes of the others
	masker *schema.Masker
}

// What code may learn of secrets before the oldest of them is forgotten: a sensor lasts for
// ever, and could go on setting new ones.
const (
	maxSecrets     = 1000
	maxSecretBytes = maxValue
)

func newSecrets(known []string) *secrets {
	return &secrets{known: known, given: len(known), masker: schema.NewMasker(known)}
}

func (s *secrets) add(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.known, value) {
		return
	}
	s.known = append(slices.Clone(s.known), value)
	s.size += len(value)
	for len(s.known)-s.given > maxSecrets || s.size > maxSecretBytes {
		s.size -= len(s.known[s.given])
		s.known = slices.Delete(s.known, s.given, s.given+1)
	}
	s.masker = schema.NewMasker(s.known)
}

func (s *secrets) now() ([]string, *schema.Masker) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.known, s.masker
}

// mask returns text without the secrets in it.
func (s *secrets) mask(text string) string {
	known, m := s.now()
	if len(known) == 0 {
		return text
	}
	return m.Mask(text)
}

// maskJSON masks the texts inside a JSON value, names of members among them.
func (s *secrets) maskJSON(value []byte) []byte {
	known, m := s.now()
	if len(known) == 0 {
		return value
	}
	return m.MaskJSON(value)
}

// maskedWriter masks what is written. It holds back an end that could be the beginning of
// a secret, until more has come, or its end.
type maskedWriter struct {
	secrets *secrets
	to      io.Writer // never fails, as core.Output's

	mu    sync.Mutex
	held  string
	ended bool
}

func (w *maskedWriter) write(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	known, m := w.secrets.now()
	if len(known) == 0 && w.held == "" {
		io.WriteString(w.to, text)
		return
	}
	text = m.Mask(w.held + text)
	cut := len(text) - m.Beginning(text)
	w.held = text[cut:]
	io.WriteString(w.to, text[:cut])
}

// end writes what was held back; what comes later is dropped.
func (w *maskedWriter) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		io.WriteString(w.to, w.held)
	}
	w.held, w.ended = "", true
}
