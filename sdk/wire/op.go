package wire

import "encoding/json"

// Op is one thing the code asks of the host while it works. Name says which; Body is the
// JSON object of the type that the name's comment gives, and the Reply's Body that of the
// type after the arrow.
type Op struct {
	Name OpName          `json:"op"`
	Body json.RawMessage `json:"body,omitempty"`
}

// Reply is the host's answer to an Op: a Body or an Error.
type Reply struct {
	Body  json.RawMessage `json:"body,omitempty"`
	Error *Error          `json:"error,omitempty"`
}

// OpName names an operation of the host.
type OpName string

// What a host does for a pack. Log, Output, Progress, Config, Sleep and Clock are always
// allowed; the keys under a pack's own name and the events of its own trigger types too;
// everything else needs a permission.
const (
	OpLog      OpName = "log"      // Log -> nothing
	OpOutput   OpName = "output"   // Output -> nothing; of an action
	OpProgress OpName = "progress" // Progress -> nothing; of an action
	OpConfig   OpName = "config"   // nothing -> the configuration, an object
	OpKV       OpName = "kv"       // KV -> KVReply
	OpSecret   OpName = "secret"   // Secret -> SecretReply
	OpHTTP     OpName = "http"     // HTTP -> HTTPReply
	OpEmit     OpName = "emit"     // Batch -> nothing; returned when it is stored
	OpTriggers OpName = "triggers" // Triggers -> TriggersReply; of a sensor
	OpRun      OpName = "run"      // Run -> RunReply, when the execution has ended
	OpClock    OpName = "clock"    // nothing -> Clock
	OpSleep    OpName = "sleep"    // Sleep -> nothing
)

// Log is a line for the log: the execution's for an action, the server's for a sensor.
type Log struct {
	Level   string         `json:"level"` // debug, info, warning, error
	Message string         `json:"message"`
	Fields  map[string]any `json:"fields,omitempty"`
}

// Output is text that an action prints.
type Output struct {
	Stream string `json:"stream"` // stdout or stderr
	Text   string `json:"text"`
}

// Progress tells how far an action is.
type Progress struct {
	Fraction float64 `json:"fraction"` // 0 to 1
	Message  string  `json:"message,omitempty"`
}

// KV reads or changes the datastore. A Key is the pack's own (stored as <pack>.<key> in
// the scope system), or starts with "system:" and is the whole name of any other one,
// for which the pack needs a permission.
type KV struct {
	Do     string `json:"do"`  // get, set, delete, list
	Key    string `json:"key"` // of list: a prefix
	Value  string `json:"value,omitempty"`
	TTL    int    `json:"ttl,omitempty"` // seconds; 0: for ever
	Secret bool   `json:"secret,omitempty"`
}

// KVReply answers get with Found and Value, list with Keys (in the form that get takes),
// delete with Found.
type KVReply struct {
	Found bool     `json:"found"`
	Value string   `json:"value,omitempty"`
	Keys  []string `json:"keys,omitempty"`
}

// Secret names a secret of the datastore's scope system.
type Secret struct {
	Name string `json:"name"`
}

// SecretReply carries it in clear.
type SecretReply struct {
	Value string `json:"value"`
}

// HTTP is a request to another machine. Redirects are not followed: who asked sees them.
type HTTP struct {
	Method string              `json:"method"`
	URL    string              `json:"url"`
	Header map[string][]string `json:"header,omitempty"`
	Body   []byte              `json:"body,omitempty"` // base64 in JSON
	// Timeout is of the request with its response, in nanoseconds; 0: the host's own.
	Timeout int64 `json:"timeout,omitempty"`
}

// HTTPReply is the response, whole.
type HTTPReply struct {
	Status int                 `json:"status"`
	Header map[string][]string `json:"header,omitempty"`
	Body   []byte              `json:"body,omitempty"`
}

// Batch is a sensor's events with the cursor that stands behind the last of them. Both are
// stored together. A batch whose cursor is stored already is not stored again.
type Batch struct {
	Events []Event         `json:"events"`
	Cursor json.RawMessage `json:"cursor,omitempty"`
}

// Triggers asks for the current set of a sensor's triggers. With Wait it is answered when
// the set is another than the one of generation Seen.
type Triggers struct {
	Wait bool   `json:"wait,omitempty"`
	Seen uint64 `json:"seen,omitempty"`
}

// TriggersReply is the whole set.
type TriggersReply struct {
	Generation uint64    `json:"generation"`
	Triggers   []Trigger `json:"triggers"`
}

// Run asks for another action to be run and waits for its end.
type Run struct {
	Action string          `json:"action"` // reference
	Params json.RawMessage `json:"params,omitempty"`
}

// RunReply is how the execution ended, whatever its status.
type RunReply struct {
	ID     string          `json:"id"`
	Status string          `json:"status"`
	Result json.RawMessage `json:"result,omitempty"`
}

// Clock is the host's time.
type Clock struct {
	UnixNano int64 `json:"unix_nano"`
}

// Sleep waits, at most until the deadline of the request.
type Sleep struct {
	Nanoseconds int64 `json:"nanoseconds"`
}
