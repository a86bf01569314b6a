package local

import (
	"bytes"
	"sync"
)

// Most reads are of documents written a moment ago (an event goes through three hands in
// a few milliseconds) or read all the time (a token, the catalogue's version). The cache
// holds those, so that they never reach Pebble: (m) its Gets were 42 % of the CPU time of
// an event.
const (
	cacheBytes  = 16 << 20 // of keys and values, in two generations
	cacheValue  = 16 << 10 // larger values are not kept, only their versions
	entryWeight = 96       // what an entry costs beside its key and value
)

// cache knows the present state of some documents: what it holds is never out of date.
// A commit hides what it writes until Pebble shows it; a reader who brings something from
// Pebble is turned away if it was written meanwhile.
type cache struct {
	mu         sync.RWMutex
	young, old map[string]cached
	size       int              // of young
	fills      map[string]*fill // the documents that readers are bringing from Pebble
	hidden     map[string]bool  // what a commit is writing
}

// fill is the readers who bring a document's same state; those who begin after it was
// written are another fill.
type fill struct{ readers int }

// cached is a document; version 0 says that there is none.
type cached struct {
	version uint64
	value   []byte // the cache's own; readers copy it
	partial bool   // the value was too large to keep
}

func newCache() *cache {
	return &cache{young: map[string]cached{}, old: map[string]cached{}, fills: map[string]*fill{}, hidden: map[string]bool{}}
}

func (c *cache) get(key string) (cached, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.lookup(key)
}

func (c *cache) lookup(key string) (cached, bool) {
	d, ok := c.young[key]
	if !ok {
		d, ok = c.old[key]
	}
	return d, ok
}

// hide is called for what a commit is about to write; the caller holds the store's mu.
// Until show, readers get the document from Pebble, so that a Get is never ahead of a Scan.
func (c *cache) hide(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.fills, key)
	c.forget(key)
	c.hidden[key] = true
}

// show keeps what Pebble shows now. What has no value (an index entry) is not kept:
// nobody reads it by its key.
func (c *cache) show(key string, version uint64, value []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.hidden, key)
	if version == 0 || len(value) > 0 {
		c.keep(key, version, bytes.Clone(value))
	}
}

func (c *cache) forget(key string) {
	if d, ok := c.young[key]; ok {
		c.size -= weight(key, d)
		delete(c.young, key)
	}
	delete(c.old, key)
}

func (c *cache) keep(key string, version uint64, value []byte) {
	c.forget(key)
	d := cached{version: version, value: value}
	if len(value) > cacheValue {
		d.value, d.partial = nil, true
	}
	c.young[key] = d
	c.size += weight(key, d)
}

func weight(key string, d cached) int { return len(key) + len(d.value) + entryWeight }

// begin announces that a reader is about to bring a document from Pebble. It returns nil
// while a commit writes that one.
func (c *cache) begin(key string) *fill {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hidden[key] {
		return nil
	}
	f := c.fills[key]
	if f == nil {
		f = &fill{}
		c.fills[key] = f
	}
	f.readers++
	return f
}

// end keeps what a reader brought, unless it was written since begin.
func (c *cache) end(f *fill, key string, version uint64, value []byte, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f == nil || c.fills[key] != f {
		return
	}
	if f.readers--; f.readers == 0 {
		delete(c.fills, key)
	}
	if ok {
		c.keep(key, version, value)
	}
}

// age forgets the older half when there is too much.
func (c *cache) age() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size > cacheBytes/2 {
		c.old, c.young, c.size = c.young, make(map[string]cached, len(c.young)), 0
	}
}
