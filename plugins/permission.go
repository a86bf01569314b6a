package plugins

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/egress"
	"github.com/petrelhq/petrel/sdk/wire"
)

// permission is one list of what a pack was granted.
type permission struct {
	name    string // as in pack.yaml, dotted
	entries func(core.Permissions) []string
	fits    func(entry, what string) bool
}

var (
	mayRead   = permission{"kv.read", func(p core.Permissions) []string { return p.KV.Read }, fitsKey}
	mayList   = permission{"kv.read", func(p core.Permissions) []string { return p.KV.Read }, fitsPrefix}
	mayWrite  = permission{"kv.write", func(p core.Permissions) []string { return p.KV.Write }, fitsKey}
	mayReveal = permission{"secrets", func(p core.Permissions) []string { return p.Secrets }, fitsKey}
	mayRaise  = permission{"events", func(p core.Permissions) []string { return p.Events }, func(e, what string) bool { return e == what }}
	mayRun    = permission{"actions", func(p core.Permissions) []string { return p.Actions }, fitsAction}
)

// fitsKey matches a key: a "*" at the end of an entry stands for any rest.
func fitsKey(entry, key string) bool {
	prefix, many := strings.CutSuffix(entry, "*")
	return entry == key || many && strings.HasPrefix(key, prefix)
}

// fitsPrefix matches all keys that begin with prefix.
func fitsPrefix(entry, prefix string) bool {
	start, many := strings.CutSuffix(entry, "*")
	return many && strings.HasPrefix(prefix, start)
}

// fitsAction matches a reference; pack.* is every action of a pack.
func fitsAction(entry, ref string) bool {
	pack, all := strings.CutSuffix(entry, ".*")
	of, _, _ := core.SplitRef(ref)
	return entry == ref || all && of == pack
}

// check asks for a permission, as it is granted at this moment. The error is Denied.
func (h *host) check(ctx context.Context, p permission, what string) error {
	granted, err := h.l.Grant(ctx, h.pack)
	if err != nil {
		return err
	}
	entries := p.entries(granted)
	i := slices.IndexFunc(entries, func(e string) bool { return p.fits(e, what) })
	if i < 0 {
		h.l.used.count(h.pack, p.name, "", h.l.Now())
		return &wire.Error{Kind: wire.Denied, Message: fmt.Sprintf("no permission for %s: permissions.%s in pack.yaml does not name it", what, p.name)}
	}
	h.l.used.count(h.pack, p.name, entries[i], h.l.Now())
	return nil
}

// clients are what packs send HTTP requests with, one each.
type clients struct {
	base egress.Config
	used *ledger
	now  func() time.Time

	mu     sync.Mutex
	byPack map[string]*egress.Client
}

func newClients(base egress.Config, used *ledger, now func() time.Time) *clients {
	return &clients{base: base, used: used, now: now, byPack: map[string]*egress.Client{}}
}

// of returns a pack's client for what it is granted now.
func (cs *clients) of(pack string, granted core.Permissions) (*egress.Client, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	old := cs.byPack[pack]
	if old != nil && slices.Equal(old.Permissions.HTTP, granted.HTTP) && slices.Equal(old.Permissions.Networks, granted.Networks) {
		return old, nil
	}
	c := cs.base
	c.Permissions = granted
	c.Used = func(permission, entry string) { cs.used.count(pack, permission, entry, cs.now()) }
	client, err := egress.New(c)
	if err != nil {
		return nil, err
	}
	if old != nil {
		old.Close()
	}
	cs.byPack[pack] = client
	return client, nil
}

func (cs *clients) close() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for pack, c := range cs.byPack {
		c.Close()
		delete(cs.byPack, pack)
	}
}
