package local

import (
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// checkOps refuses ops that no state of the store could accept, and reports whether
// the others write anything.
func checkOps(ops []backend.Op) (writes bool, err error) {
	for i := range ops {
		if err := checkOp(&ops[i]); err != nil {
			return false, err
		}
		writes = writes || (ops[i].Kind != backend.OpCheck && ops[i].Kind != backend.OpHold)
	}
	return writes, checkTwice(ops)
}

func checkOp(op *backend.Op) error {
	switch op.Kind {
	case backend.OpPut, backend.OpDelete, backend.OpCheck, backend.OpAdd:
		if collection(op.Key) == "" {
			return core.FieldErrorf("key", `store: key %q must be "<collection>/<rest>"`, op.Key)
		}
	case backend.OpAppend, backend.OpTrim:
		return checkCollection(op.Key)
	case backend.OpPush:
		return checkItem(op.Item.Queue, op.Item.ID)
	case backend.OpAck, backend.OpRetry, backend.OpHold:
	default:
		return core.Errorf(core.Invalid, "store: unknown op kind %d", op.Kind)
	}
	return nil
}

func checkCollection(name string) error {
	if name == "" || strings.Contains(name, "/") {
		return core.FieldErrorf("collection", "store: collection %q must have a name without a slash", name)
	}
	return nil
}

func checkItem(queue, id string) error {
	if queue == "" || id == "" || strings.Contains(queue, "\x00") {
		return core.FieldErrorf("item", "store: item %q of queue %q must have an ID and a queue without a zero byte", id, queue)
	}
	return nil
}

// subject names what an op may not share with another of the same Apply: a document,
// or the end of a delivery.
func subject(op *backend.Op) (kind byte, a, b string) {
	switch op.Kind {
	case backend.OpPut, backend.OpDelete, backend.OpCheck, backend.OpAdd:
		return docPrefix, op.Key, ""
	case backend.OpAck, backend.OpRetry:
		return itemPrefix, op.Delivery.Queue, op.Delivery.ID
	}
	return 0, "", ""
}

// checkTwice refuses two document ops on one key and two ends of one delivery. Equal
// Checks are one.
func checkTwice(ops []backend.Op) error {
	if len(ops) < 2 {
		return nil
	}
	type name struct {
		kind byte
		a, b string
	}
	seen := make(map[name]*backend.Op, len(ops))
	for i := range ops {
		op := &ops[i]
		n := name{}
		if n.kind, n.a, n.b = subject(op); n.kind == 0 {
			continue
		}
		first, twice := seen[n]
		if twice && !equalChecks(first, op) {
			return twiceError(n.kind, n.a, n.b)
		}
		seen[n] = op
	}
	return nil
}

func equalChecks(a, b *backend.Op) bool {
	return a.Kind == backend.OpCheck && b.Kind == backend.OpCheck && a.Version == b.Version
}

func twiceError(kind byte, a, b string) error {
	if kind == docPrefix {
		return core.FieldErrorf("key", "store: two ops on document %q in one Apply; merge them into one", a)
	}
	return core.FieldErrorf("delivery", "store: item %q of queue %q is ended twice in one Apply; Ack or Retry it once", b, a)
}
