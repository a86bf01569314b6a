package execution

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/core/store"
)

// definition is an action with its runner, ready to check parameters.
type definition struct {
	action       *core.Action
	runner       *core.RunnerType
	actionDigest string
	runnerDigest string

	once   sync.Once
	set    *schema.Set
	setErr error
}

// schemas compiles the parameter schemas, once.
func (d *definition) schemas() (*schema.Set, error) {
	d.once.Do(func() {
		d.set, d.setErr = schema.Compile(schema.Merge(d.runner.Parameters, d.action.Parameters))
	})
	return d.set, d.setErr
}

// definitions is what the catalogue says of actions now.
type definitions struct {
	actions  map[string]*definition
	runners  map[string]store.Defined[core.RunnerType]
	policies map[string]*policies // by action
}

func loadDefinitions(ctx context.Context, s *store.Store) (*definitions, error) {
	runners, err := s.Runners().AllDefined(ctx)
	if err != nil {
		return nil, err
	}
	actions, err := s.Actions().AllDefined(ctx)
	if err != nil {
		return nil, err
	}
	policies, err := loadPolicies(ctx, s)
	if err != nil {
		return nil, err
	}
	ds := &definitions{actions: map[string]*definition{}, runners: map[string]store.Defined[core.RunnerType]{}, policies: policies}
	for _, r := range runners {
		ds.runners[r.V.Name] = r
	}
	for _, a := range actions {
		d := &definition{action: a.V, actionDigest: a.Digest}
		if r, ok := ds.runners[a.V.Runner]; ok {
			d.runner, d.runnerDigest = r.V, r.Digest
		}
		ds.actions[a.V.Ref()] = d
	}
	return ds, nil
}

// find returns the definition to run an action by. The error is Invalid.
func (ds *definitions) find(ref string) (*definition, error) {
	d, ok := ds.actions[ref]
	switch {
	case !ok:
		return nil, core.FieldErrorf("action", "Action \"%s\" cannot be found.", ref)
	case !d.action.Enabled:
		return nil, core.FieldErrorf("action", "Unable to execute. Action \"%s\" is disabled.", ref)
	case d.runner == nil:
		return nil, core.FieldErrorf("action", "Unable to execute. Runner \"%s\" of action \"%s\" is not known to this server.", d.action.Runner, ref)
	case !d.runner.Enabled:
		return nil, core.FieldErrorf("action", "Unable to execute. Runner \"%s\" of action \"%s\" is disabled.", d.runner.Name, ref)
	}
	return d, nil
}

// definitionCache keeps the definitions executions ran with, by digest. They never change.
type definitionCache struct {
	mu sync.Mutex
	m  map[string]*definition
}

const keepDefinitions = 1024

// ranWith returns the definition an execution was asked for with, whatever became of
// the action since.
func (e *Engine) ranWith(ctx context.Context, x *core.Execution) (*definition, error) {
	key := x.ActionDigest + x.RunnerDigest
	c := &e.byDigest
	c.mu.Lock()
	d, ok := c.m[key]
	c.mu.Unlock()
	if ok {
		return d, nil
	}
	d = &definition{action: &core.Action{}, runner: &core.RunnerType{}, actionDigest: x.ActionDigest, runnerDigest: x.RunnerDigest}
	if err := e.readDefinition(ctx, x.ActionDigest, d.action); err != nil {
		return nil, err
	}
	if err := e.readDefinition(ctx, x.RunnerDigest, d.runner); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= keepDefinitions {
		c.m = map[string]*definition{}
	}
	c.m[key] = d
	return d, nil
}

func (e *Engine) readDefinition(ctx context.Context, digest string, v any) error {
	raw, err := e.Store.Definition(ctx, digest)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("definition %s is damaged: %w", digest, err)
	}
	return nil
}

// MaskedParameters returns an execution's parameters with the secret ones starred out.
func (e *Engine) MaskedParameters(ctx context.Context, x *core.Execution) (json.RawMessage, error) {
	d, err := e.ranWith(ctx, x)
	if err != nil {
		return nil, err
	}
	values, err := object(x.Parameters)
	if err != nil {
		return nil, err
	}
	return json.Marshal(schema.Mask(values, schema.Merge(d.runner.Parameters, d.action.Parameters)))
}
