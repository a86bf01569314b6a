// Package wire is what a host and a pack's code say to each other, whatever carries it: a
// WASM module, a subprocess, or a function call in a test.
//
// The host asks with a [Request] and gets a [Response]. While it works, the code asks the
// host with an [Op] and gets a [Reply]. All are JSON objects in UTF-8; unknown members are
// ignored, so that either side may be the newer one. A change that an older side could
// misread raises [Version].
package wire

import (
	"encoding/json"
	"time"
)

// Version is of everything in this package. A host speaks to packs of exactly the versions
// it knows, and refuses others with a message that names both.
const Version = 1

// Method is what a host asks for.
type Method string

// The methods of a Request.
const (
	Describe Method = "describe" // the Pack; nothing else is set
	Invoke   Method = "call"     // one action
	Observe  Method = "watch"    // one turn of a sensor
)

// Request is what the host asks of a pack's code.
type Request struct {
	Version int    `json:"version"`
	Method  Method `json:"method"`
	Call    *Call  `json:"call,omitempty"`
	Watch   *Watch `json:"watch,omitempty"`
}

// Response is its answer: Error, or what fits the method. A watch answers with neither.
type Response struct {
	Pack   *Pack   `json:"pack,omitempty"`
	Result *Result `json:"result,omitempty"`
	Error  *Error  `json:"error,omitempty"`
}

// Pack is what the code brings, in the words of its metadata files.
type Pack struct {
	Version  int             `json:"version"` // of the wire
	Name     string          `json:"name"`
	SDK      string          `json:"sdk,omitempty"` // such as "go 1.0.0"
	Actions  []Action        `json:"actions,omitempty"`
	Triggers []TriggerType   `json:"triggers,omitempty"`
	Sensors  []Sensor        `json:"sensors,omitempty"`
	Config   json.RawMessage `json:"config,omitempty"` // properties: name -> schema, as in config.schema.yaml
}

// Action describes an action. Parameters and Output map names to JSON Schemas as an
// action's metadata file has them, with required, secret, position and immutable beside
// the standard words. Parameters keep the order they stand in.
type Action struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
	Output      json.RawMessage `json:"output,omitempty"`
	Idempotent  bool            `json:"idempotent,omitempty"` // may be run again after a crash
}

// TriggerType describes what a sensor raises, by JSON Schemas of objects.
type TriggerType struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Payload     json.RawMessage `json:"payload,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"` // what rules may ask for
}

// Sensor describes a sensor. One with an Interval is polled: each watch is one look that
// soon returns, and the host waits Interval seconds between looks. One without is passive:
// a watch lasts until the host ends it.
type Sensor struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Triggers    []string `json:"triggers"`           // names of this pack's trigger types
	Interval    float64  `json:"interval,omitempty"` // seconds
}

// Call is one action to carry out. Params hold every parameter, cast and with defaults.
type Call struct {
	ID       string          `json:"id"`     // of the execution
	Action   string          `json:"action"` // its name, without the pack
	Pack     string          `json:"pack"`
	Params   json.RawMessage `json:"params"` // an object
	Config   json.RawMessage `json:"config"` // the pack's configuration, an object
	User     string          `json:"user"`   // on whose behalf
	Deadline time.Time       `json:"deadline,omitzero"`
}

// Result is how an action ended: done with a Value, or failed with an Error (and a Value
// if it has something to show).
type Result struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error *Error          `json:"error,omitempty"`
}

// Watch is one turn of a sensor, which delivers through [Op] emit. The Cursor is that of
// the last batch the host has stored, null at first.
type Watch struct {
	Sensor   string          `json:"sensor"`
	Pack     string          `json:"pack"`
	Cursor   json.RawMessage `json:"cursor,omitempty"` // any JSON value of the sensor's own
	Triggers []Trigger       `json:"triggers"`
	Config   json.RawMessage `json:"config"`
	Deadline time.Time       `json:"deadline,omitzero"` // of this turn
}

// Trigger is something rules wait for: a trigger type with parameters.
type Trigger struct {
	Ref        string          `json:"ref"`  // pack.name
	Type       string          `json:"type"` // pack.name
	Parameters json.RawMessage `json:"parameters,omitempty"`
}

// Event is something that happened. Trigger is a reference (pack.name) or the name of a
// trigger type of the same pack.
type Event struct {
	Trigger  string          `json:"trigger"`
	Payload  json.RawMessage `json:"payload"`
	TraceTag string          `json:"trace_tag,omitempty"`
}
