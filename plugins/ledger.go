package plugins

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Use tells how often a pack's code made use of an entry of its permissions since this
// server began.
type Use struct {
	Permission string    `json:"permission"` // http, networks, kv.read, kv.write, secrets, events, actions
	Entry      string    `json:"entry"`      // as it was granted; "" counts what no entry allowed
	Count      int64     `json:"count"`
	Last       time.Time `json:"last"`
}

// ledger counts uses. There are no more lines in it than were ever granted, and one per
// permission for what was refused.
type ledger struct {
	mu     sync.Mutex
	byPack map[string]map[useKey]*Use
}

type useKey struct{ permission, entry string }

func newLedger() *ledger { return &ledger{byPack: map[string]map[useKey]*Use{}} }

func (g *ledger) count(pack, permission, entry string, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	uses := g.byPack[pack]
	if uses == nil {
		uses = map[useKey]*Use{}
		g.byPack[pack] = uses
	}
	u := uses[useKey{permission, entry}]
	if u == nil {
		u = &Use{Permission: permission, Entry: entry}
		uses[useKey{permission, entry}] = u
	}
	u.Count++
	u.Last = at
}

// Used returns what a pack's code made use of, ordered by permission and entry.
func (l *Loader) Used(pack string) []Use {
	g := l.used
	g.mu.Lock()
	defer g.mu.Unlock()
	all := []Use{}
	for _, u := range g.byPack[pack] {
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.Permission, b.Permission), cmp.Compare(a.Entry, b.Entry))
	})
	return all
}
