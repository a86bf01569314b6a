package store

import "github.com/petrelhq/petrel/core"

// Cursor is how far a source has come: what it gave with the last batch that was stored.
type Cursor struct {
	Source string    `json:"source"` // ref of the sensor
	Value  []byte    `json:"value"`
	At     core.Time `json:"at"`
}
