package wire

// Kind is what sort of failure an Error is.
type Kind string

// The kinds of an Error. Anything else counts as Failed.
const (
	Failed    Kind = "failed"    // the code's own failure, and what nothing else fits
	Invalid   Kind = "invalid"   // what was asked does not fit its schema, or is not known
	Denied    Kind = "denied"    // no permission
	NotFound  Kind = "not_found" // what was asked for is not there
	Canceled  Kind = "canceled"  // the host ended the request
	TimedOut  Kind = "timed_out" // its deadline has passed
	TooLarge  Kind = "too_large" // a limit on bytes
	Broken    Kind = "broken"    // the code trapped, exited or answered garbage
	Elsewhere Kind = "elsewhere" // another node runs the sensor by now: it is to end
)

// Error is a failure told over the wire.
type Error struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
	Trace   string `json:"trace,omitempty"` // for the author: a stack, a position
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// KindOf returns the kind of err if it is an *Error, else Failed.
func KindOf(err error) Kind {
	if e, ok := err.(*Error); ok {
		return e.Kind
	}
	return Failed
}
