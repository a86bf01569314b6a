package regex

import (
	"fmt"

	"github.com/petrelhq/petrel/core/expr"
)

// Cache keeps the patterns compiled last; safe for concurrent use.
type Cache struct{ patterns *expr.Cache[*Pattern] }

// NewCache makes a cache of at most size patterns.
func NewCache(size int) *Cache { return &Cache{expr.NewCache[*Pattern](size)} }

// Compile is [Compile] through the cache.
func (c *Cache) Compile(source string, flags Flags) (*Pattern, error) {
	key := fmt.Sprintf("%d/%s", flags, source)
	return c.patterns.Get(key, func() (*Pattern, error) { return Compile(source, flags) })
}
