package store

import (
	"context"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// escapeUser keeps a user's name from running into the name of a key.
var escapeUser = strings.NewReplacer("%", "%25", ":", "%3A")

// KeyName returns the store's key of a key-value pair. Those of a scope and user lie
// together, in the order of their names.
func KeyName(scope core.Scope, user, name string) string {
	if scope == core.UserScope {
		return string(scope) + ":" + escapeUser.Replace(user) + ":" + name
	}
	return string(scope) + ":" + name
}

// Part asks for documents whose key begins with Prefix, in the order of their keys.
type Part struct {
	Prefix  string
	After   string // the key of the last one seen; "" to begin
	Reverse bool
	Limit   int // 0: all
}

// Under reads a part of a collection.
func (r Reader[T]) Under(ctx context.Context, p Part) ([]*T, error) {
	rng := backend.Range{Collection: r.k.name, From: p.Prefix, To: prefixEnd(p.Prefix), Reverse: p.Reverse, Limit: p.Limit}
	switch {
	case p.After == "":
	case p.Reverse:
		rng.To = p.After
	default:
		rng.From = p.After + "\x00"
	}
	es, err := r.s.b.Scan(ctx, rng)
	if err != nil {
		return nil, translate(err)
	}
	return r.decodeAll(es)
}

// prefixEnd returns the first text beyond all that begin with prefix; "" when there is none.
func prefixEnd(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}
