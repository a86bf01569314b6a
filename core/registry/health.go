package registry

import (
	"context"

	"github.com/petrelhq/petrel/core"
)

// What can be wrong with an index, as StackStorm names it. st2: pack-index reference, fetching.
const (
	Unresponsive = "unresponsive"
	Malformed    = "malformed"
	Empty        = "empty"
)

// Status tells how one index does.
type Status struct {
	URL     string    `json:"url"` // without a password
	Packs   int       `json:"packs"`
	Message string    `json:"message"`
	Error   string    `json:"error,omitempty"` // Unresponsive, Malformed or Empty
	Read    core.Time `json:"read,omitzero"`   // when its packs were listed like this
}

// Health asks all indexes, in their order.
func (r *Registry) Health(ctx context.Context) []Status {
	return statuses(r.all(ctx, 0))
}

func statuses(copies []copied) []Status {
	all := make([]Status, len(copies))
	for i, c := range copies {
		all[i] = c.status()
	}
	return all
}

func (c copied) status() Status {
	s := Status{URL: c.name(), Message: "OK"}
	if c.index != nil {
		s.Packs, s.Read = len(c.index.Packs), core.At(c.read)
	}
	switch {
	case c.err != nil && core.KindOf(c.err) == core.Invalid:
		s.Error, s.Message = Malformed, c.err.Error()
	case c.err != nil:
		s.Error, s.Message = Unresponsive, c.err.Error()
	case s.Packs == 0:
		s.Error, s.Message = Empty, "the index lists no packs"
	}
	if c.err != nil && c.index != nil {
		s.Message += "; what it said at " + s.Read.String() + " is used"
	}
	return s
}
