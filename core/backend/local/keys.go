package local

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/petrelhq/petrel/core"
)

// Every Pebble key begins with one byte that says what it is:
//
//	d<collection>/<rest>    a document or a log's entry: version (8 bytes), value
//	q<queue>\x00<id>        a queued item as it was pushed, see item
//	s<queue>\x00<id>        what has happened to it since, see state
//	m...                    about the store itself: epoch, names of logs
const (
	docPrefix   = 'd'
	itemPrefix  = 'q'
	statePrefix = 's'

	metaEpoch = "m/epoch"
	metaLogs  = "m/log/"
)

// setDoc adds a document to a batch without building its key and value elsewhere first.
func setDoc(b *pebble.Batch, key string, version uint64, value []byte) error {
	op := b.SetDeferred(1+len(key), 8+len(value))
	op.Key[0] = docPrefix
	copy(op.Key[1:], key)
	binary.BigEndian.PutUint64(op.Value, version)
	copy(op.Value[8:], value)
	return op.Finish()
}

func deleteDoc(b *pebble.Batch, key string) error {
	op := b.DeleteDeferred(1 + len(key))
	op.Key[0] = docPrefix
	copy(op.Key[1:], key)
	return op.Finish()
}

func docKey(key string) []byte { return append([]byte{docPrefix}, key...) }

// splitDoc takes a stored document apart; value is not copied.
func splitDoc(key string, stored []byte) (version uint64, value []byte, err error) {
	if len(stored) < 8 {
		return 0, nil, damaged("document", key)
	}
	return binary.BigEndian.Uint64(stored), stored[8:], nil
}

func damaged(what, key string) error {
	return core.Errorf(core.Internal, "store: the stored %s %q is damaged", what, key)
}

const hexDigits = 16

// logRest is the rest of a log entry's key: 16 hex digits, so bytes sort as numbers do.
func logRest(v uint64) string {
	h := strconv.FormatUint(v, 16)
	return "0000000000000000"[:hexDigits-len(h)] + h
}

func encodeNumber(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// getNumber reads a number about the store itself, 0 if it was never written.
func (s *Store) getNumber(key string) (uint64, error) {
	v, c, err := s.db.Get([]byte(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if len(v) != 8 {
		return 0, damaged("number", key)
	}
	return binary.BigEndian.Uint64(v), nil
}

// prefixEnd returns the first key after all that begin with prefix, whose last byte is
// never 0xff here.
func prefixEnd(prefix string) []byte {
	end := []byte(prefix)
	end[len(end)-1]++
	return end
}

// An item is what a Push wrote; it never changes.
type item struct {
	seq   uint64 // the Push's place in the order of all Pushes
	ready int64  // Unix nanoseconds
	group string
	body  []byte
}

func (i item) encode() []byte {
	b := make([]byte, 0, 26+len(i.group)+len(i.body))
	b = binary.BigEndian.AppendUint64(b, i.seq)
	b = binary.BigEndian.AppendUint64(b, uint64(i.ready))
	b = binary.AppendUvarint(b, uint64(len(i.group)))
	b = append(b, i.group...)
	return append(b, i.body...)
}

// decodeItem takes a stored item apart; its body is not copied.
func decodeItem(b []byte) (i item, ok bool) {
	if len(b) < 17 {
		return i, false
	}
	i.seq = binary.BigEndian.Uint64(b)
	i.ready = int64(binary.BigEndian.Uint64(b[8:]))
	n, w := binary.Uvarint(b[16:])
	rest := b[16+max(w, 0):]
	if w <= 0 || n > uint64(len(rest)) {
		return i, false
	}
	i.group, i.body = string(rest[:n]), rest[n:]
	return i, true
}

// A state overrides an item's ready time and counts its deliveries. It is apart from
// the item so that a delivery does not write the body again.
type state struct {
	ready   int64
	attempt uint32
}

func (s state) encode() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 12), uint64(s.ready))
	return binary.BigEndian.AppendUint32(b, s.attempt)
}

func decodeState(b []byte) (state, bool) {
	if len(b) != 12 {
		return state{}, false
	}
	return state{int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint32(b[8:])}, true
}

// queueKey is the key of an item or a state.
func queueKey(prefix byte, queue, id string) []byte {
	k := make([]byte, 0, 2+len(queue)+len(id))
	k = append(k, prefix)
	k = append(k, queue...)
	k = append(k, 0)
	return append(k, id...)
}

// splitQueueKey is the inverse of queueKey without its prefix.
func splitQueueKey(k []byte) (queue, id string, ok bool) {
	return strings.Cut(string(k[1:]), "\x00")
}

// A lease is a number in the store and hex in a Delivery.
func leaseText(n uint64) string { return strconv.FormatUint(n, 16) }

func leaseNumber(text string) uint64 {
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0 // no lease has this number
	}
	return n
}
