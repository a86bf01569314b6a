package main

import (
	"context"

	"github.com/petrelhq/petrel/core/expr"
)

// patternNames are the names that every criteria pattern sees.
func patternNames(name string) (expr.Value, bool) {
	if name == "st2kv" {
		return noKeyValues(""), true
	}
	return nil, false
}

// noKeyValues is what templates see as st2kv as long as there is no datastore: every
// key is missing, which renders as nothing.
func noKeyValues(string) expr.Value {
	missing := expr.NewLookup(func(context.Context, string) (expr.Value, bool, error) { return nil, false, nil })
	return expr.DictOf("system", missing, "user", missing)
}

// noPackConfig is what templates see as config_context as long as packs have no
// configuration.
func noPackConfig(context.Context, string, string) (expr.Value, error) { return expr.NewDict(), nil }
