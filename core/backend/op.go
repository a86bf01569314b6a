package backend

import "time"

// OpKind tells what an [Op] does.
type OpKind int

const (
	OpPut OpKind = iota
	OpDelete
	OpCheck
	OpAdd
	OpAppend
	OpTrim
	OpPush
	OpAck
	OpRetry
	OpHold
)

// Op is one step of an Apply. Make them with the functions below.
type Op struct {
	Kind     OpKind
	Key      string // the document; the log for Append and Trim
	Value    []byte
	N        int64 // Add
	Guarded  bool  // If was given, or the op is a Check
	Version  Version
	Item     Item     // Push
	Delivery Delivery // Ack, Retry, Hold
	After    time.Duration
}

// Put writes a document.
func Put(key string, value []byte) Op { return Op{Kind: OpPut, Key: key, Value: value} }

// Delete removes a document; removing a missing one is no error.
func Delete(key string) Op { return Op{Kind: OpDelete, Key: key} }

// If makes a Put or Delete conditional on the document's version; 0 means it must not exist.
func (o Op) If(v Version) Op {
	o.Guarded, o.Version = true, v
	return o
}

// Check writes nothing and fails the Apply unless the document has version v.
func Check(key string, v Version) Op {
	return Op{Kind: OpCheck, Key: key, Guarded: true, Version: v}
}

// Add adds n to a counter document without ever conflicting. Its value reads as
// decimal text. A missing counter is 0.
func Add(key string, n int64) Op { return Op{Kind: OpAdd, Key: key, N: n} }

// Append adds an entry to the end of a log.
func Append(log string, value []byte) Op { return Op{Kind: OpAppend, Key: log, Value: value} }

// Trim forgets the entries of a log up to and including version v.
func Trim(log string, v Version) Op { return Op{Kind: OpTrim, Key: log, Version: v} }

// Push queues an item.
func Push(i Item) Op { return Op{Kind: OpPush, Item: i} }

// Ack ends a delivery: its item is done and its ID may be pushed again. A Push of the
// same ID in the same Apply takes effect after the Ack.
func Ack(d Delivery) Op { return Op{Kind: OpAck, Delivery: d} }

// Retry gives a delivery back, ready again after the duration; the next Attempt is one higher.
func Retry(d Delivery, after time.Duration) Op {
	return Op{Kind: OpRetry, Delivery: d, After: after}
}

// Hold fails the Apply with ErrLeaseLost unless the delivery is still ours.
func Hold(d Delivery) Op { return Op{Kind: OpHold, Delivery: d} }
