package core

import "encoding/json"

// Policy limits or repeats the executions of one action. st2: metadata reference 8.
type Policy struct {
	ID           string          `json:"id"`
	Pack         string          `json:"pack"`
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	Enabled      bool            `json:"enabled"`
	Meant        bool            `json:"meant,omitempty"` // enabled as the pack says; Enabled differs once somebody switched it
	Action       string          `json:"resource_ref"`    // ref of the action, which may belong to another pack
	Type         string          `json:"policy_type"`     // one of the policy types below
	Parameters   json.RawMessage `json:"parameters"`      // an object, with the type's defaults in it
	MetadataFile string          `json:"metadata_file,omitempty"`
}

// The types of policies.
const (
	ConcurrencyPolicy     = "action.concurrency"
	ConcurrencyAttrPolicy = "action.concurrency.attr"
	RetryPolicy           = "action.retry"
)

// Ref returns the policy's reference, pack.name.
func (p *Policy) Ref() string { return Ref(p.Pack, p.Name) }

// PolicyType describes a type of policy to users.
type PolicyType struct {
	Name        string // action.concurrency
	Description string
	Module      string // where StackStorm has it, which its clients show
	Parameters  Parameters
}

// PolicyContext tells what policies had to do with an execution.
type PolicyContext struct {
	Retry *RetryContext `json:"retry,omitempty"`
}

// RetryContext names the execution that this one is another try of.
// st2: execution reference, policies.
type RetryContext struct {
	Policy string `json:"applied_policy"` // ref
	Count  int    `json:"retry_count"`    // of tries after the first
	Of     string `json:"retried_liveaction_id"`
}
