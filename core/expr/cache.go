package expr

import (
	"container/list"
	"sync"
)

// Cache keeps the most recently used compiled expressions; safe for concurrent use.
type Cache[T any] struct {
	mu    sync.Mutex
	max   int
	order *list.List // of *cached[T], most recent first
	byKey map[string]*list.Element
}

type cached[T any] struct {
	key string
	val T
	err error
}

// maxCachedSource is the longest source that is kept: longer ones are rare and would push out many.
const maxCachedSource = 64 << 10

// NewCache makes a cache of at most max entries.
func NewCache[T any](max int) *Cache[T] {
	return &Cache[T]{max: max, order: list.New(), byKey: map[string]*list.Element{}}
}

// Get gives the value compiled from source, compiling it when it is not at hand. Failures are kept too.
func (c *Cache[T]) Get(source string, compile func() (T, error)) (T, error) {
	c.mu.Lock()
	if e, ok := c.byKey[source]; ok {
		c.order.MoveToFront(e)
		c.mu.Unlock()
		hit := e.Value.(*cached[T])
		return hit.val, hit.err
	}
	c.mu.Unlock()
	val, err := compile()
	if len(source) <= maxCachedSource {
		c.put(&cached[T]{source, val, err})
	}
	return val, err
}

func (c *Cache[T]) put(e *cached[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[e.key]; ok {
		return
	}
	c.byKey[e.key] = c.order.PushFront(e)
	if c.order.Len() > c.max {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.byKey, last.Value.(*cached[T]).key)
	}
}

// Len is the number of entries kept.
func (c *Cache[T]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.order.Len()
}
