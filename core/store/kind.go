package store

import (
	"fmt"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// kind describes one collection: how its documents are named and found.
type kind[T any] struct {
	name    string
	key     func(*T) string
	at      func(*T) core.Time // orders lists; nil for small collections ordered by key
	indexes []index[T]
	note    func(v *T, created bool) []byte // its line in the change log; nil for none
	copy    func(*T) *T                     // for kinds that are read soon after they are written; nil for others

	defined   bool // each state is kept under its digest, for executions that ran with it
	catalogue bool // part of the catalogue: a change of it touches the catalogue
}

// index is a way to find documents by a value. A document for which value reports
// false is not in it.
type index[T any] struct {
	name    string
	value   func(*T) (string, bool)
	counted bool // how many documents have each value is known without counting
}

// all is the index every timed collection has: everything, by (start, id).
const all = "all"

func (k *kind[T]) doc(id string) string { return k.name + "/" + id }

func (k *kind[T]) collection(index string) string { return k.name + "." + index }

// place is where a document stands in an index.
type place struct {
	index   string
	value   string
	suffix  string // start and id
	counted bool
}

func (p place) key(kind string) string {
	return kind + "." + p.index + "/" + p.value + "\x00" + p.suffix
}

func countKey(kind, index, value string) string {
	return "count/" + kind + "." + index + "\x00" + value
}

// places lists where v stands in the indexes of its kind.
func (k *kind[T]) places(v *T) []place {
	suffix := k.suffix(v)
	ps := make([]place, 0, len(k.indexes)+1)
	if k.at != nil {
		ps = append(ps, place{index: all, suffix: suffix, counted: true})
	}
	for i := range k.indexes {
		x := &k.indexes[i]
		if value, ok := x.value(v); ok {
			ps = append(ps, place{index: x.name, value: value, suffix: suffix, counted: x.counted})
		}
	}
	return ps
}

func (k *kind[T]) suffix(v *T) string {
	if k.at == nil {
		return k.key(v)
	}
	return stamp(k.at(v)) + k.key(v)
}

func (k *kind[T]) index(name string) (*index[T], bool) {
	for i := range k.indexes {
		if k.indexes[i].name == name {
			return &k.indexes[i], true
		}
	}
	return nil, false
}

// decode makes a document of its JSON, or copies it if it is at hand as it was at that version.
func (k *kind[T]) decode(s *Store, key string, at Version, raw []byte) (*T, error) {
	if k.copy != nil {
		if v, ok := s.decoded.get(key, at).(*T); ok {
			return k.copy(v), nil
		}
	}
	return decode[T](k.name, key, raw)
}

const stampLen = 14

// stamp writes a time so that byte order is time order: 14 hex digits of microseconds.
func stamp(t core.Time) string { return fmt.Sprintf("%014x", max(int64(t), 0)) }

// idOf takes the document's key out of an index entry's key.
func (k *kind[T]) idOf(indexKey string) string {
	_, suffix, _ := strings.Cut(indexKey, "\x00")
	if k.at != nil {
		return suffix[stampLen:]
	}
	return suffix
}
