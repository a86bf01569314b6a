package execution_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/store"
)

// still is a conductor under which every execution is a workflow that does nothing by
// itself: the test says when it ends and which children it has.
type still struct{}

func (still) Conducts(string) bool                                              { return true }
func (still) Advance(context.Context, *store.Tx, string, *core.Execution) error { return nil }
func (still) Break(context.Context, *store.Tx, string, error) error             { return nil }
func stepping(c *execution.Config)                                              { c.Conductor = still{} }
func actionNames() []string                                                     { return []string{"a", "b", "c"} }
func isRunning(x *core.Execution) bool                                          { return x.Status == core.Running }
func isWaiting(x *core.Execution) bool                                          { return x.Status.Waiting() }
func executionsOf(xs map[string]*core.Execution) []string                       { return slices.Sorted(maps.Keys(xs)) }
func insideOf(x *core.Execution, gate string) bool                              { return slices.Contains(x.Gates, gate) }

// families is a world without a running engine, in which executions have children, begin,
// wait and end one step at a time.
type families struct {
	*world
	ids  []string // of all executions that have not ended, as far as is known
	free int      // begun without a slot, with good reason
}

func newFamilies(t *testing.T) *families {
	runners := map[string]core.Runner{}
	for _, name := range actionNames() {
		runners[name] = succeed(`{}`)
	}
	return &families{world: newWorld(t, runners, stepping)}
}

func (f *families) commit(fn func(tx *store.Tx) error) error {
	return f.store.Update(context.Background(), store.Relaxed, fn)
}

// reset ends what a failed check left behind.
func (f *families) reset() error {
	return f.commit(func(tx *store.Tx) error {
		ctx := context.Background()
		for _, id := range f.ids {
			if x, err := tx.Executions().Get(ctx, id); err != nil || x.Status.Final() {
				continue
			} else if err := f.engine.End(ctx, tx, x, core.Result{Status: core.Failed}); err != nil {
				return err
			}
		}
		f.ids = nil
		policies, err := f.store.Policies().All(ctx)
		for _, p := range policies {
			if err == nil {
				err = f.engine.DeletePolicy(ctx, tx, p)
			}
		}
		return err
	})
}

// live reads the executions that have not ended, as tx sees them.
func (f *families) live(tx *store.Tx) (map[string]*core.Execution, error) {
	xs := map[string]*core.Execution{}
	for _, id := range f.ids {
		x, err := tx.Executions().Get(context.Background(), id)
		if err != nil {
			return nil, err
		}
		if !x.Status.Final() {
			xs[id] = x
		}
	}
	return xs, nil
}

func (f *families) ask(tx *store.Tx, action string, n int, parent *core.Execution) error {
	r := core.Request{Action: "test." + action, Parameters: json.RawMessage(fmt.Sprintf(`{"n": %d}`, n)), User: "ada"}
	if parent != nil {
		r.Root, r.Context.Parent = parent.RootID(), &core.ParentContext{Execution: parent.ID}
	}
	x, err := f.engine.Request(context.Background(), tx, r)
	if err == nil {
		tx.After(func(store.Version) { f.ids = append(f.ids, x.ID) })
	}
	return err
}

// ready pulls what is ready in the queue of executions.
func (f *families) ready() ([]store.Delivery, error) {
	const last = "last"
	err := f.commit(func(tx *store.Tx) error { tx.Push(store.Executions, last, "", 0); return nil })
	var ds []store.Delivery
	for err == nil {
		var some []store.Delivery
		some, err = f.disk.Pull(context.Background(), store.Executions, 1)
		if err != nil || some[0].ID != last {
			ds = append(ds, some...)
			continue
		}
		return ds, f.commit(func(tx *store.Tx) error { tx.Ack(some[0]); return nil })
	}
	return ds, err
}

// take handles deliveries in one commit and checks that each was handled as it should be.
func (f *families) take(ds []store.Delivery) error {
	free := 0
	err := f.commit(func(tx *store.Tx) error {
		free = 0
		for _, d := range ds {
			before, err := f.live(tx)
			if err != nil {
				return err
			}
			if err := f.engine.TakeOne(context.Background(), tx, d); err != nil {
				return err
			}
			tx.Ack(d)
			if before[d.ID] == nil || !isWaiting(before[d.ID]) {
				continue
			}
			n, err := f.judge(tx, before, d.ID)
			if err != nil {
				return err
			}
			free += n
		}
		return nil
	})
	f.free += free
	return err
}

