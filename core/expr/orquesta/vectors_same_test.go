package orquesta

import (
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/yaql"
)

// typed brings a value that JSON lacks into the form of the vectors.
func typed(v expr.Value, kind string) expr.Value {
	switch x := v.(type) {
	case *yaql.DateTime:
		if kind == "datetime" {
			return x.ISO()
		}
	case yaql.Timespan:
		if kind == "timespan_us" {
			return x.Micros()
		}
	case *expr.Set:
		if kind == "set" {
			return expr.NewList(x.Items()...)
		}
	case expr.Tuple:
		if kind == "tuple" {
			return expr.NewList(x...)
		}
	case *expr.Dict:
		if kind == "dict_pairs" {
			out := expr.NewList()
			for k, v := range x.All() {
				out.Items = append(out.Items, expr.NewList(k, v))
			}
			return out
		}
	}
	if kind == "bigint" {
		return show(v)
	}
	return v
}

// same compares with types: 1, 1.0 and true differ.
func same(got, want expr.Value, kind string) bool {
	switch w := want.(type) {
	case *expr.List:
		g, ok := got.(*expr.List)
		return ok && sameItems(g.Items, w.Items, kind == "set")
	case *expr.Dict:
		g, ok := got.(*expr.Dict)
		if !ok || g.Len() != w.Len() {
			return false
		}
		for k, v := range w.All() {
			x, ok, err := g.Lookup(k)
			if err != nil || !ok || !same(inner(x), v, "") {
				return false
			}
		}
		return true
	}
	if m, ok := got.(expr.Markup); ok {
		got = string(m)
	}
	eq, err := expr.Equal(nil, got, want)
	return err == nil && eq && expr.TypeName(got) == expr.TypeName(want)
}

func sameItems(got, want []expr.Value, anyOrder bool) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range want {
		found := same(inner(got[i]), want[i], "")
		for k := 0; anyOrder && !found && k < len(got); k++ {
			found = same(inner(got[k]), want[i], "")
		}
		if !found {
			return false
		}
	}
	return true
}

// inner is a value below the top, where a tuple stands for a list in the vectors.
func inner(v expr.Value) expr.Value {
	if t, ok := v.(expr.Tuple); ok {
		return expr.NewList(t...)
	}
	return v
}
