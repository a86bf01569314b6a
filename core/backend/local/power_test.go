package local_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/local"
)

// TestPowerCuts cuts the power at a random moment of a busy store, again and again on
// what the last cut left, and looks for everything that had been promised.
// PETREL_POWER_N sets the number of cuts.
func TestPowerCuts(t *testing.T) {
	cuts := 20
	if n, err := strconv.Atoi(os.Getenv("PETREL_POWER_N")); err == nil {
		cuts = n
	}
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	mem := vfs.NewCrashableMem()
	p := &promises{items: map[string]bool{}, docs: map[string]uint64{}, ids: map[string]string{}}
	for range cuts {
		mem = p.round(t, mem, rng)
		p.verify(t, mem)
	}
	fmt.Printf("power-test: %d cuts, %d acknowledged, %d lost\n", cuts, p.acknowledged, p.lost)
	if p.lost > 0 || p.acknowledged == 0 {
		t.Errorf("%d of %d promises lost, seed %d", p.lost, p.acknowledged, seed)
	}
}

// promises are what Applies that have returned said about the disk.
type promises struct {
	mu           sync.Mutex
	frozen       bool              // the power is off: what is answered now nobody hears
	docs         map[string]uint64 // key → smallest number that must be there
	items        map[string]bool   // id → must be queued
	ids          map[string]string // log entry seen by a Scan → its text
	acknowledged int
	lost         int
	rounds       int
}

// keep records a promise unless the cut came first.
func (p *promises) keep(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.frozen {
		p.acknowledged++
		f()
	}
}

// round works on mem until the cut and returns what the disk has then.
func (p *promises) round(t *testing.T, mem *vfs.MemFS, rng *rand.Rand) *vfs.MemFS {
	s := open(t, "data", local.Options{FS: mem})
	p.rounds++
	p.frozen = false
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var busy atomic.Int64
	for w := range 8 {
		c := &client{Store: s, p: p, ctx: ctx, name: fmt.Sprintf("%d.%d", p.rounds, w), busy: &busy}
		for _, work := range []func(){c.write, c.collide, c.consume, c.follow}[w%4 : w%4+1] {
			wg.Go(func() { c.loop(work) })
		}
	}
	for target := int64(20 + rng.IntN(1500)); busy.Load() < target; {
		time.Sleep(50 * time.Microsecond) // the cut's moment is the random part; nothing is waited for
	}
	// Nothing is promised between the clone and the end of the hearing.
	p.mu.Lock()
	after := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(3) * 40, RNG: rng})
	p.frozen = true
	p.mu.Unlock()
	cancel()
	wg.Wait()
	s.Close()
	return after
}

type client struct {
	*local.Store
	p    *promises
	ctx  context.Context
	name string
	n    uint64
	busy *atomic.Int64
}

func (c *client) loop(work func()) {
	for c.ctx.Err() == nil {
		c.n++
		c.busy.Add(1)
		work()
	}
}

func number(n uint64) []byte { return strconv.AppendUint(nil, n, 10) }

// write does Relaxed Applies and then a waited one, which covers them all.
func (c *client) write() {
	relaxed, waited, item := "relaxed/"+c.name, "waited/"+c.name, fmt.Sprintf("%s.%d", c.name, c.n)
	for range c.n % 3 {
		c.Apply(c.ctx, backend.Relaxed, backend.Put(relaxed, number(c.n)), backend.Append("log", []byte("relaxed "+item)))
	}
	_, err := c.Apply(c.ctx, backend.Wait, backend.Put(waited, number(c.n)), backend.Append("log", []byte("waited "+item)),
		backend.Push(backend.Item{Queue: "kept", ID: item, Body: []byte(item)}), backend.Push(backend.Item{Queue: "work", ID: item}))
	if err != nil {
		return
	}
	c.p.keep(func() {
		c.p.docs[waited] = c.n
		if c.n%3 > 0 {
			c.p.docs[relaxed] = c.n
		}
		c.p.items[item] = true
	})
}

// collide creates a record that others create too, Relaxed or waited. A waited nil or
// Conflict says that the record is there to stay.
func (c *client) collide() {
	key := fmt.Sprintf("shared/%d.%d", c.p.rounds, c.busy.Load()/4)
	m := backend.Mode(rand.IntN(2))
	_, err := c.Apply(c.ctx, m, backend.Put(key, number(1)).If(0))
	if m == backend.Wait && (err == nil || errors.Is(err, backend.ErrConflict)) {
		c.p.keep(func() { c.p.docs[key] = 1 })
	}
}

// consume finishes work; what an Ack's Apply wrote instead of the item must be there.
func (c *client) consume() {
	ds, err := c.Pull(c.ctx, "work", 4)
	if err != nil {
		return
	}
	var ops []backend.Op
	for _, d := range ds {
		ops = append(ops, backend.Ack(d), backend.Put("done/"+d.ID, number(1)))
	}
	if _, err := c.Apply(c.ctx, backend.Wait, ops...); err != nil {
		return
	}
	c.p.keep(func() {
		for _, d := range ds {
			c.p.docs["done/"+d.ID] = 1
		}
	})
}

// follow reads the log; an entry that was seen must stay, with its id.
func (c *client) follow() {
	es, err := c.Scan(c.ctx, backend.Range{Collection: "log", Reverse: true, Limit: 20})
	if err != nil {
		return
	}
	c.p.keep(func() {
		for _, e := range es {
			c.p.see(e)
		}
	})
}

// see records an entry; an id that named another one before was given twice.
func (p *promises) see(e backend.Entry) {
	if was, ok := p.ids[e.Key]; ok && was != string(e.Value) {
		p.lost++
	}
	p.ids[e.Key] = string(e.Value)
}

// verify opens what the cut left and looks for every promise.
func (p *promises) verify(t *testing.T, mem *vfs.MemFS) {
	s := open(t, "data", local.Options{FS: mem})
	defer s.Close()
	for key, want := range p.docs {
		if n, err := strconv.ParseUint(value(t, s, key), 10, 64); err != nil || n < want {
			p.lose(t, "%s is %d, promised %d", key, n, want)
		}
	}
	entries, err := s.Scan(t.Context(), backend.Range{Collection: "log"})
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, e := range entries {
		p.see(e)
		there[e.Key] = true
	}
	for key := range p.ids {
		if !there[key] {
			p.lose(t, "log entry %s was read and is gone", key)
		}
	}
	p.verifyItems(t, s)
}

// verifyItems pulls everything and lets the close void the leases.
func (p *promises) verifyItems(t *testing.T, s *local.Store) {
	there := map[string]bool{}
	if len(p.items) > 0 {
		// One that is surely there keeps Pull from waiting where all others are gone.
		if _, err := s.Apply(t.Context(), backend.Wait, backend.Push(backend.Item{Queue: "kept", ID: "sentinel"})); err != nil {
			t.Fatal(err)
		}
		ds, err := s.Pull(t.Context(), "kept", 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range ds {
			there[d.ID] = string(d.Body) == d.ID
		}
	}
	for id := range p.items {
		if !there[id] {
			p.lose(t, "item %s was promised and is gone", id)
		}
	}
}

func (p *promises) lose(t *testing.T, format string, args ...any) {
	if p.lost++; p.lost <= 10 {
		t.Errorf(format, args...)
	}
}