// judge checks what became of an execution that was taken up, against what all were doing
// before, and counts the gates it went through without a slot.
func (f *families) judge(tx *store.Tx, before map[string]*core.Execution, id string) (free int, err error) {
	x, err := tx.Executions().Get(context.Background(), id)
	if err != nil {
		return 0, err
	}
	slots, err := f.engine.GatesBefore(context.Background(), x)
	if err != nil {
		return 0, err
	}
	for gate, n := range slots {
		excused := f.excused(before, x, gate)
		switch {
		case isRunning(x) && !insideOf(x, gate) && !excused:
			return 0, fmt.Errorf("%s began without a slot in %s (of %d), and nothing waits for its end", id, gate, n)
		case x.Waits == gate && excused && before[id].Waits != gate:
			return 0, fmt.Errorf("%s waits at %s, which waits for its end", id, gate)
		case isRunning(x) && !insideOf(x, gate):
			free++
		}
	}
	return free, nil
}

// excused works out from the executions alone whether one that waits at a gate would, in
// the end, wait for itself.
func (f *families) excused(xs map[string]*core.Execution, x *core.Execution, gate string) bool {
	mine := slices.Clone(x.Gates)
	for id := x.Parent; id != "" && xs[id] != nil; id = xs[id].Parent {
		if insideOf(xs[id], gate) {
			return true
		}
		mine = append(mine, xs[id].Gates...)
	}
	seen, next := map[string]bool{}, []string{gate}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		if slices.Contains(mine, at) {
			return true
		}
		for _, d := range xs {
			if d.Waits == "" {
				continue
			}
			for up := d; up != nil; up = xs[up.Parent] {
				if insideOf(up, at) {
					next = append(next, d.Waits)
				}
			}
		}
	}
	return false
}

// consistent checks that gates and executions tell the same, and that no gate has more
// inside than it has slots, except those that were inside before it lost slots.
func (f *families) consistent(before map[string]int) (map[string]int, error) {
	now := map[string]int{}
	err := f.commit(func(tx *store.Tx) error {
		xs, err := f.live(tx)
		if err != nil {
			return err
		}
		inside, waiting := map[string]int{}, map[string]int{}
		for _, x := range xs {
			for _, gate := range x.Gates {
				inside[gate]++
			}
			if x.Waits != "" {
				waiting[x.Waits]++
			}
		}
		gates, err := f.store.Gates().All(context.Background())
		if err != nil {
			return err
		}
		for _, g := range gates {
			now[g.Key] = len(g.Inside)
			if len(g.Inside) != inside[g.Key] || g.Waiting != waiting[g.Key] {
				return fmt.Errorf("gate %+v, but %d executions are inside and %d wait", g, inside[g.Key], waiting[g.Key])
			}
			if len(g.Inside) > g.Slots && len(g.Inside) > before[g.Key] {
				return fmt.Errorf("gate %+v has let in too many", g)
			}
			delete(inside, g.Key)
			delete(waiting, g.Key)
		}
		if len(inside)+len(waiting) > 0 {
			return fmt.Errorf("inside no gate: %v, waiting at none: %v", inside, waiting)
		}
		return nil
	})
	return now, err
}

// leaves are the running executions without living children: those that can end.
func leaves(xs map[string]*core.Execution) []string {
	parents := map[string]bool{}
	for _, x := range xs {
		parents[x.Parent] = true
	}
	return slices.DeleteFunc(executionsOf(xs), func(id string) bool { return !isRunning(xs[id]) || parents[id] })
}

func (f *families) end(tx *store.Tx, x *core.Execution) error {
	return f.engine.End(context.Background(), tx, x, core.Result{Status: core.Succeeded, Value: json.RawMessage(`{}`)})
}

// outlive ends everything that can end until nothing is left.
func (f *families) outlive() error {
	for {
		ds, err := f.ready()
		if err == nil {
			err = f.take(ds)
		}
		ended, left := 0, 0
		if err == nil {
			err = f.commit(func(tx *store.Tx) error {
				xs, err := f.live(tx)
				ended, left = 0, len(xs)
				for _, id := range leaves(xs) {
					if err == nil {
						err = f.end(tx, xs[id])
					}
					ended++
				}
				return err
			})
		}
		switch {
		case err != nil || left == 0:
			return err
		case ended == 0 && len(ds) == 0:
			return f.stuck()
		}
	}
}

