package execution

import (
	"context"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// A workflow inside gate A, whose child waits at gate B, makes A wait for B. If B comes to
// wait for A as well, nothing at either would move again. The one record of who waits for
// whom is changed by everybody who waits with a gate behind it, so the circle is seen by
// the one who would close it, whichever server it is on, and that one does not wait.

func entanglement(ctx context.Context, tx *store.Tx) (*store.Entanglement, error) {
	web, err := tx.Entanglements().Get(ctx, store.TheEntanglement)
	if core.KindOf(err) == core.NotFound {
		return &store.Entanglement{}, nil
	}
	return web, err
}

// leadsTo reports whether a gate waits for one of others, directly or through further gates.
func leadsTo(web *store.Entanglement, gate string, others []string) bool {
	wanted := map[string]bool{}
	for _, o := range others {
		wanted[o] = true
	}
	seen, next := map[string]bool{gate: true}, []string{gate}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		if wanted[at] {
			return true
		}
		for to := range web.Edges[at] {
			if !seen[to] {
				seen[to] = true
				next = append(next, to)
			}
		}
	}
	return false
}

// entangle records that somebody waits (by 1), or has stopped to (by -1).
func entangle(ctx context.Context, tx *store.Tx, w *store.Waiter, by int) error {
	if len(w.Behind) == 0 {
		return nil
	}
	web, err := entanglement(ctx, tx)
	if err != nil {
		return err
	}
	if web.Edges == nil {
		web.Edges = map[string]map[string]int{}
	}
	for _, from := range w.Behind {
		if web.Edges[from] == nil {
			web.Edges[from] = map[string]int{}
		}
		if web.Edges[from][w.Gate] += by; web.Edges[from][w.Gate] <= 0 {
			delete(web.Edges[from], w.Gate)
		}
		if len(web.Edges[from]) == 0 {
			delete(web.Edges, from)
		}
	}
	return tx.Entanglements().Put(ctx, web)
}
