package main

import (
	"context"

	"github.com/petrelhq/petrel/core/expr"
)

// noPackConfig is what templates see as config_context as long as packs have no
// configuration.
func noPackConfig(context.Context, string, string) (expr.Value, error) { return expr.NewDict(), nil }