// stuck tells of executions that wait for ever.
func (f *families) stuck() error {
	text := "nothing moves any more:"
	err := f.commit(func(tx *store.Tx) error {
		xs, err := f.live(tx)
		for _, id := range executionsOf(xs) {
			x := xs[id]
			text += fmt.Sprintf("\n%s %s of %s: %s, inside %v, waits at %q", x.ID, x.Action, x.Parent, x.Status, x.Gates, x.Waits)
		}
		return err
	})
	if err != nil {
		return err
	}
	return fmt.Errorf("%s", text)
}

// policies gives each action up to two random limits.
func (f *families) policies(r *rapid.T) []*core.Policy {
	var ps []*core.Policy
	for _, action := range actionNames() {
		for i := range rapid.IntRange(0, 2).Draw(r, "policies of "+action) {
			p := &core.Policy{Pack: "test", Name: fmt.Sprintf("%s%d", action, i), Enabled: true, Action: "test." + action}
			p.Type = rapid.SampledFrom([]string{core.ConcurrencyPolicy, core.ConcurrencyAttrPolicy}).Draw(r, "type")
			p.Parameters = f.limits(r, p.Type)
			ps = append(ps, p)
		}
	}
	return ps
}

func (f *families) limits(r *rapid.T, kind string) json.RawMessage {
	limits := map[string]any{"threshold": rapid.IntRange(1, 2).Draw(r, "threshold")}
	if kind == core.ConcurrencyAttrPolicy {
		limits["attributes"] = []string{"n"}
	}
	if rapid.IntRange(0, 9).Draw(r, "cancels") == 0 {
		limits["action"] = "cancel"
	}
	raw, _ := json.Marshal(limits)
	return raw
}

// step does something at random.
func (f *families) step(r *rapid.T, policies []*core.Policy) error {
	const most = 30 // executions at a time
	what := rapid.SampledFrom([]string{"ask", "child", "child", "child", "take", "take", "end", "cancel", "change"}).Draw(r, "step")
	if what == "take" {
		ds, err := f.ready()
		if err != nil || len(ds) == 0 {
			return err
		}
		for part := range slices.Chunk(ds, rapid.IntRange(1, 8).Draw(r, "at once")) {
			if err := f.take(part); err != nil {
				return err
			}
		}
		return nil
	}
	return f.commit(func(tx *store.Tx) error {
		xs, err := f.live(tx)
		if err != nil {
			return err
		}
		pick := func(ids []string) *core.Execution {
			if len(ids) == 0 {
				return nil
			}
			return xs[rapid.SampledFrom(ids).Draw(r, "execution")]
		}
		only := func(ok func(*core.Execution) bool) []string {
			return slices.DeleteFunc(executionsOf(xs), func(id string) bool { return !ok(xs[id]) })
		}
		action, n := rapid.SampledFrom(actionNames()).Draw(r, "action"), rapid.IntRange(0, 1).Draw(r, "n")
		switch what {
		case "ask":
			if len(xs) < most {
				return f.ask(tx, action, n, nil)
			}
		case "child":
			if parent := pick(only(isRunning)); parent != nil && len(xs) < most {
				return f.ask(tx, action, n, parent)
			}
		case "end":
			for range rapid.IntRange(1, 3).Draw(r, "how many") {
				if x := pick(leaves(xs)); x != nil {
					delete(xs, x.ID)
					if err := f.end(tx, x); err != nil {
						return err
					}
				}
			}
		case "cancel":
			if x := pick(only(isWaiting)); x != nil {
				_, err = f.engine.Cancel(context.Background(), tx, x.ID, "bob")
			}
		case "change":
			if len(policies) > 0 {
				p := rapid.SampledFrom(policies).Draw(r, "policy")
				p.Enabled = rapid.IntRange(0, 4).Draw(r, "enabled") > 0
				p.Parameters = f.limits(r, p.Type)
				err = f.engine.SavePolicy(context.Background(), tx, p, false)
			}
		}
		return err
	})
}

