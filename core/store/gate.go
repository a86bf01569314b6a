package store

import "github.com/petrelhq/petrel/core"

// Gate lets so many executions of an action through at a time as a policy says: one gate
// for a policy, or one for each set of values its attributes have. Every change of who is
// inside or waits changes its version.
type Gate struct {
	Key     string   `json:"key"`
	Policy  string   `json:"policy"`            // ref
	Slots   int      `json:"slots"`             // how many there were when it was last entered
	Inside  []string `json:"inside"`            // executions that hold a slot
	Waiting int      `json:"waiting,omitempty"` // how many Waiters there are
}

// Waiter is an execution that waits at a gate; those that began first go in first.
type Waiter struct {
	Execution string    `json:"execution"`
	Gate      string    `json:"gate"`
	Start     core.Time `json:"start"`
	// Behind are the gates at which nobody moves up before this execution has ended: those
	// that it and its ancestors are in.
	Behind []string `json:"behind,omitempty"`
}

// Entanglement tells which gates wait for which: Edges[a][b] counts the executions that
// wait at b with a behind them. There is one such record, and whoever waits with a gate
// behind it changes it. So no two can wait for each other without one of them noticing.
type Entanglement struct {
	Edges map[string]map[string]int `json:"edges"`
}

// TheEntanglement is the key of the one record.
const TheEntanglement = "all"
