package core

import "encoding/json"

// Rule asks for an action when a trigger goes off and its criteria hold.
// st2: metadata reference, rule metadata.
type Rule struct {
	ID           string          `json:"id"`
	Pack         string          `json:"pack"`
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	Enabled      bool            `json:"enabled"`
	Meant        bool            `json:"meant,omitempty"` // enabled as the pack says; Enabled differs once somebody switched it
	Type         RuleType        `json:"type"`
	Trigger      RuleTrigger     `json:"trigger"`
	Criteria     Criteria        `json:"criteria"`
	Action       RuleAction      `json:"action"`
	Context      RuleContext     `json:"context"`
	Tags         []Tag           `json:"tags,omitempty"`
	MetadataFile string          `json:"metadata_file,omitempty"`
	Extra        json.RawMessage `json:"extra,omitempty"`
}

// Ref returns the rule's reference, pack.name.
func (r *Rule) Ref() string { return Ref(r.Pack, r.Name) }

// The rule types: a backstop rule is tried only when no standard rule matched.
const (
	StandardRule = "standard"
	BackstopRule = "backstop"
)

// RuleType names how a rule takes part in matching.
type RuleType struct {
	Ref        string         `json:"ref"`
	Parameters map[string]any `json:"parameters"`
}

// RuleTrigger names the trigger a rule waits for.
type RuleTrigger struct {
	Type       string          `json:"type"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
	Ref        string          `json:"ref"` // of the Trigger, filled in when the rule is stored
}

// RuleAction names the action a rule asks for; its parameters may hold Jinja.
type RuleAction struct {
	Ref         string          `json:"ref"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
	Description string          `json:"description,omitempty"`
}

// RuleContext says who made the rule.
type RuleContext struct {
	User string `json:"user,omitempty"`
}

// Criterion is one condition on a payload: the value at Key, held against Pattern by
// the operator Type.
type Criterion struct {
	Key       string          `json:"-"` // a JSONPath; what follows a # only tells keys apart
	Type      string          `json:"type"`
	Pattern   json.RawMessage `json:"pattern,omitempty"`
	Condition string          `json:"condition,omitempty"` // of the operator "search"
}

// EnforcementStatus says whether a matched rule got its execution.
type EnforcementStatus string

const (
	EnforcementSucceeded EnforcementStatus = "succeeded"
	EnforcementFailed    EnforcementStatus = "failed"
)

// Enforcement records that a rule was enforced for a trigger instance, or why it could
// not be. Its id derives from both.
type Enforcement struct {
	ID              string            `json:"id"`
	Rule            ObjectRef         `json:"rule"`
	TriggerInstance string            `json:"trigger_instance"`
	Execution       string            `json:"execution,omitempty"`
	Failure         string            `json:"failure,omitempty"`
	At              Time              `json:"at"`
	Status          EnforcementStatus `json:"status"`
}

// ObjectRef points at a stored thing by id and reference.
type ObjectRef struct {
	ID  string `json:"id"`
	Ref string `json:"ref,omitempty"`
}
