package execution

import (
	"context"
	"slices"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// leaveGates gives the slots of an execution that has ended to those that waited longest,
// in the same commit. So nobody can overtake them, and no slot is ever lost.
func leaveGates(ctx context.Context, tx *store.Tx, x *core.Execution) error {
	if err := stopWaiting(ctx, tx, x); err != nil {
		return err
	}
	for _, key := range x.Gates {
		g, err := gateOf(ctx, tx, key)
		if err != nil {
			return err
		}
		g.Inside = slices.DeleteFunc(g.Inside, func(id string) bool { return id == x.ID })
		if err := moveUp(ctx, tx, g); err != nil {
			return err
		}
	}
	x.Gates = nil
	return nil
}

// moveUp lets in whoever there is a slot for, and stores the gate.
func moveUp(ctx context.Context, tx *store.Tx, g *store.Gate) error {
	line := lineAt(tx, g.Key)
	for len(g.Inside) < g.Slots && g.Waiting > 0 {
		w, err := line.next(ctx, tx)
		if err != nil {
			return err
		}
		if w == nil {
			g.Waiting = 0
			break
		}
		g.Waiting--
		if err := letIn(ctx, tx, g, w); err != nil {
			return err
		}
	}
	return putGate(ctx, tx, g)
}

// putGate stores a gate, as long as anybody is at it.
func putGate(ctx context.Context, tx *store.Tx, g *store.Gate) error {
	if len(g.Inside) == 0 && g.Waiting == 0 {
		return tx.Gates().Delete(ctx, g.Key)
	}
	return tx.Gates().Put(ctx, g)
}

// letIn gives a slot to an execution that waits, and makes its queue entry ready.
func letIn(ctx context.Context, tx *store.Tx, g *store.Gate, w *store.Waiter) error {
	if err := forget(ctx, tx, w); err != nil {
		return err
	}
	x, err := tx.Executions().Get(ctx, w.Execution)
	if core.KindOf(err) == core.NotFound {
		return nil // deleted while it waited
	}
	if err != nil {
		return err
	}
	g.Inside = append(g.Inside, x.ID)
	x.Waits, x.Reason, x.Gates = "", "", append(x.Gates, g.Key)
	tx.Push(store.Executions, x.ID, "", 0)
	return tx.Executions().Put(ctx, x)
}

// stopWaiting takes an execution out of the line it waits in, if any. The caller stores
// the execution.
func stopWaiting(ctx context.Context, tx *store.Tx, x *core.Execution) error {
	if x.Waits == "" {
		return nil
	}
	g, err := gateOf(ctx, tx, x.Waits)
	if err != nil {
		return err
	}
	x.Waits = ""
	w, err := tx.Waiters().Get(ctx, x.ID)
	if core.KindOf(err) == core.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	g.Waiting = max(0, g.Waiting-1)
	if err := putGate(ctx, tx, g); err != nil {
		return err
	}
	return forget(ctx, tx, w)
}

// forget removes the record of somebody's waiting.
func forget(ctx context.Context, tx *store.Tx, w *store.Waiter) error {
	if err := entangle(ctx, tx, w, -1); err != nil {
		return err
	}
	return tx.Waiters().Delete(ctx, w.Execution)
}

// line is who waits at a gate, as one Tx sees it: those that are stored, the oldest first,
// then those that began to wait within the Tx.
type line struct {
	gate   string
	stored []string // a part of them
	mark   string   // where the part ends
	all    bool     // nothing is stored after it
	joined []string
}

type lineKey string

func lineAt(tx *store.Tx, gate string) *line {
	l, _ := tx.Memo(lineKey(gate), func() any { return &line{gate: gate} }).(*line)
	return l
}

func (l *line) join(w *store.Waiter) { l.joined = append(l.joined, w.Execution) }

// linePart is how much of a line is read at once.
const linePart = 16

// next returns who stands first in line; nil when there is nobody.
func (l *line) next(ctx context.Context, tx *store.Tx) (*store.Waiter, error) {
	for {
		id, err := l.first(ctx, tx)
		if err != nil || id == "" {
			return nil, err
		}
		w, err := tx.Waiters().Get(ctx, id)
		if core.KindOf(err) != core.NotFound { // else it left within this Tx
			return w, err
		}
	}
}

func (l *line) first(ctx context.Context, tx *store.Tx) (id string, err error) {
	if len(l.stored) == 0 && !l.all {
		if err := l.read(ctx, tx.Store().Waiters()); err != nil {
			return "", err
		}
	}
	from := &l.stored
	if len(*from) == 0 {
		from = &l.joined
	}
	if len(*from) == 0 {
		return "", nil
	}
	id, *from = (*from)[0], (*from)[1:]
	return id, nil
}

func (l *line) read(ctx context.Context, waiters store.Reader[store.Waiter]) error {
	part, err := waiters.Page(ctx, store.Query{
		Where: []store.Is{{Index: store.ByGate, Value: l.gate}}, Oldest: true, After: l.mark, Limit: linePart,
	})
	for _, w := range part {
		l.stored, l.mark = append(l.stored, w.Execution), waiters.Mark(w)
	}
	l.all = len(part) < linePart
	return err
}
