// Package jsonpath finds values inside values by path, in the dialect that StackStorm's
// users know from jsonpath-rw.
//
//	trigger.body.name      a member            a['x y']  a."x y"  a.b-c   odd names
//	a[0]  a[-1]            an element          a[1:3]  a[*]               several elements
//	a.*                    every member        a.x,y  a['x','y']          some members
//	a..x                   x at any depth      a where b                  a, where it has b
//	$                      the whole           `this`  `parent`           itself, what holds it
//	(a|b)                  a, then b; binds tighter than the dots
//
// Names are letters, digits, _, @ and -, and do not begin with a digit: a bare number
// is no segment.
package jsonpath

import "github.com/petrelhq/petrel/core/expr"

// Path is a compiled path; safe for concurrent use.
type Path struct {
	source string
	root   node
}

// Compile reads a path. The error is a *ParseError.
func Compile(source string) (*Path, error) {
	root, err := parse(source)
	if err != nil {
		return nil, err
	}
	return &Path{source, root}, nil
}

// String is the path's source.
func (p *Path) String() string { return p.source }

// Find gives all values that the path leads to, in order. The error is the budget's.
func (p *Path) Find(b *expr.Budget, v expr.Value) ([]expr.Value, error) {
	var found []expr.Value
	w := &walk{budget: b}
	p.root.find(w, &place{value: v}, func(at *place) bool {
		found = append(found, at.value)
		w.spend(b.Grow(valueCost))
		return w.err == nil
	})
	return found, w.err
}

// First gives the first value that the path leads to; ok is false when there is none.
func (p *Path) First(b *expr.Budget, v expr.Value) (first expr.Value, ok bool, err error) {
	w := &walk{budget: b}
	p.root.find(w, &place{value: v}, func(at *place) bool {
		first, ok = at.value, true
		return false
	})
	return first, ok, w.err
}

// valueCost is what a found value is charged, in bytes.
const valueCost = 16
