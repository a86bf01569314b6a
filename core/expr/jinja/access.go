package jinja

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// getAttr is obj.name: a member of the object's type first, then a subscript, else undefined.
func (f *frame) getAttr(obj expr.Value, name string) (expr.Value, error) {
	if u, ok := obj.(*expr.Undefined); ok {
		return nil, u.Err()
	}
	if v, ok, err := f.ownAttr(obj, name); ok || err != nil {
		return v, err
	}
	if v, ok, err := f.subscript(obj, name); ok || err != nil {
		return v, err
	}
	return f.noMember(obj, name), nil
}

// getItem is obj[key]: a subscript first, then a member of the object's type, else undefined.
func (f *frame) getItem(obj, key expr.Value) (expr.Value, error) {
	if u, ok := obj.(*expr.Undefined); ok {
		return nil, u.Err()
	}
	if v, ok, err := f.subscript(obj, key); ok || err != nil {
		return v, err
	}
	if name, ok := expr.Text(key); ok {
		if v, ok, err := f.ownAttr(obj, name); ok || err != nil {
			return v, err
		}
	}
	return f.noMember(obj, key), nil
}

func (f *frame) noMember(obj, key expr.Value) *expr.Undefined {
	return &expr.Undefined{Kind: f.render.env.Undefined, Name: key, Of: obj, Owned: true}
}

// ownAttr finds a method or property of the object's type.
func (f *frame) ownAttr(obj expr.Value, name string) (expr.Value, bool, error) {
	if strings.HasPrefix(name, "_") {
		return f.hiddenAttr(obj, name)
	}
	if a, ok := obj.(expr.Attributer); ok {
		return a.Attr(f.budget, name)
	}
	if v, ok := property(obj, name); ok {
		return v, true, nil
	}
	if m, ok := f.render.env.methods[expr.TypeName(obj)][name]; ok {
		return &boundMethod{self: obj, name: name, method: m, frame: f}, true, nil
	}
	return nil, false, nil
}

// hiddenAttr refuses what Python objects have under names with underscores: the way out of the sandbox.
func (f *frame) hiddenAttr(obj expr.Value, name string) (expr.Value, bool, error) {
	if !dunders[name] {
		return nil, false, nil
	}
	hint := "access to attribute " + expr.QuoteText(name) + " of " + expr.QuoteText(expr.TypeName(obj)) + " object is unsafe."
	return &expr.Undefined{Kind: f.render.env.Undefined, Hint: hint, Name: name, Of: obj, Owned: true, Class: "SecurityError"}, true, nil
}

// dunders are the hidden attributes that every Python object has.
var dunders = map[string]bool{
	"__class__": true, "__delattr__": true, "__dir__": true, "__doc__": true, "__eq__": true, "__format__": true,
	"__ge__": true, "__getattribute__": true, "__getstate__": true, "__gt__": true, "__hash__": true, "__init__": true,
	"__init_subclass__": true, "__le__": true, "__lt__": true, "__ne__": true, "__new__": true, "__reduce__": true,
	"__reduce_ex__": true, "__repr__": true, "__setattr__": true, "__sizeof__": true, "__str__": true, "__subclasshook__": true,
}

// subscript is Python's obj[key]; ok is false where Python raises LookupError or TypeError.
func (f *frame) subscript(obj, key expr.Value) (expr.Value, bool, error) {
	switch x := obj.(type) {
	case *expr.Dict:
		v, ok, err := x.Lookup(key)
		if err != nil && expr.ClassOf(err) == "TypeError" {
			return nil, false, nil
		}
		return v, ok, err
	case expr.Indexer:
		return x.Item(f.budget, key)
	}
	if err := expr.ReadText(f.budget, obj); err != nil { // characters are counted from the start
		return nil, false, err
	}
	v, ok := expr.Index(obj, key)
	return v, ok, nil
}

// resolved reads a lazy value.
func (f *frame) resolved(v expr.Value) (expr.Value, error) {
	if r, ok := v.(expr.Resolver); ok {
		return r.Resolve(f.budget)
	}
	return v, nil
}
