// Package expr holds what the expression languages share: one value model with
// Python's meaning, budgets, errors, and the finding of expressions inside any value.
//
// A Value is a Go value of exactly one of these dynamic types:
//
//	nil          None
//	bool         True, False
//	int64        an int that fits
//	*big.Int     an int beyond int64 (never one that fits: see Int)
//	float64      a float
//	string       a str (UTF-8)
//	Markup       a str that is marked as safe HTML
//	*List        a list: mutable, reference semantics
//	Tuple        a tuple
//	*Dict        a dict in insertion order
//	*Set         a set in insertion order
//	*Undefined   a name or member that was not there
//	Object       everything else: functions, ranges, views, lazy lookups
//
// Containers that come from outside (FromJSON, FromGo, Freeze) are frozen: they may be
// shared between goroutines. Evaluators work on frozen data and copy only when a
// template really changes something (see ErrFrozen).
//
// Functions that can run long take a *Budget; a nil Budget sets no limit but nesting.
package expr

import (
	"math/big"
	"slices"
	"unicode/utf8"
)

// Value is any value of the expression languages; see the package comment for its types.
type Value = any

// Markup is a str whose text is safe to place into HTML as it stands.
type Markup string

// Tuple is an immutable sequence.
type Tuple []Value

// List is a mutable sequence with reference semantics.
type List struct {
	Items  []Value
	frozen bool
}

// NewList makes a list of the given items; the slice is kept, not copied.
func NewList(items ...Value) *List { return &List{Items: items} }

// Append adds items at the end, or returns ErrFrozen.
func (l *List) Append(b *Budget, items ...Value) error {
	if err := l.Mutable(); err != nil {
		return err
	}
	if err := b.GrowItems(len(items)); err != nil {
		return err
	}
	l.Items = push(l.Items, items...)
	return nil
}

// push appends to a slice that doubles when it is full: large ones would grow by a quarter, which makes more garbage.
func push(items []Value, more ...Value) []Value {
	if cap(items)-len(items) < len(more) {
		items = slices.Grow(items, len(items)+len(more))
	}
	return append(items, more...)
}

// Mutable is nil when the list may be changed in place, else ErrFrozen.
func (l *List) Mutable() error {
	if l.frozen {
		return ErrFrozen
	}
	return nil
}

// maxNesting bounds how deep containers may nest in any recursive operation.
const maxNesting = 1000

func nesting(depth int) error {
	if depth > maxNesting {
		return Errorf("RecursionError", "values nest deeper than %d levels", maxNesting)
	}
	return nil
}

// TypeName is Python's name for the type of v, as error messages show it.
func TypeName(v Value) string {
	switch x := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case Markup:
		return "Markup"
	case *List:
		return "list"
	case Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case *Set:
		return "set"
	case *Undefined:
		return x.typeName()
	case Object:
		return x.TypeName()
	}
	return "object"
}

// Truthy is Python's bool(v). A strict Undefined is an error.
func Truthy(v Value) (bool, error) {
	switch x := v.(type) {
	case nil:
		return false, nil
	case bool:
		return x, nil
	case int64:
		return x != 0, nil
	case *big.Int:
		return x.Sign() != 0, nil
	case float64:
		return x != 0, nil
	case string:
		return x != "", nil
	case Markup:
		return x != "", nil
	case *Undefined:
		return false, x.use()
	case Truther:
		return x.Truthy()
	}
	if n, ok := size(v); ok {
		return n != 0, nil
	}
	return true, nil
}

// Len is Python's len(v): a TypeError for what has no length.
func Len(v Value) (int, error) {
	if n, ok := size(v); ok {
		return n, nil
	}
	if u, ok := v.(*Undefined); ok {
		return 0, u.use()
	}
	return 0, Errorf("TypeError", "object of type '%s' has no len()", TypeName(v))
}

func size(v Value) (int, bool) {
	switch x := v.(type) {
	case string:
		return utf8.RuneCountInString(x), true
	case Markup:
		return utf8.RuneCountInString(string(x)), true
	case *List:
		return len(x.Items), true
	case Tuple:
		return len(x), true
	case *Dict:
		return x.Len(), true
	case *Set:
		return x.Len(), true
	case Sized:
		return x.Len(), true
	}
	return 0, false
}

// Text is the Go string in a str or Markup.
func Text(v Value) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case Markup:
		return string(x), true
	}
	return "", false
}

// Int is the canonical Value of an integer: int64 when it fits, else *big.Int.
func Int(n *big.Int) Value {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// Freeze marks v and all it contains as shared data and returns v.
func Freeze(v Value) Value {
	switch x := v.(type) {
	case *List:
		if !x.frozen {
			x.frozen = true
			freezeAll(x.Items)
		}
	case Tuple:
		freezeAll(x)
	case *Dict:
		x.freeze()
	case *Set:
		x.dict.freeze()
	}
	return v
}

func freezeAll(items []Value) {
	for _, item := range items {
		Freeze(item)
	}
}
