package execution

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// policies are those of one action, made ready, in the order of their refs.
// st2: execution reference, policies.
type policies struct {
	limits  []*limit
	retries []*retry
}

// limit is a concurrency policy.
type limit struct {
	ref        string
	action     string
	slots      int
	attributes []string // executions compete only with those of equal parameters of these names
	cancel     bool     // who finds no slot is cancelled, instead of waiting
}

// retry is a policy that asks again for executions that end badly.
type retry struct {
	ref   string
	on    core.Status
	most  int // tries after the first
	delay time.Duration
}

// loadPolicies returns the enabled policies by the action they are for.
func loadPolicies(ctx context.Context, s *store.Store) (map[string]*policies, error) {
	all, err := s.Policies().All(ctx)
	if err != nil {
		return nil, err
	}
	byAction := map[string]*policies{}
	for _, p := range all {
		if !p.Enabled {
			continue
		}
		of := byAction[p.Action]
		if of == nil {
			of = &policies{}
			byAction[p.Action] = of
		}
		if err := of.add(p); err != nil {
			return nil, fmt.Errorf("policy %s is damaged: %w", p.Ref(), err)
		}
	}
	return byAction, nil
}

// add makes a policy ready; its parameters were checked when it was stored.
func (of *policies) add(p *core.Policy) error {
	var said struct {
		Threshold  int      `json:"threshold"`
		Action     string   `json:"action"`
		Attributes []string `json:"attributes"`
		On         string   `json:"retry_on"`
		Most       int      `json:"max_retry_count"`
		Delay      float64  `json:"delay"` // s
	}
	if err := json.Unmarshal(p.Parameters, &said); err != nil {
		return err
	}
	if p.Type != core.RetryPolicy {
		of.limits = append(of.limits, &limit{
			ref: p.Ref(), action: p.Action, slots: said.Threshold, attributes: said.Attributes, cancel: said.Action == "cancel",
		})
		return nil
	}
	r := &retry{ref: p.Ref(), on: core.Failed, most: said.Most, delay: time.Duration(said.Delay * float64(time.Second))}
	if said.On == "timeout" {
		r.on = core.TimedOut
	}
	of.retries = append(of.retries, r)
	return nil
}

// gate names the gate that an execution with these stored parameters has to pass. What
// was left to a default is not stored, and compares as nothing.
func (l *limit) gate(parameters json.RawMessage) (string, error) {
	if len(l.attributes) == 0 {
		return l.ref, nil
	}
	stored, err := object(parameters)
	if err != nil {
		return "", err
	}
	values := make([]any, len(l.attributes))
	for i, name := range l.attributes {
		values[i] = stored[name]
	}
	raw, err := json.Marshal(values)
	return l.ref + "/" + core.Digest(raw), err
}

// String says what the policy allows.
func (l *limit) String() string {
	many, alike := fmt.Sprintf("%d executions", l.slots), ""
	if l.slots == 1 {
		many = "1 execution"
	}
	if len(l.attributes) > 0 {
		names := slices.Sorted(slices.Values(l.attributes))
		alike = " with the same " + strings.Join(names, ", ")
	}
	return fmt.Sprintf("the policy %s lets %s of %s%s run at a time", l.ref, many, l.action, alike)
}
