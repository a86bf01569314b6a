package store

import (
	"maps"
	"slices"
	"sync"

	"github.com/petrelhq/petrel/core"
)

const (
	maxDecoded   = 1024    // documents in each of two generations
	largeDecoded = 4 << 10 // bytes of JSON; larger documents are not kept
)

// decoded keeps documents as they were written a moment ago. One goes through three hands
// within milliseconds, and each would decode it: (m) 11 % of the CPU time of a workflow. A
// version never comes back, so what is kept under one is what is stored under it.
type decoded struct {
	mu         sync.Mutex
	young, old map[string]keptDocument
}

// keptDocument is shared: whoever wants to change it makes a copy (kind.copy).
type keptDocument struct {
	version Version
	v       any
}

// get returns the document as it is at a version, nil if that is not kept.
func (c *decoded) get(key string, at Version) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.young[key]
	if !ok {
		k = c.old[key]
	}
	if k.version != at {
		return nil
	}
	return k.v
}

func (c *decoded) put(key string, at Version, v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= maxDecoded {
		c.young, c.old = make(map[string]keptDocument, maxDecoded), c.young
	}
	c.young[key] = keptDocument{at, v}
}

// keep keeps what a Tx has written at a version.
func (t *Tx) keep(at Version) {
	for _, key := range t.keys {
		if d := t.docs[key]; d.object != nil && !d.deleted && len(d.value) <= largeDecoded {
			t.s.decoded.put(key, at, d.object)
		}
	}
}

// copyExecution makes a copy whose fields may be given other values; what they point to
// is shared, and nobody changes it.
func copyExecution(e *core.Execution) *core.Execution {
	c := *e
	c.Log, c.Gates = slices.Clip(e.Log), slices.Clip(e.Gates)
	return &c
}

func copyFlow(f *Flow) *Flow {
	c := *f
	c.Again = maps.Clone(f.Again)
	return &c
}
