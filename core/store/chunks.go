package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

const (
	inlineResult = 16 << 10  // larger results lie in chunks
	chunkSize    = 256 << 10 // of results and output
)

// resultKey has the digest in it: of two who end an execution at once only one commits, and
// the other must not have written over its chunks.
func resultKey(id, sum string, n int) string {
	return fmt.Sprintf("result/%s\x00%s.%06d", id, sum[:16], n)
}
func outputKey(id string, n int) string { return fmt.Sprintf("output/%s\x00%06d", id, n) }

// SetResult gives an execution its result: inline when small, else in chunks beside it,
// so that lists stay light. The chunks go first, relaxed, in Applies of their own; the
// record that names them comes with the caller's commit.
func (s *Store) SetResult(ctx context.Context, e *core.Execution, result json.RawMessage) error {
	e.Result, e.Stored = result, nil
	if len(result) <= inlineResult {
		return nil
	}
	sum := sha256.Sum256(result)
	stored := &core.StoredResult{Size: int64(len(result)), SHA256: hex.EncodeToString(sum[:])}
	for rest := []byte(result); len(rest) > 0; stored.Chunks++ {
		n := min(len(rest), chunkSize)
		if _, err := s.b.Apply(ctx, Relaxed, backend.Put(resultKey(e.ID, stored.SHA256, stored.Chunks), rest[:n])); err != nil {
			return translate(err)
		}
		rest = rest[n:]
	}
	e.Result, e.Stored = nil, stored
	return nil
}

// Result returns an execution's result, put together again and checked.
func (s *Store) Result(ctx context.Context, e *core.Execution) (json.RawMessage, error) {
	if e.Stored == nil {
		return e.Result, nil
	}
	from := fmt.Sprintf("%s\x00%s", e.ID, e.Stored.SHA256[:16])
	es, err := s.b.Scan(ctx, backend.Range{Collection: "result", From: from + ".", To: from + "/"})
	if err == nil && len(es) == 0 { // stored before the keys named the digest
		es, err = s.b.Scan(ctx, chunksOf("result", e.ID, 0))
	}
	if err != nil {
		return nil, translate(err)
	}
	buf := make([]byte, 0, e.Stored.Size)
	for _, c := range es {
		buf = append(buf, c.Value...)
	}
	if sum := sha256.Sum256(buf); hex.EncodeToString(sum[:]) != e.Stored.SHA256 {
		return nil, fmt.Errorf("execution %s: the stored result is incomplete (%d of %d bytes)", e.ID, len(buf), e.Stored.Size)
	}
	return buf, nil
}

// DropResult removes result chunks that no record names, of a run that never finished.
func (t *Tx) DropResult(ctx context.Context, id string) error {
	rng := chunksOf("result", id, 0)
	rng.KeysOnly = true
	es, err := t.s.b.Scan(ctx, rng)
	for _, e := range es {
		t.delete(e.Key)
	}
	return translate(err)
}

func chunksOf(collection, id string, from int) backend.Range {
	return backend.Range{Collection: collection, From: fmt.Sprintf("%s\x00%06d", id, from), To: id + "\x01"}
}

// Chunk is a piece of an execution's output, of one stream, in the order it came.
type Chunk struct {
	Number int
	Stream string // "stdout" or "stderr"
	At     core.Time
	Data   []byte
}

type chunkHead struct {
	Stream string    `json:"s"`
	At     core.Time `json:"t"`
}

// encode writes a line of JSON and then the bytes as they came, whatever they are.
func (c Chunk) encode() []byte {
	head, _ := json.Marshal(chunkHead{c.Stream, c.At})
	return append(append(head, '\n'), c.Data...)
}

func decodeChunk(e backend.Entry) (Chunk, error) {
	for i, b := range e.Value {
		if b != '\n' {
			continue
		}
		var h chunkHead
		if err := json.Unmarshal(e.Value[:i], &h); err != nil {
			return Chunk{}, fmt.Errorf("output chunk %q is damaged: %w", e.Key, err)
		}
		n, _ := strconv.Atoi(e.Key[len(e.Key)-6:])
		return Chunk{Number: n, Stream: h.Stream, At: h.At, Data: e.Value[i+1:]}, nil
	}
	return Chunk{}, fmt.Errorf("output chunk %q is damaged", e.Key)
}

// PutOutput keeps a piece of output with this Tx and tells the event stream.
func (t *Tx) PutOutput(id string, c Chunk) {
	t.put(outputKey(id, c.Number), c.encode())
	t.appendChange(Change{Created: true, What: "output", ID: id, Detail: strconv.Itoa(c.Number)})
}

// Output returns the stored output of an execution from chunk number from on.
func (s *Store) Output(ctx context.Context, id string, from int) ([]Chunk, error) {
	es, err := s.b.Scan(ctx, chunksOf("output", id, from))
	if err != nil {
		return nil, translate(err)
	}
	cs := make([]Chunk, 0, len(es))
	for _, e := range es {
		c, err := decodeChunk(e)
		if err != nil {
			return nil, err
		}
		cs = append(cs, c)
	}
	return cs, nil
}
