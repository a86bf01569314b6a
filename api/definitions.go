package api

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/core/store"
)

// ranWith is what an execution ran with, decoded and written as JSON once per digest.
type ranWith struct {
	action, runner   []byte // as the API shows them
	params           core.Parameters
	secret           bool // one of params is
	unknown          bool // the definitions are gone: any parameter may be a secret
	outputKey        string
	output           core.Schema // of the value under outputKey; nil when nothing in it is secret
	workflow         bool
	actionRef, named string
}

// definitions keeps what executions ran with, and rules they came from, by digest.
// Definitions never change. Its zero value is ready.
type definitions struct {
	mu    sync.Mutex
	ran   map[string]*ranWith
	rules map[string]*core.Rule
}

// keepDefinitions bounds each cache; a full one begins anew.
const keepDefinitions = 2048

func (d *definitions) ranWith(ctx context.Context, s *store.Store, x *core.Execution) (*ranWith, error) {
	key := x.ActionDigest + x.RunnerDigest
	d.mu.Lock()
	r, ok := d.ran[key]
	d.mu.Unlock()
	if ok {
		return r, nil
	}
	r, err := loadRanWith(ctx, s, x)
	if err != nil || r.unknown {
		return r, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ran == nil || len(d.ran) >= keepDefinitions {
		d.ran = map[string]*ranWith{}
	}
	d.ran[key] = r
	return r, nil
}

func loadRanWith(ctx context.Context, s *store.Store, x *core.Execution) (*ranWith, error) {
	var a core.Action
	var t core.RunnerType
	err := define(ctx, s, x.ActionDigest, &a)
	if err == nil {
		err = define(ctx, s, x.RunnerDigest, &t)
	}
	if core.KindOf(err) == core.NotFound {
		return lostDefinition(x), nil
	}
	if err != nil {
		return nil, err
	}
	r := &ranWith{
		params: schema.Merge(t.Parameters, a.Parameters), outputKey: t.OutputKey,
		workflow: isWorkflow(t.Name), actionRef: a.Ref(), named: t.Name,
	}
	r.secret = anySecret(r.params)
	if out := core.Schema(a.OutputSchema); hasSecret(map[string]any(out)) {
		r.output = out
	}
	if r.action, err = writeAction(nil, &a, nil); err != nil {
		return nil, err
	}
	r.runner, err = writeRunner(nil, &t, nil)
	return r, err
}

// lostDefinition stands for definitions that are gone.
func lostDefinition(x *core.Execution) *ranWith {
	pack, name, _ := core.SplitRef(x.Action)
	action, _ := json.Marshal(map[string]string{"ref": x.Action, "pack": pack, "name": name, "runner_type": x.Runner})
	runner, _ := json.Marshal(map[string]string{"name": x.Runner})
	return &ranWith{action: action, runner: runner, secret: true, unknown: true, actionRef: x.Action, named: x.Runner}
}

func define(ctx context.Context, s *store.Store, digest string, v any) error {
	raw, err := s.Definition(ctx, digest)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("definition %s is damaged: %w", digest, err)
	}
	return nil
}

// rule returns the rule an execution came from as it was then, nil if that is gone.
func (d *definitions) rule(ctx context.Context, s *store.Store, digest string) (*core.Rule, error) {
	d.mu.Lock()
	r, ok := d.rules[digest]
	d.mu.Unlock()
	if ok {
		return r, nil
	}
	r = new(core.Rule)
	err := define(ctx, s, digest, r)
	if core.KindOf(err) == core.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rules == nil || len(d.rules) >= keepDefinitions {
		d.rules = map[string]*core.Rule{}
	}
	d.rules[digest] = r
	return r, nil
}

// isWorkflow reports whether a runner's executions have children.
func isWorkflow(runner string) bool { return runner == "orquesta" || runner == "action-chain" }

func anySecret(params core.Parameters) bool {
	for _, p := range params {
		if hasSecret(map[string]any(p.Schema)) {
			return true
		}
	}
	return false
}

// hasSecret looks for "secret": true anywhere inside a schema.
func hasSecret(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for name, sub := range v {
			if (name == "secret" && sub == true) || hasSecret(sub) {
				return true
			}
		}
	case []any:
		for _, sub := range v {
			if hasSecret(sub) {
				return true
			}
		}
	}
	return false
}

// catalogue is what is registered now, by reference.
type catalogue struct {
	actions  map[string]*core.Action
	runners  map[string]*core.RunnerType
	triggers map[string]*core.Trigger
	types    map[string]*core.TriggerType
}

func loadCatalogue(ctx context.Context, s *store.Store) (*catalogue, error) {
	c := &catalogue{}
	var err error
	if c.actions, err = byRef(ctx, s.Actions(), (*core.Action).Ref); err != nil {
		return nil, err
	}
	if c.runners, err = byRef(ctx, s.Runners(), func(r *core.RunnerType) string { return r.Name }); err != nil {
		return nil, err
	}
	if c.triggers, err = byRef(ctx, s.Triggers(), (*core.Trigger).Ref); err != nil {
		return nil, err
	}
	c.types, err = byRef(ctx, s.TriggerTypes(), (*core.TriggerType).Ref)
	return c, err
}

func byRef[T any](ctx context.Context, r store.Reader[T], ref func(*T) string) (map[string]*T, error) {
	vs, err := r.All(ctx)
	if err != nil {
		return nil, err
	}
	m := make(map[string]*T, len(vs))
	for _, v := range vs {
		m[ref(v)] = v
	}
	return m, nil
}

// parameters returns an action's parameters with its runner's below them.
func (c *catalogue) parameters(a *core.Action) core.Parameters {
	var below core.Parameters
	if r, ok := c.runners[a.Runner]; ok {
		below = r.Parameters
	}
	return schema.Merge(below, a.Parameters)
}

func (s *Server) catalogue(ctx context.Context) (*catalogue, error) { return s.names.Now(ctx, s.Store) }
