package expr

import "iter"

// Dict is a mapping in insertion order with Python's key equality: 1, 1.0 and True are one key.
type Dict struct {
	entries []entry
	index   map[any]int // position by comparable key; nil while the dict is small
	dead    int
	frozen  bool
	base    *Dict // what lies below, for one made by With
	fresh   int   // own entries that the base does not have
}

type entry struct {
	hash any // comparable form of key
	key  Value
	val  Value
	dead bool
}

// smallDict is the size up to which a scan is cheaper than a map.
const smallDict = 8

// NewDict makes an empty dict.
func NewDict() *Dict { return &Dict{} }

// DictOf makes a dict of alternating string keys and values; for literals in Go code.
func DictOf(pairs ...Value) *Dict {
	d := NewDict()
	for i := 0; i+1 < len(pairs); i += 2 {
		d.put(pairs[i].(string), pairs[i], pairs[i+1])
	}
	return d
}

// Len is the number of keys.
func (d *Dict) Len() int {
	if d.base != nil {
		return d.base.Len() + d.fresh
	}
	return len(d.entries) - d.dead
}

// Get finds the value of a string key.
func (d *Dict) Get(name string) (Value, bool) {
	if e := d.lookup(name); e != nil {
		return e.val, true
	}
	return nil, false
}

// Lookup finds the value of any key; an unhashable key is a TypeError.
func (d *Dict) Lookup(key Value) (Value, bool, error) {
	h, err := hashKey(key)
	if err != nil {
		return nil, false, err
	}
	if e := d.lookup(h); e != nil {
		return e.val, true, nil
	}
	return nil, false, nil
}

// Set stores a value; an existing key keeps its place. ErrFrozen or TypeError (unhashable).
func (d *Dict) Set(key, val Value) error {
	if d.frozen {
		return ErrFrozen
	}
	h, err := hashKey(key)
	if err != nil {
		return err
	}
	d.put(h, key, val)
	return nil
}

// Delete removes a key and returns its value.
func (d *Dict) Delete(key Value) (Value, bool, error) {
	if d.frozen {
		return nil, false, ErrFrozen
	}
	h, err := hashKey(key)
	if err != nil {
		return nil, false, err
	}
	i := d.find(h)
	if i < 0 {
		return nil, false, nil
	}
	val := d.entries[i].val
	d.entries[i] = entry{dead: true}
	d.dead++
	delete(d.index, h)
	if d.dead > smallDict && d.dead > len(d.entries)/2 {
		d.compact()
	}
	return val, true, nil
}

// Clear removes all keys.
func (d *Dict) Clear() error {
	if d.frozen {
		return ErrFrozen
	}
	d.entries, d.index, d.dead = nil, nil, 0
	return nil
}

// Mutable is nil when the dict may be changed in place, else ErrFrozen.
func (d *Dict) Mutable() error {
	if d.frozen {
		return ErrFrozen
	}
	return nil
}

// All yields keys and values in insertion order.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if d.base != nil {
			d = d.flat()
		}
		for i := 0; i < len(d.entries); i++ {
			if e := d.entries[i]; !e.dead && !yield(e.key, e.val) {
				return
			}
		}
	}
}

// Keys are the keys in insertion order.
func (d *Dict) Keys() []Value {
	keys := make([]Value, 0, d.Len())
	for k := range d.All() {
		keys = append(keys, k)
	}
	return keys
}

// Copy is a shallow, mutable copy.
func (d *Dict) Copy(b *Budget) (*Dict, error) {
	if err := b.GrowEntries(d.Len()); err != nil {
		return nil, err
	}
	if d.base != nil {
		c := d.flat()
		c.frozen = false
		return c, nil
	}
	c := &Dict{entries: make([]entry, 0, d.Len())}
	for _, e := range d.entries {
		if !e.dead {
			c.insert(e)
		}
	}
	return c, nil
}

func (d *Dict) find(h any) int {
	if d.index != nil {
		if i, ok := d.index[h]; ok {
			return i
		}
		return -1
	}
	if s, ok := h.(string); ok {
		return d.findText(s)
	}
	for i := range d.entries {
		if d.entries[i].hash == h && !d.entries[i].dead {
			return i
		}
	}
	return -1
}

func (d *Dict) findText(s string) int {
	for i := range d.entries {
		if k, ok := d.entries[i].hash.(string); ok && k == s {
			return i
		}
	}
	return -1
}

func (d *Dict) put(h any, key, val Value) {
	if i := d.find(h); i >= 0 {
		d.entries[i].val = val
		return
	}
	d.insert(entry{hash: h, key: key, val: val})
}

func (d *Dict) insert(e entry) {
	d.entries = append(d.entries, e)
	if d.index != nil {
		d.index[e.hash] = len(d.entries) - 1
	} else if len(d.entries) > smallDict {
		d.reindex()
	}
}

func (d *Dict) reindex() {
	d.index = make(map[any]int, len(d.entries))
	for i, e := range d.entries {
		if !e.dead {
			d.index[e.hash] = i
		}
	}
}

func (d *Dict) compact() {
	live := make([]entry, 0, d.Len())
	for _, e := range d.entries {
		if !e.dead {
			live = append(live, e)
		}
	}
	d.entries, d.dead = live, 0
	d.reindex()
}

func (d *Dict) freeze() {
	if d.frozen {
		return
	}
	d.frozen = true
	for _, e := range d.entries {
		Freeze(e.val)
	}
}
