package store

import (
	"context"
	"fmt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// Flow is the head of what is stored of a running workflow. The steps it took lie beside
// it, each written once; now and then a snapshot takes the place of those before it.
type Flow struct {
	Execution string `json:"execution"`
	Runner    string `json:"runner"`             // orquesta or action-chain
	File      string `json:"file"`               // the text's name
	Spec      string `json:"spec"`               // the text's digest
	Children  int    `json:"children,omitempty"` // asked for so far
	Open      int    `json:"open,omitempty"`     // of them, those that have not ended
	Depth     int    `json:"depth,omitempty"`    // how many workflows this one is inside of
	Steps     int    `json:"steps"`              // taken so far
	Snapshot  int    `json:"snapshot,omitempty"` // how many of them the snapshot holds; 0: there is none
	Chunks    int    `json:"chunks,omitempty"`   // of the snapshot
	Held      int64  `json:"held,omitempty"`     // bytes of the snapshot
	Since     int64  `json:"since,omitempty"`    // bytes of the steps after it
	// Again names, by task, route and item, the executions whose failed parts go on when
	// the task runs.
	Again map[string]string `json:"again,omitempty"`
}

func stepKey(id string, n int) string { return fmt.Sprintf("flowstep/%s\x00%08d", id, n) }

func snapshotKey(id string, steps, n int) string {
	return fmt.Sprintf("flowshot/%s\x00%08d.%04d", id, steps, n)
}

// AppendStep writes the next step of a workflow and counts it in its head, which the
// caller puts.
func (t *Tx) AppendStep(f *Flow, step []byte) {
	t.put(stepKey(f.Execution, f.Steps), step)
	f.Steps++
	f.Since += int64(len(step))
}

// PutSnapshot writes what all steps so far amount to, in place of them.
func (t *Tx) PutSnapshot(f *Flow, snapshot []byte) {
	for n := range f.Chunks {
		t.delete(snapshotKey(f.Execution, f.Snapshot, n))
	}
	for n := f.Snapshot; n < f.Steps; n++ {
		t.delete(stepKey(f.Execution, n))
	}
	f.Snapshot, f.Chunks, f.Since, f.Held = f.Steps, 0, 0, int64(len(snapshot))
	for rest := snapshot; len(rest) > 0; f.Chunks++ {
		n := min(len(rest), chunkSize)
		t.put(snapshotKey(f.Execution, f.Snapshot, f.Chunks), rest[:n])
		rest = rest[n:]
	}
}

// History returns a workflow's snapshot, nil if it has none, and the steps after it.
func (s *Store) History(ctx context.Context, f *Flow) (snapshot []byte, steps [][]byte, err error) {
	if f.Chunks > 0 {
		es, err := s.b.Scan(ctx, backend.Range{
			Collection: "flowshot",
			From:       fmt.Sprintf("%s\x00%08d.", f.Execution, f.Snapshot), To: fmt.Sprintf("%s\x00%08d/", f.Execution, f.Snapshot),
		})
		if err != nil {
			return nil, nil, translate(err)
		}
		for _, e := range es {
			snapshot = append(snapshot, e.Value...)
		}
	}
	es, err := s.b.Scan(ctx, backend.Range{Collection: "flowstep", From: fmt.Sprintf("%s\x00%08d", f.Execution, f.Snapshot), To: f.Execution + "\x01"})
	if err != nil {
		return nil, nil, translate(err)
	}
	if len(es) != f.Steps-f.Snapshot || int64(len(snapshot)) != f.Held {
		return nil, nil, fmt.Errorf("workflow %s: what is stored is incomplete: %d of %d steps, %d of %d bytes", f.Execution, len(es), f.Steps-f.Snapshot, len(snapshot), f.Held)
	}
	for _, e := range es {
		steps = append(steps, e.Value)
	}
	return snapshot, steps, nil
}

// Define keeps a text under its digest, which it returns. Texts never change.
func (t *Tx) Define(text []byte) string {
	digest := core.Digest(text)
	if _, known := t.s.defined(digest); !known {
		t.put("definition/"+digest, text)
		t.After(func(Version) { t.s.keepDefinition(digest, text) })
	}
	return digest
}
