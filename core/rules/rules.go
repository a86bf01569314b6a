// Package rules matches trigger instances to rules and asks for executions.
//
// Rules are compiled and grouped by trigger once per change of the catalogue. For each
// instance the enforcements, the executions and the instance's new status are one
// commit. Criteria (criteria.go, operators*.go) say why they did not hold.
package rules

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/store"
)

// Config is what an Engine needs.
type Config struct {
	Store *store.Store
	Log   *slog.Logger
	// User is whom rules act for. st2: the system user.
	User string
	// Request asks for an execution inside tx.
	Request func(ctx context.Context, tx *store.Tx, r core.Request) (*core.Execution, error)
	// Renderer renders Jinja in criteria patterns.
	Renderer Renderer
	// Acquire and Release make and remove the triggers that rules wait for.
	Acquire func(ctx context.Context, tx *store.Tx, typeRef string, parameters json.RawMessage) (*core.Trigger, error)
	Release func(ctx context.Context, tx *store.Tx, ref string) error
}

// Engine matches trigger instances to rules.
type Engine struct {
	Config
	book store.Cached[*book]
}

// New returns an engine. It does nothing until Run.
func New(c Config) *Engine {
	e := &Engine{Config: c}
	e.book.Load = e.load
	return e
}

// matchBatch is how many instances go into one Apply.
const matchBatch = 64

// Run matches queued trigger instances until ctx is done.
func (e *Engine) Run(ctx context.Context) error {
	return e.Store.Work(ctx, store.Worker{
		Queue: store.Triggers, Mode: store.Relaxed, Log: e.Log,
		Slots: store.Batch(matchBatch), About: store.AboutInstance, Do: e.match, GiveUp: e.giveUp,
	})
}

// book is the enabled rules by the trigger they wait for.
type book map[string]*page

type page struct {
	standard, backstop []*compiled
	criteria           bool // at least one of them has criteria
}

type compiled struct {
	rule     *core.Rule
	digest   string
	criteria *Criteria
	err      error // the rule was stored by an older Petrel and no longer compiles
}

func (e *Engine) load(ctx context.Context, s *store.Store) (*book, error) {
	rules, err := s.Rules().AllDefined(ctx)
	if err != nil {
		return nil, err
	}
	b := book{}
	for _, r := range rules {
		if !r.V.Enabled {
			continue
		}
		c := &compiled{rule: r.V, digest: r.Digest}
		c.criteria, c.err = CompileCriteria(r.V.Criteria, e.Renderer)
		b.add(c)
	}
	return &b, nil
}

func (b book) add(c *compiled) {
	p := b[c.rule.Trigger.Ref]
	if p == nil {
		p = &page{}
		b[c.rule.Trigger.Ref] = p
	}
	p.criteria = p.criteria || len(c.rule.Criteria) > 0
	if c.rule.Type.Ref == core.BackstopRule {
		p.backstop = append(p.backstop, c)
	} else {
		p.standard = append(p.standard, c)
	}
}

// match handles one trigger instance.
// st2: triggers-rules reference, rule matching, algorithm.
func (e *Engine) match(ctx context.Context, tx *store.Tx, d store.Delivery) error {
	i, err := tx.Instances().Get(ctx, d.ID)
	if core.KindOf(err) == core.NotFound {
		return nil
	}
	if err != nil || i.Status != core.InstancePending {
		return err
	}
	book, err := e.book.In(ctx, tx)
	if err != nil {
		return err
	}
	if p := (*book)[i.Trigger]; p != nil {
		if err := e.matchPage(ctx, tx, p, i); err != nil {
			return err
		}
	}
	i.Status = core.InstanceProcessed
	return tx.Instances().Put(ctx, i)
}

func (e *Engine) matchPage(ctx context.Context, tx *store.Tx, p *page, i *core.TriggerInstance) error {
	var payload expr.Value // only if a rule looks at it
	if p.criteria {
		var err error
		if payload, err = expr.FromJSON(i.Payload); err != nil {
			return err
		}
	}
	matched, err := e.matchAll(ctx, tx, p.standard, i, payload)
	if err != nil || matched {
		return err
	}
	_, err = e.matchAll(ctx, tx, p.backstop, i, payload)
	return err
}

// matchAll tries every rule; one that fails does not stop the others.
func (e *Engine) matchAll(ctx context.Context, tx *store.Tx, rules []*compiled, i *core.TriggerInstance, payload expr.Value) (bool, error) {
	matched := false
	for _, c := range rules {
		ok, err := e.holds(ctx, c, payload)
		if err != nil && core.KindOf(err) != core.Invalid {
			return matched, err // not the rule's fault: try again
		}
		if err != nil {
			if err := e.record(tx, c, i, nil, err); err != nil {
				return matched, err
			}
			continue
		}
		if !ok {
			continue
		}
		matched = true
		if err := e.enforce(ctx, tx, c, i); err != nil {
			return matched, err
		}
	}
	return matched, nil
}

func (e *Engine) holds(ctx context.Context, c *compiled, payload expr.Value) (bool, error) {
	if c.err != nil {
		return false, c.err
	}
	out, err := c.criteria.Match(ctx, payload, e.Store.Now())
	return out.Matched, err
}

// enforce asks for the rule's action and records that it did, or why it could not.
func (e *Engine) enforce(ctx context.Context, tx *store.Tx, c *compiled, i *core.TriggerInstance) error {
	r := c.rule
	x, err := e.Request(ctx, tx, core.Request{
		ID:     core.DeriveID(i.ID, r.ID, "execution"),
		Action: r.Action.Ref, Parameters: r.Action.Parameters, User: e.User,
		Trigger: i.Payload,
		Context: core.Context{Trace: &core.TraceContext{Tag: i.TraceTag}},
		Origin: &core.Origin{
			Rule: core.ObjectRef{ID: r.ID, Ref: r.Ref()}, RuleDigest: c.digest,
			Trigger: i.Trigger, TriggerType: r.Trigger.Type, TriggerInstance: i.ID,
		},
	})
	if errors.Is(err, store.ErrConflict) || notTheRules(err) {
		return err
	}
	return e.record(tx, c, i, x, err)
}

// notTheRules reports an error that another try may not meet.
func notTheRules(err error) bool {
	k := core.KindOf(err)
	return err != nil && (k == core.Internal || k == core.Unavailable)
}

// record leaves the enforcement. Its id derives from instance and rule.
func (e *Engine) record(tx *store.Tx, c *compiled, i *core.TriggerInstance, x *core.Execution, failure error) error {
	n := &core.Enforcement{
		ID:   core.DeriveID(i.ID, c.rule.ID),
		Rule: core.ObjectRef{ID: c.rule.ID, Ref: c.rule.Ref()}, TriggerInstance: i.ID,
		At: tx.Time(), Status: core.EnforcementSucceeded,
	}
	if x != nil {
		n.Execution = x.ID
	}
	if failure != nil {
		n.Status, n.Failure = core.EnforcementFailed, failure.Error()
	}
	return tx.Enforcements().Create(n)
}

// giveUp marks an instance that could not be processed time and again.
func (e *Engine) giveUp(ctx context.Context, tx *store.Tx, d store.Delivery, cause error) error {
	i, err := tx.Instances().Get(ctx, d.ID)
	if err != nil {
		return err
	}
	i.Status, i.Reason = core.InstanceFailed, cause.Error()
	return tx.Instances().Put(ctx, i)
}
