package core

import (
	"encoding/json"
	"time"
)

// Execution is one run of an action, asked for by a person, a rule or a workflow.
// It stores digests of the definitions it ran with; the definitions lie once per digest.
// st2: execution reference, objects (LiveAction and ActionExecution are one here).
type Execution struct {
	ID           string          `json:"id"`
	Action       string          `json:"action"` // ref
	ActionDigest string          `json:"action_digest"`
	Runner       string          `json:"runner"` // name of the runner type
	RunnerDigest string          `json:"runner_digest"`
	Status       Status          `json:"status"`
	Hand         Hand            `json:"hand,omitempty"`
	Start        Time            `json:"start"` // when it was asked for
	End          Time            `json:"end,omitempty"`
	Delay        int64           `json:"delay,omitempty"`      // ms
	Parameters   json.RawMessage `json:"parameters,omitempty"` // an object: what the caller passed
	Result       json.RawMessage `json:"result,omitempty"`     // inline up to 16 KB, else Stored
	Stored       *StoredResult   `json:"stored,omitempty"`
	Context      Context         `json:"context"`
	Parent       string          `json:"parent,omitempty"`
	Root         string          `json:"root,omitempty"` // the top of the family; empty for a root itself
	Log          []StatusChange  `json:"log"`
	RunnerInfo   *RunnerInfo     `json:"runner_info,omitempty"`
	Notify       json.RawMessage `json:"notify,omitempty"`
	Callback     json.RawMessage `json:"callback,omitempty"`
	Origin       *Origin         `json:"origin,omitempty"` // of an execution a rule asked for
	Reason       string          `json:"reason,omitempty"` // why it stands where it stands, in one sentence
	OutputChunks int             `json:"output_chunks,omitempty"`
	OutputCut    int64           `json:"output_cut,omitempty"` // bytes not kept
	Gates        []string        `json:"gates,omitempty"`      // of concurrency policies, in which it holds a slot
	Waits        string          `json:"waits,omitempty"`      // the gate at which it waits for one
}

// RootID returns the id of the top of the execution's family.
func (e *Execution) RootID() string {
	if e.Root != "" {
		return e.Root
	}
	return e.ID
}

// Move records that the execution reached status s at time t.
func (e *Execution) Move(s Status, t Time) {
	e.Status = s
	e.Log = append(e.Log, StatusChange{At: t, Status: s})
	if s.Final() {
		e.End, e.Hand = t, ""
	}
}

// FullContext is the context as people see it: with the rule and the event an execution
// comes from, which its origin tells and the record does not repeat.
func (e *Execution) FullContext() Context {
	c := e.Context
	if o := e.Origin; o != nil {
		_, name, _ := SplitRef(o.Rule.Ref)
		c.Rule = &NamedRef{ID: o.Rule.ID, Name: &name}
		c.TriggerInstance = &NamedRef{ID: o.TriggerInstance}
	}
	return c
}

// Hand says who moves a live execution on. There is always one, so nothing is ever stuck.
type Hand string

const (
	InQueue    Hand = "queue"    // a queue entry
	InLease    Hand = "lease"    // a worker's lease
	InChildren Hand = "children" // its children
	InAnswer   Hand = "answer"   // somebody's answer; a deadline is queued, unless there is none
	InSweep    Hand = "sweeper"
)

// StatusChange is a line of an execution's log.
type StatusChange struct {
	At     Time   `json:"t"`
	Status Status `json:"s"`
}

// StoredResult tells of a result kept in chunks beside its execution.
type StoredResult struct {
	Size   int64  `json:"size"` // bytes of JSON
	Chunks int    `json:"chunks"`
	SHA256 string `json:"sha256"`
}

// RunnerInfo tells where an execution runs, well enough to find and end its processes
// after the server that started them is gone.
type RunnerInfo struct {
	Hostname  string `json:"hostname"`
	PID       int    `json:"pid"`                 // of the server
	Group     int    `json:"pgid,omitempty"`      // process group and session of the action, once it runs a while
	StartTick int64  `json:"starttick,omitempty"` // of the group's leader, from /proc/PID/stat
	Boot      string `json:"boot,omitempty"`      // id of the machine's boot
}