// TestGatesHoldAndNobodyWaitsForEver goes through random families of executions, policies
// and ends: no gate lets in more than it has slots for, nobody begins without a slot unless
// it would have waited for its own end, all end at last, and all slots are free then.
func TestGatesHoldAndNobodyWaitsForEver(t *testing.T) {
	f := newFamilies(t)
	rapid.Check(t, func(r *rapid.T) {
		must := func(err error) {
			if err != nil {
				r.Fatal(err)
			}
		}
		must(f.reset())
		policies := f.policies(r)
		must(f.commit(func(tx *store.Tx) error {
			for _, p := range policies {
				if err := f.engine.SavePolicy(context.Background(), tx, p, true); err != nil {
					return err
				}
			}
			return nil
		}))
		inside := map[string]int{}
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			must(f.step(r, policies))
			var err error
			inside, err = f.consistent(inside)
			must(err)
		}
		must(f.outlive())
		f.empty()
	})
	if f.free == 0 {
		t.Error("no execution ever went through without a slot: the test is too tame")
	}
	t.Logf("%d times somebody went through without a slot, who would have waited for its own end", f.free)
}

// TestALoweredThresholdHolds needs the new threshold to count when somebody leaves.
func TestALoweredThresholdHolds(t *testing.T) {
	f := newFamilies(t)
	p := f.policy("many", "a", core.ConcurrencyPolicy, `{"threshold": 3}`)
	f.update(func(tx *store.Tx) error {
		for range 4 {
			if err := f.ask(tx, "a", 0, nil); err != nil {
				return err
			}
		}
		return nil
	})
	p.Parameters = json.RawMessage(`{"threshold": 1}`)
	for i, change := range []func(tx *store.Tx) error{
		func(tx *store.Tx) error { return nil },
		func(tx *store.Tx) error { return f.engine.SavePolicy(t.Context(), tx, p, false) },
		f.endFirst, f.endFirst, f.endFirst,
	} {
		f.update(change)
		ds, err := f.ready()
		if err == nil {
			err = f.take(ds)
		}
		g, err2 := f.store.Gates().Get(t.Context(), "test.many")
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		want := [][2]int{{3, 1}, {3, 1}, {2, 1}, {1, 1}, {1, 0}}[i]
		if got := [2]int{len(g.Inside), g.Waiting}; got != want {
			t.Errorf("after step %d %v inside and waiting, want %v", i, got, want)
		}
	}
}

func (f *families) endFirst(tx *store.Tx) error {
	xs, err := f.live(tx)
	if err != nil {
		return err
	}
	return f.end(tx, xs[leaves(xs)[0]])
}

// TestGatesHoldAmongServers lets many take up and end executions at the same time, whose
// families wait for each other in circles.
func TestGatesHoldAmongServers(t *testing.T) {
	f := newFamilies(t)
	for _, name := range actionNames() {
		f.policy(name, name, core.ConcurrencyPolicy, `{"threshold": 1}`)
	}
	for round := range 5 {
		f.update(func(tx *store.Tx) error { return f.ask(tx, actionNames()[round%3], 0, nil) })
		f.update(func(tx *store.Tx) error { return f.ask(tx, actionNames()[(round+1)%3], 0, nil) })
		for range 3 {
			f.takeAtOnce()
			f.update(func(tx *store.Tx) error {
				xs, err := f.live(tx)
				for i, id := range executionsOf(xs) {
					if err == nil && isRunning(xs[id]) && len(xs) < 40 {
						err = f.ask(tx, actionNames()[(i+round)%3], 0, xs[id])
					}
				}
				return err
			})
		}
		if _, err := f.consistent(map[string]int{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.outlive(); err != nil {
		t.Fatal(err)
	}
	f.empty()
}

// takeAtOnce handles what is ready, each delivery in a goroutine of its own.
func (f *families) takeAtOnce() {
	f.t.Helper()
	ds, err := f.ready()
	if err != nil {
		f.t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, d := range ds {
		wg.Go(func() {
			err := f.commit(func(tx *store.Tx) error {
				tx.Ack(d)
				return f.engine.TakeOne(context.Background(), tx, d)
			})
			if err != nil {
				f.t.Error(err)
			}
		})
	}
	wg.Wait()
}
