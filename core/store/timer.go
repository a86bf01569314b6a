package store

import "github.com/petrelhq/petrel/core"

// Timer is how far a timer has come. It lives and dies with its trigger.
type Timer struct {
	ID      string    `json:"id"`                // of the trigger
	Anchor  core.Time `json:"anchor"`            // when it was made
	Settled core.Time `json:"settled,omitempty"` // up to here its times have fired or been passed over
	Fired   core.Time `json:"fired,omitempty"`   // the last time that fired
	Missed  int64     `json:"missed,omitempty"`  // times that were passed over
}

// Last returns the time up to which all is dealt with.
func (t *Timer) Last() core.Time { return max(t.Anchor, t.Settled) }
