package core

import "encoding/json"

// Trigger is a trigger type with parameters: one webhook URL, one timer. Rules with
// equal parameters share one.
type Trigger struct {
	ID         string          `json:"id"`
	Pack       string          `json:"pack"`
	Name       string          `json:"name"` // a UUID when made for a rule's parameters
	Type       string          `json:"type"` // ref of the trigger type
	Parameters json.RawMessage `json:"parameters"`
	RefCount   int             `json:"ref_count"`
	Created    Time            `json:"created,omitempty"` // 0: before this was kept
}

// Ref returns the trigger's reference, pack.name.
func (t *Trigger) Ref() string { return Ref(t.Pack, t.Name) }

// TriggerInstance is one event: a trigger went off with this payload.
type TriggerInstance struct {
	ID       string          `json:"id"`
	Trigger  string          `json:"trigger"` // ref of the trigger
	Occurred Time            `json:"occurred"`
	Payload  json.RawMessage `json:"payload"`
	Status   InstanceStatus  `json:"status"`
	TraceTag string          `json:"trace_tag,omitempty"`
	Cause    string          `json:"cause,omitempty"`  // the id of what raised it, for derived ids
	Reason   string          `json:"reason,omitempty"` // why processing failed
}

// Event is what a source raises: the trigger that went off, and with what.
type Event struct {
	Trigger  string // ref of a trigger or trigger type
	Payload  json.RawMessage
	TraceTag string
}
