package store

import (
	"encoding/json"

	"github.com/petrelhq/petrel/core"
)

// Receipt remembers the answer given to a delivery the sender numbered, so that the
// same delivery again gets the same answer and raises nothing.
type Receipt struct {
	ID        string          `json:"id"` // derived from webhook and delivery number
	At        core.Time       `json:"at"`
	Answer    json.RawMessage `json:"answer"`
	Instances []string        `json:"instances"`
}
