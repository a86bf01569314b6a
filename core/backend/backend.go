// Package backend states what Petrel asks of a machine that remembers: ordered
// documents, durable queues and an append-only log, changed together by one atomic
// [Backend.Apply]. It knows nothing of executions or rules; package store gives the
// documents their types.
//
// A key is "<collection>/<rest>"; a collection's name has no slash. Implementations:
// local (Pebble, one process) and redis (many). Both pass the suite in backendtest.
//
// Optional interfaces found by type assertion: [Archiver], [Healthy], [Holder].
package backend

import (
	"context"
	"errors"
	"time"
)

// Version numbers the state of a document. One counter serves the whole store, so a
// version never comes back after a delete; each local open and each new Redis primary
// begins a new epoch above all versions before.
type Version uint64

// Mode says when Apply returns.
type Mode int

const (
	// Wait returns when everything the Apply read or wrote is on disk.
	Wait Mode = iota
	// Relaxed returns at once; the changes are on disk no later than those of the next Wait.
	Relaxed
)

// Entry is a document as it was read. A missing one has Version 0 and no Value.
type Entry struct {
	Key     string
	Version Version
	Value   []byte
}

// Range selects documents of one collection in byte order of their keys. From and To
// are key rests (without the collection); From is included and To is not, except that
// in a log From is excluded. Empty means open. Reverse reads from To downwards.
// Limit 0 means all.
type Range struct {
	Collection string
	From, To   string
	Limit      int
	Reverse    bool
	KeysOnly   bool
}

// Item is a piece of queued work. ID deduplicates while an item waits or is leased: a
// repeated Push keeps the first body and the earlier time. Items of one Group (not
// empty) have one holder at a time.
type Item struct {
	Queue string
	ID    string
	Group string
	Body  []byte
	After time.Duration // ready this long after the Apply, by the backend's clock
}

// Delivery is an item leased to this process. Attempt counts from 1 and survives restarts.
type Delivery struct {
	Item
	Attempt int
	Lease   string // names the lease; for implementations only
}

var (
	// ErrConflict says an If or Check did not hold; nothing was written.
	ErrConflict = errors.New("backend: version conflict")
	// ErrLeaseLost says a delivery is no longer ours; nothing was written.
	ErrLeaseLost = errors.New("backend: lease lost")
	// ErrFull says the machine has no room: reads work, writes are refused until there is.
	ErrFull = errors.New("backend: no space left for writes")
	// ErrUnavailable says the machine that remembers cannot be reached, after a bounded
	// number of tries. Whether an Apply was done is not known then.
	ErrUnavailable = errors.New("backend: cannot be reached")
	// ErrClosed says the backend has been closed.
	ErrClosed = errors.New("backend: closed")
)

// Backend is the one fat seam of Petrel, and its budget is spent.
// All methods are safe for concurrent use.
type Backend interface {
	// Get reads documents in one round trip, one Entry per key in the order asked.
	// What it returns may not be durable yet: an answer that rests on a Get alone
	// commits a waited Check first.
	Get(ctx context.Context, keys ...string) ([]Entry, error)

	// Scan reads a range in order. A log is scanned like a collection; its keys are
	// "<log>/<16 hex digits of the version>" and only synced entries are returned,
	// so a reader that goes on after the last key it saw misses nothing.
	Scan(ctx context.Context, r Range) ([]Entry, error)

	// Apply does all ops or none, and returns the version given to every Put.
	// Errors: ErrConflict, ErrLeaseLost, ErrFull, ErrClosed; ErrUnavailable or anything
	// else means the caller cannot know. In Wait mode nil and ErrConflict come only after everything
	// the Apply read or wrote is durable. Two document ops on one key are refused.
	Apply(ctx context.Context, m Mode, ops ...Op) (Version, error)

	// Pull blocks until the queue has ready work or ctx is done, and leases up to max
	// items, oldest ready time first. It takes a Group whole, and only when no one
	// holds it: max never cuts a group.
	Pull(ctx context.Context, queue string, max int) ([]Delivery, error)

	// Beat renews this process's one lease. ErrLeaseLost once means all deliveries
	// are gone and a new lease has begun.
	Beat(ctx context.Context) error

	// Publish wakes the subscribers of topic. Wake-ups are lossy and coalesced.
	Publish(ctx context.Context, topic string) error

	// Subscribe returns a channel that receives once at the start, after each
	// Publish, and after each reconnect. It is closed when ctx is done.
	Subscribe(ctx context.Context, topic string) (<-chan struct{}, error)

	// Close ends the backend after the last commit is durable. Pulls return ErrClosed.
	Close() error
}

// Archiver is implemented by backends that can copy themselves to a directory.
type Archiver interface {
	// Archive writes a consistent copy of everything durable into dir, which must not exist.
	Archive(ctx context.Context, dir string) error
}

// Healthy is implemented by backends that can be away while the process runs.
type Healthy interface {
	// Health returns nil while the backend answers and keeps its promises, else what is
	// wrong and what to do.
	Health() error
}

// Holder is implemented by backends that can say what their queues hold.
type Holder interface {
	// Holds reports for each id whether it waits in the queue or is leased to somebody
	// who lives.
	Holds(ctx context.Context, queue string, ids ...string) ([]bool, error)
}
