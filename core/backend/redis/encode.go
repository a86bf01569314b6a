package redis

import (
	"strconv"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// header is how many arguments of apply.lua come before the ops.
const header = 5

// encoder writes ops as apply.lua reads them: a letter, then as many arguments as the
// letter has.
type encoder struct {
	logs  knownLogs
	begun map[string]bool // logs that this Apply begins
	out   []any
	need  int // versions
	write bool
}

// all writes the ends of deliveries first, so that a Push of an acked ID starts anew
// wherever it stands among the ops.
func (e *encoder) all(ops []backend.Op) error {
	e.out = make([]any, header, header+6*len(ops))
	for i := range ops {
		e.delivery(&ops[i])
	}
	for i := range ops {
		if ops[i].Kind == backend.OpAppend {
			e.newLog(ops[i].Key)
		}
	}
	for i := range ops {
		if err := e.one(&ops[i]); err != nil {
			return err
		}
	}
	if e.write {
		e.need = max(e.need, 1)
	}
	return nil
}

func (e *encoder) args(lease int64, s *slot) []any {
	e.out[0], e.out[1], e.out[2] = lease, s.name, s.number
	e.out[3], e.out[4] = e.logs.generation, e.need
	return e.out
}

func (e *encoder) add(args ...any) {
	e.out = append(e.out, args...)
	e.write = true
}

func (e *encoder) delivery(op *backend.Op) {
	d := &op.Delivery
	t, _ := parseTicket(d.Lease)
	switch op.Kind {
	case backend.OpAck:
		e.add("K", d.Queue, d.ID, t.lease, t.place, t.attempt)
	case backend.OpRetry:
		e.add("R", d.Queue, d.ID, t.lease, t.place, t.attempt, max(op.After.Microseconds(), 0))
	case backend.OpHold:
		e.out = append(e.out, "H", d.Queue, d.ID, t.lease, t.place, t.attempt)
	}
}

// newLog announces a log that nobody has appended to, as far as we know.
func (e *encoder) newLog(name string) {
	if e.logs.names[name] || e.begun[name] {
		return
	}
	if e.begun == nil {
		e.begun = map[string]bool{}
	}
	e.begun[name] = true
	e.add("N", name)
}

func (e *encoder) one(op *backend.Op) error {
	switch op.Kind {
	case backend.OpPut, backend.OpDelete, backend.OpCheck, backend.OpAdd:
		return e.document(op)
	case backend.OpAppend:
		e.need++
		e.add("L", op.Key, op.Value)
	case backend.OpTrim:
		if e.logs.names[op.Key] {
			e.add("T", op.Key, min(uint64(op.Version), maxVersion-1)+1)
		}
	case backend.OpPush:
		e.need++
		i := &op.Item
		e.add("Q", i.Queue, i.ID, escape(i.Group), max(i.After.Microseconds(), 0), i.Body)
	}
	return nil
}

func (e *encoder) document(op *backend.Op) error {
	c, name := split(op.Key)
	if op.Kind != backend.OpCheck && (e.logs.names[c] || e.begun[c]) {
		return core.FieldErrorf("key", "store: %q is a log and %q would be a document in it; use another collection", c, op.Key)
	}
	switch op.Kind {
	case backend.OpPut:
		e.add("P", c, name, guard(op), op.Value)
	case backend.OpDelete:
		e.add("D", c, name, guard(op))
	case backend.OpCheck:
		e.out = append(e.out, "C", c, name, guard(op))
	case backend.OpAdd:
		e.add("A", c, name, op.N)
	}
	return nil
}

// guard writes the version an op asks for; "" if none, -1 if no document can have it.
func guard(op *backend.Op) string {
	switch {
	case !op.Guarded:
		return ""
	case op.Version > maxVersion:
		return "-1"
	}
	return strconv.FormatUint(uint64(op.Version), 10)
}

// explain says which op a refusal is about.
func (e *encoder) explain(answer int64, err error) error {
	if answer > sayRefused {
		return err
	}
	at := int(sayRefused-answer) - 1 // Lua counts from 1
	name := e.out[at+1]
	if e.out[at] == "N" {
		return core.FieldErrorf("collection", "store: %q holds documents and cannot be a log as well; append to another name", name)
	}
	return core.FieldErrorf("key", `store: Add needs a counter, and document "%s/%s" is none; Put or Delete it first`, name, unescape(e.out[at+2].(string)))
}
