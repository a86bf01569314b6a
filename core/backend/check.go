package backend

import (
	"strings"

	"github.com/petrelhq/petrel/core"
)

// CheckOps refuses ops that no state of a store could accept, and reports whether the
// others write anything. Implementations begin every Apply with it. Error kind: Invalid.
func CheckOps(ops []Op) (writes bool, err error) {
	for i := range ops {
		if err := checkOp(&ops[i]); err != nil {
			return false, err
		}
		writes = writes || (ops[i].Kind != OpCheck && ops[i].Kind != OpHold)
	}
	return writes, checkTwice(ops)
}

func checkOp(op *Op) error {
	switch op.Kind {
	case OpPut, OpDelete, OpCheck, OpAdd:
		if Collection(op.Key) == "" {
			return core.FieldErrorf("key", `store: key %q must be "<collection>/<rest>"`, op.Key)
		}
	case OpAppend, OpTrim:
		return CheckCollection(op.Key)
	case OpPush:
		return checkItem(op.Item.Queue, op.Item.ID)
	case OpAck, OpRetry, OpHold:
	default:
		return core.Errorf(core.Invalid, "store: unknown op kind %d", op.Kind)
	}
	return nil
}

// CheckCollection refuses what is no name of a collection or log. Error kind: Invalid.
func CheckCollection(name string) error {
	if name == "" || strings.Contains(name, "/") {
		return core.FieldErrorf("collection", "store: collection %q must have a name without a slash", name)
	}
	return nil
}

// CheckPull refuses Pulls that no queue could answer. Error kind: Invalid.
func CheckPull(queue string, limit int) error {
	if limit < 1 {
		return core.FieldErrorf("max", "store: Pull of at most %d items; ask for one or more", limit)
	}
	return checkItem(queue, "any")
}

func checkItem(queue, id string) error {
	if queue == "" || id == "" || strings.Contains(queue, "\x00") {
		return core.FieldErrorf("item", "store: item %q of queue %q must have an ID and a queue without a zero byte", id, queue)
	}
	return nil
}

// Collection returns the part of key before its first slash, "" if there is none.
func Collection(key string) string {
	c, _, ok := strings.Cut(key, "/")
	if !ok {
		return ""
	}
	return c
}

// A target is what an op may not share with another of the same Apply: a document, or
// the end of a delivery.
type target struct {
	delivery bool
	a, b     string // the key; the queue and the item's ID
}

func targetOf(op *Op) (t target, ok bool) {
	switch op.Kind {
	case OpPut, OpDelete, OpCheck, OpAdd:
		return target{a: op.Key}, true
	case OpAck, OpRetry:
		return target{true, op.Delivery.Queue, op.Delivery.ID}, true
	}
	return t, false
}

// checkTwice refuses two document ops on one key and two ends of one delivery. Equal
// Checks are one.
func checkTwice(ops []Op) error {
	if len(ops) < 2 {
		return nil
	}
	seen := make(map[target]*Op, len(ops))
	for i := range ops {
		op := &ops[i]
		t, ok := targetOf(op)
		if !ok {
			continue
		}
		if first, twice := seen[t]; twice && !equalChecks(first, op) {
			return t.twice()
		}
		seen[t] = op
	}
	return nil
}

func equalChecks(a, b *Op) bool {
	return a.Kind == OpCheck && b.Kind == OpCheck && a.Version == b.Version
}

func (t target) twice() error {
	if t.delivery {
		return core.FieldErrorf("delivery", "store: item %q of queue %q is ended twice in one Apply; Ack or Retry it once", t.b, t.a)
	}
	return core.FieldErrorf("key", "store: two ops on document %q in one Apply; merge them into one", t.a)
}
