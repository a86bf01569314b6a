package execution

import (
	"context"
	"fmt"
	"strconv"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// tryAgain asks again for an execution that has ended badly, when a policy of its action
// says so: in the commit that ends it, so that a crash loses no try. Parts of workflows
// are left to their workflows. st2: execution reference, policies, action.retry.
func (e *Engine) tryAgain(ctx context.Context, tx *store.Tx, x *core.Execution) error {
	if x.Parent != "" || x.Status != core.Failed && x.Status != core.TimedOut {
		return nil
	}
	ds, err := e.defs.In(ctx, tx)
	if err != nil || ds.policies[x.Action] == nil {
		return err
	}
	for _, r := range ds.policies[x.Action].retries {
		if r.on == x.Status && tries(x) < r.most {
			return e.retry(tx, ds, r, x)
		}
	}
	return nil
}

// tries is how often what an execution does was tried again before it.
func tries(x *core.Execution) int {
	if p := x.Context.Policies; p != nil && p.Retry != nil {
		return p.Retry.Count
	}
	return 0
}

func (e *Engine) retry(tx *store.Tx, ds *definitions, r *retry, x *core.Execution) error {
	d, err := ds.find(x.Action)
	if err != nil {
		e.Log.Warn("a failed execution is not tried again", "execution", x.ID, "policy", r.ref, "reason", err)
		return nil
	}
	count := tries(x) + 1
	around := x.FullContext()
	around.CancelledBy, around.PausedBy, around.ResumedBy = "", "", ""
	around.Policies = &core.PolicyContext{Retry: &core.RetryContext{Policy: r.ref, Count: count, Of: x.ID}}
	again := e.newExecution(tx, d, core.Request{
		ID: core.DeriveID(x.ID, "retry", r.ref, strconv.Itoa(count)), Action: x.Action, User: x.Context.User,
		Context: around, Delay: r.delay.Milliseconds(), Notify: x.Notify, Callback: x.Callback,
	})
	again.Parameters = x.Parameters // rendered already: what came out is never rendered again
	if err := e.enqueue(tx, again); err != nil {
		return err
	}
	again.Reason = fmt.Sprintf("try %d of %d after execution %s, as the policy %s says", count, r.most, x.ID, r.ref)
	if r.delay > 0 {
		again.Reason = fmt.Sprintf("waits %s: %s", r.delay, again.Reason)
	}
	return tx.Executions().Create(again)
}
