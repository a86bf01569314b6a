package workflow

import "github.com/petrelhq/petrel/core/expr"

// scope is what a task sees: contexts laid over each other, in an order. Scopes share what they have in
// common: one adds a context, or another scope, to the one before it.
type scope struct {
	id      int
	from    *scope // nil for the first, which is context 0 alone
	context int    // the context added, when with is nil
	with    *scope // the scope added, without its context 0

	vars  *expr.Dict // all contexts merged; made when first needed
	added *expr.Dict // all but context 0 merged; made when first needed
	plain bool       // added gives the same in one piece as context after context
}

// contexts are the indexes of the contexts, in order.
func (sc *scope) contexts() []int {
	var out []int
	sc.walk(true, func(i int) { out = append(out, i) })
	return out
}

// walk calls f for each context in order; first includes context 0.
func (sc *scope) walk(first bool, f func(int)) {
	var chain []*scope
	for ; sc.from != nil; sc = sc.from {
		chain = append(chain, sc)
	}
	if first {
		f(0)
	}
	for i := len(chain) - 1; i >= 0; i-- {
		if w := chain[i].with; w != nil {
			w.walk(false, f)
		} else {
			f(chain[i].context)
		}
	}
}

// varsOf merges all contexts of a scope.
func (s *state) varsOf(sc *scope) *expr.Dict {
	var chain []*scope
	for ; sc.vars == nil; sc = sc.from {
		chain = append(chain, sc)
		if sc.from == nil {
			sc.vars = s.contexts[0]
			chain = chain[:len(chain)-1]
			break
		}
	}
	vars := sc.vars
	for i := len(chain) - 1; i >= 0; i-- {
		vars = s.lay(vars, chain[i])
		chain[i].vars = vars
	}
	return vars
}

// lay puts what a scope adds over vars.
func (s *state) lay(vars *expr.Dict, sc *scope) *expr.Dict {
	if sc.with == nil {
		return s.merge(vars, s.contexts[sc.context])
	}
	if added := s.addedBy(sc.with); sc.with.plain {
		return merged(vars, added)
	}
	sc.with.walk(false, func(i int) { vars = merged(vars, s.contexts[i]) })
	return vars
}

// merge lays right over left: in a chain whole variables, in a workflow members of objects too.
func (s *state) merge(left, right *expr.Dict) *expr.Dict {
	if s.spec.chain != nil {
		return left.With(right)
	}
	return merged(left, right)
}

// addedBy merges all contexts of a scope but the first.
func (s *state) addedBy(sc *scope) *expr.Dict {
	var chain []*scope
	for ; sc.added == nil; sc = sc.from {
		chain = append(chain, sc)
		if sc.from == nil {
			sc.added, sc.plain = expr.NewDict(), true
			expr.Freeze(sc.added)
			chain = chain[:len(chain)-1]
			break
		}
	}
	added, plain := sc.added, sc.plain
	for i := len(chain) - 1; i >= 0; i-- {
		over := s.adds(chain[i])
		plain = plain && !replaces(added, over) && (chain[i].with == nil || chain[i].with.plain)
		added = s.lay(added, chain[i])
		chain[i].added, chain[i].plain = added, plain
	}
	return added
}

func (s *state) adds(sc *scope) *expr.Dict {
	if sc.with == nil {
		return s.contexts[sc.context]
	}
	return s.addedBy(sc.with)
}

// merged lays right over left: objects are merged member by member, other values replaced. Neither is changed.
// st2 differs: orquesta's merge writes into objects of contexts that are stored, so other branches see it.
func merged(left, right *expr.Dict) *expr.Dict {
	if right.Len() == 0 {
		return left
	}
	if left.Len() == 0 {
		return right
	}
	over := expr.NewDict()
	for k, v := range right.All() {
		old, there, _ := left.Lookup(k) // keys of contexts are texts
		if l, ok := old.(*expr.Dict); there && ok {
			if r, ok := v.(*expr.Dict); ok {
				v = merged(l, r)
			}
		}
		over.Set(k, v)
	}
	return left.With(over)
}

// replaces reports whether laying right over left puts an object where there was none, or the
// reverse: then merging in another order may give something else.
func replaces(left, right *expr.Dict) bool {
	for k, v := range right.All() {
		old, there, _ := left.Lookup(k)
		if !there {
			continue
		}
		l, was := old.(*expr.Dict)
		r, is := v.(*expr.Dict)
		if was != is || was && is && replaces(l, r) {
			return true
		}
	}
	return false
}
