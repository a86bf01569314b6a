package orchestrator

import (
	"context"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// maxDepth is how many workflows may be inside of each other. One that calls itself would
// go on until the disk is full. st2 differs: it has no limit.
const maxDepth = 100

// depth is how many workflows this one is inside of. The error, of kind Invalid, says that
// there are too many, and who called whom.
func (s *session) depth(ctx context.Context) (int, error) {
	if s.x.Parent == "" {
		return 0, nil
	}
	outer, err := s.o.Store.Flows().Get(ctx, s.x.Parent)
	if core.KindOf(err) == core.NotFound {
		return 0, nil // it was asked for by no workflow
	}
	if err != nil {
		return 0, err
	}
	if depth := outer.Depth + 1; depth < maxDepth {
		return depth, nil
	}
	return 0, core.Errorf(core.Invalid, "The workflow %s is inside of %d others, the most there may be: %s. Does it call itself without end?",
		s.x.Action, maxDepth, strings.Join(s.callers(ctx), " called "))
}

// shownCallers is how many workflows are named at the most.
const shownCallers = 10

// callers are the workflows that led to this one, the nearest last, back to where the same
// one was called before.
func (s *session) callers(ctx context.Context) []string {
	names := []string{s.x.Action}
	x := s.x
	for x.Parent != "" && len(names) < shownCallers && !slices.Contains(names[1:], s.x.Action) {
		outer, err := s.o.Store.Executions().Get(ctx, x.Parent)
		if err != nil {
			break // it is only for the reader's sake
		}
		x = outer
		names = append(names, x.Action)
	}
	slices.Reverse(names)
	return names
}
