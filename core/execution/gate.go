package execution

import (
	"context"
	"slices"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// recheck is how long an execution waits at a gate before it is looked at all the same.
// Normally whoever leaves lets it in.
const recheck = 5 * time.Minute

// visitor is an execution before the gates of its action's policies.
type visitor struct {
	e      *Engine
	tx     *store.Tx
	x      *core.Execution
	asked  bool     // whether above is known
	above  []string // gates that its ancestors are in
	policy *limit   // of the gate it stands before
	gate   string
}

// admit takes an execution through the gates of its action's concurrency policies. It
// reports false when the execution may not start now: then it waits, or was cancelled.
func (e *Engine) admit(ctx context.Context, tx *store.Tx, x *core.Execution) (bool, error) {
	ds, err := e.defs.In(ctx, tx)
	if err != nil {
		return false, err
	}
	of := ds.policies[x.Action]
	if of == nil && x.Waits == "" {
		return true, nil
	}
	v := &visitor{e: e, tx: tx, x: x}
	if of != nil {
		for _, l := range of.limits {
			if in, err := v.pass(ctx, l); err != nil || !in {
				return false, err
			}
		}
	}
	return true, stopWaiting(ctx, tx, x) // at the gate of a policy that is gone
}

// pass takes the execution through one gate, if there is a slot, or if it could wait for
// ever: what it waits for would wait for its own end.
func (v *visitor) pass(ctx context.Context, l *limit) (bool, error) {
	var err error
	v.policy = l
	if v.gate, err = l.gate(v.x.Parameters); err != nil || slices.Contains(v.x.Gates, v.gate) {
		return err == nil, err
	}
	g, err := gateOf(ctx, v.tx, v.gate)
	if err != nil {
		return false, err
	}
	if len(g.Inside) < l.slots {
		return true, v.enter(ctx)
	}
	if free, err := v.exempt(ctx); err != nil || free {
		return free, err
	}
	if l.cancel {
		return false, v.turnAway(ctx)
	}
	return false, v.wait(ctx, g)
}

// enter takes a slot.
func (v *visitor) enter(ctx context.Context) error {
	if err := stopWaiting(ctx, v.tx, v.x); err != nil {
		return err
	}
	g, err := gateOf(ctx, v.tx, v.gate)
	if err != nil {
		return err
	}
	g.Policy, g.Slots = v.policy.ref, v.policy.slots
	g.Inside = append(g.Inside, v.x.ID)
	v.x.Gates = append(v.x.Gates, g.Key)
	return v.tx.Gates().Put(ctx, g)
}

// exempt reports whether the execution needs no slot: an ancestor is inside the same gate,
// or the gate would in the end wait for an ancestor, which waits for this execution.
func (v *visitor) exempt(ctx context.Context) (bool, error) {
	behind, err := v.behind(ctx)
	if err != nil || slices.Contains(behind, v.gate) {
		return err == nil, err
	}
	if len(behind) == 0 || v.x.Waits == v.gate {
		return false, nil
	}
	web, err := entanglement(ctx, v.tx)
	if err != nil {
		return false, err
	}
	return leadsTo(web, v.gate, behind), nil
}

// behind lists the gates at which nobody moves up before this execution has ended.
func (v *visitor) behind(ctx context.Context) ([]string, error) {
	for id := v.x.Parent; id != "" && !v.asked; {
		parent, err := v.tx.Executions().Get(ctx, id)
		if core.KindOf(err) == core.NotFound {
			break
		}
		if err != nil {
			return nil, err
		}
		v.above = append(v.above, parent.Gates...)
		id = parent.Parent
	}
	v.asked = true
	return append(slices.Clone(v.above), v.x.Gates...), nil
}

// turnAway cancels the execution, as its policy wants it.
func (v *visitor) turnAway(ctx context.Context) error {
	v.x.Reason = "cancelled: " + v.policy.String()
	v.x.Result = jsonOf(map[string]string{"message": "Action canceled: " + v.policy.String() + ".", "user": v.x.Context.User})
	v.x.Move(core.Canceled, v.tx.Time())
	return v.e.putFinal(ctx, v.tx, v.x)
}

// wait lets the execution wait at the gate. Its queue entry stays, for a time far off.
func (v *visitor) wait(ctx context.Context, g *store.Gate) error {
	v.tx.Push(store.Executions, v.x.ID, "", recheck)
	if v.x.Waits == v.gate {
		return v.waitOn(ctx, g)
	}
	if err := stopWaiting(ctx, v.tx, v.x); err != nil {
		return err
	}
	behind, err := v.behind(ctx)
	if err != nil {
		return err
	}
	w := &store.Waiter{Execution: v.x.ID, Gate: v.gate, Start: v.x.Start, Behind: behind}
	if err := v.tx.Waiters().Put(ctx, w); err != nil {
		return err
	}
	if err := entangle(ctx, v.tx, w, 1); err != nil {
		return err
	}
	lineAt(v.tx, v.gate).join(w)
	g.Waiting, g.Policy, g.Slots = g.Waiting+1, v.policy.ref, v.policy.slots
	if err := v.tx.Gates().Put(ctx, g); err != nil {
		return err
	}
	v.x.Waits, v.x.Hand, v.x.Reason = v.gate, core.InQueue, "waits for its turn: "+v.policy.String()
	if v.x.Status != core.Delayed {
		v.x.Move(core.Delayed, v.tx.Time())
	}
	return v.tx.Executions().Put(ctx, v.x)
}

// waitOn lets the execution wait where it waits already, unless somebody lets it in meanwhile.
func (v *visitor) waitOn(ctx context.Context, g *store.Gate) error {
	if g.Slots != v.policy.slots {
		g.Slots = v.policy.slots
		if err := v.tx.Gates().Put(ctx, g); err != nil {
			return err
		}
	}
	return v.tx.Executions().Confirm(v.x.ID)
}

func gateOf(ctx context.Context, tx *store.Tx, key string) (*store.Gate, error) {
	g, err := tx.Gates().Get(ctx, key)
	if core.KindOf(err) == core.NotFound {
		return &store.Gate{Key: key}, nil
	}
	return g, err
}
