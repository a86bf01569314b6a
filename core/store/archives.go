package store

import (
	"context"
	"fmt"
	"io"

	"github.com/petrelhq/petrel/core"
)

// Archive is the head of a pack's archive. Its bytes lie beside it in chunks, so that
// every server of one store can unpack it.
type Archive struct {
	Digest string    `json:"digest"` // SHA-256, hex
	Parts  int       `json:"parts"`  // how often a part was written
	Whole  bool      `json:"whole,omitempty"`
	Size   int64     `json:"size,omitempty"` // bytes, once it is whole
	Pack   string    `json:"pack,omitempty"` // ref, once somebody looked inside
	At     core.Time `json:"at"`             // when it was last touched
}

// ArchivePart is how many bytes each part of an archive has, but for the last.
const ArchivePart = 4 * chunkSize

func archiveKey(digest string, n int) string {
	return fmt.Sprintf("archivechunk/%s\x00%06d", digest, n)
}

// PutArchivePart writes part n of an archive, counted from 0, and counts it in its head,
// which the caller puts: so two writers of one archive notice each other.
func (t *Tx) PutArchivePart(a *Archive, n int, part []byte) {
	first := n * (ArchivePart / chunkSize)
	for i := 0; len(part) > 0; i++ {
		size := min(len(part), chunkSize)
		t.put(archiveKey(a.Digest, first+i), part[:size])
		part = part[size:]
	}
	a.Parts++
}

// DropArchive removes an archive with its bytes.
func (t *Tx) DropArchive(ctx context.Context, digest string) error {
	rng := chunksOf("archivechunk", digest, 0)
	rng.KeysOnly = true
	es, err := t.s.b.Scan(ctx, rng)
	if err != nil {
		return translate(err)
	}
	for _, e := range es {
		t.delete(e.Key)
	}
	return t.Archives().Delete(ctx, digest)
}

// OpenArchive reads an archive's bytes, a few chunks at a time. Whether they are what the
// digest says is for the reader to check.
func (s *Store) OpenArchive(ctx context.Context, digest string) io.Reader {
	return &archiveReader{ctx: ctx, s: s, digest: digest}
}

type archiveReader struct {
	ctx    context.Context
	s      *Store
	digest string
	next   int // chunk
	rest   [][]byte
	end    bool
}

func (r *archiveReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.end {
			return 0, io.EOF
		}
		if err := r.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest[0])
	if r.rest[0] = r.rest[0][n:]; len(r.rest[0]) == 0 {
		r.rest = r.rest[1:]
	}
	return n, nil
}

func (r *archiveReader) fetch() error {
	const atOnce = ArchivePart / chunkSize
	rng := chunksOf("archivechunk", r.digest, r.next)
	rng.Limit = atOnce
	es, err := r.s.b.Scan(r.ctx, rng)
	if err != nil {
		return translate(err)
	}
	r.end = len(es) < atOnce
	for _, e := range es {
		if e.Key != archiveKey(r.digest, r.next) {
			return fmt.Errorf("archive %s: chunk %d is missing", r.digest, r.next)
		}
		r.next++
		r.rest = append(r.rest, e.Value)
	}
	return nil
}
