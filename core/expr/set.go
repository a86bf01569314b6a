package expr

import "iter"

// Set is a set of hashable values that remembers insertion order.
type Set struct{ dict Dict }

// NewSet makes a set of the given items; an unhashable one is a TypeError.
func NewSet(items ...Value) (*Set, error) {
	s := &Set{}
	for _, item := range items {
		if err := s.Add(item); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Len is the number of members.
func (s *Set) Len() int { return s.dict.Len() }

// Add puts an item in; TypeError when unhashable, ErrFrozen when shared.
func (s *Set) Add(item Value) error { return s.dict.Set(item, nil) }

// Remove takes an item out and reports whether it was there.
func (s *Set) Remove(item Value) (bool, error) {
	_, ok, err := s.dict.Delete(item)
	return ok, err
}

// Has reports membership; an unhashable item is a TypeError.
func (s *Set) Has(item Value) (bool, error) {
	_, ok, err := s.dict.Lookup(item)
	return ok, err
}

// All yields the members in insertion order.
func (s *Set) All() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for k := range s.dict.All() {
			if !yield(k) {
				return
			}
		}
	}
}

// Items are the members in insertion order.
func (s *Set) Items() []Value { return s.dict.Keys() }

// subset reports whether every member of s is in t.
func (s *Set) subset(t *Set) (bool, error) {
	for item := range s.All() {
		if ok, err := t.Has(item); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}