// Origin names the rule and the event an execution comes from.
type Origin struct {
	Rule            ObjectRef `json:"rule"`
	RuleDigest      string    `json:"rule_digest"`
	Trigger         string    `json:"trigger"`      // ref
	TriggerType     string    `json:"trigger_type"` // ref
	TriggerInstance string    `json:"trigger_instance"`
}

// Context is what surrounds an execution: who, from where, on whose behalf.
// st2: rest-api reference, execution context.
type Context struct {
	User            string                     `json:"user,omitempty"`
	Pack            string                     `json:"pack,omitempty"`
	APIUser         string                     `json:"api_user,omitempty"`
	SourceChannel   string                     `json:"source_channel,omitempty"`
	Trace           *TraceContext              `json:"trace_context,omitempty"`
	Parent          *ParentContext             `json:"parent,omitempty"`
	Rule            *NamedRef                  `json:"rule,omitempty"`
	TriggerInstance *NamedRef                  `json:"trigger_instance,omitempty"`
	ReRun           *ReRun                     `json:"re-run,omitempty"`
	CancelledBy     string                     `json:"cancelled_by,omitempty"`
	PausedBy        string                     `json:"paused_by,omitempty"`
	ResumedBy       string                     `json:"resumed_by,omitempty"`
	Task            *TaskContext               `json:"orquesta,omitempty"`
	Policies        *PolicyContext             `json:"policies,omitempty"`
	Extra           map[string]json.RawMessage `json:"extra,omitempty"` // keys a caller added
}

// NamedRef is an id with the name StackStorm shows beside it.
type NamedRef struct {
	ID   string  `json:"id"`
	Name *string `json:"name"`
}

// TraceContext ties executions and events of one story together.
type TraceContext struct {
	ID  string `json:"id_,omitempty"`
	Tag string `json:"trace_tag,omitempty"`
}

// TaskContext names the task of a workflow an execution carries out. Route, Number and
// Attempt tell visits of one task apart; Item is its place in a with-items list.
// st2: execution reference, context of workflow children.
type TaskContext struct {
	Workflow string `json:"workflow_execution_id"`
	TaskID   string `json:"task_execution_id"`
	Name     string `json:"task_name"`
	Route    int    `json:"task_route"`
	Number   int    `json:"task_number"` // in the order in which the workflow's tasks began
	Attempt  int    `json:"attempt,omitempty"`
	Item     *int   `json:"item_id,omitempty"`
}

// ParentContext names the workflow an execution is a part of.
type ParentContext struct {
	Execution string `json:"execution_id"`
	User      string `json:"user,omitempty"`
	Pack      string `json:"pack,omitempty"`
}

// ReRun names the execution this one repeats.
type ReRun struct {
	Ref   string   `json:"ref"`
	Tasks []string `json:"tasks,omitempty"`
	Reset []string `json:"reset,omitempty"`
	// Failed says that a part of a workflow goes on where it failed, without named tasks.
	Failed bool `json:"failed,omitempty"`
}

// Continues reports whether the run goes on where the other ended, instead of beginning anew.
func (r *ReRun) Continues() bool { return len(r.Tasks) > 0 || r.Failed }

// MaxDelay is the longest that an execution may be put off: ten years. Beyond some hundred,
// nanoseconds could not say when.
const MaxDelay = 10 * 365 * 24 * time.Hour

// Request asks for an execution. Identity travels here, never in a context.Context.
type Request struct {
	ID         string // set when derived from a cause; else made
	Action     string // ref
	Root       string // of the family it belongs to, for a part of a workflow
	Parameters json.RawMessage
	Cast       bool // Parameters are what templates gave, texts mostly: each becomes what its type says
	User       string
	Roles      []string
	Context    Context
	Delay      int64 // ms, at most MaxDelay
	Notify     json.RawMessage
	Callback   json.RawMessage
	Origin     *Origin
	Trigger    json.RawMessage // the payload, for templates in Parameters; rules only
}
