package builtin

import (
	"context"

	"github.com/petrelhq/petrel/core"
)

// scriptsInGo runs those scripts of the shipped packs that have a Go form, and leaves all
// others to the runner of scripts.
type scriptsInGo struct {
	forms map[string]core.Runner // by the action's ref
	rest  core.Runner
}

func (s scriptsInGo) Run(ctx context.Context, c core.Call) (core.Result, error) {
	if form, ok := s.forms[c.Action.Ref()]; ok {
		return form.Run(ctx, c)
	}
	return s.rest.Run(ctx, c)
}
