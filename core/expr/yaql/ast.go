package yaql

import "github.com/petrelhq/petrel/core/expr"

// node is one part of a compiled expression.
type node interface {
	eval(sc *scope) (Value, error)
}

// constant is a literal. A keyword is text, but also the name of a member or an argument.
type constant struct {
	val     Value
	keyword bool
}

func (n *constant) eval(*scope) (Value, error) { return n.val, nil }

// variable is $, $2 or $name.
type variable struct {
	name  string
	index int // of $ and $1 …; 0 for names
}

func (n *variable) eval(sc *scope) (Value, error) { return sc.variable(n), nil }

// group is an expression in parentheses, which is no longer a plain name or call.
type group struct{ inner node }

func (n *group) eval(sc *scope) (Value, error) { return n.inner.eval(sc) }

// logic is "and" or "or": the right side is evaluated when the left does not decide.
type logic struct {
	at          int
	and         bool
	left, right node
}

func (n *logic) eval(sc *scope) (Value, error) {
	v, err := n.left.eval(sc)
	if err != nil {
		return nil, err
	}
	yes, err := sc.run.truthy(v)
	if err != nil {
		return nil, sc.run.fail(err, n.at)
	}
	if yes != n.and {
		return v, nil
	}
	return n.right.eval(sc)
}

// pair is a mapping key => value among arguments.
type pair struct{ key, val node }

// rule is a pair handed over unevaluated, for switch.
type rule struct{ key, val *lambda }

// TypeName implements expr.Object.
func (*rule) TypeName() string { return "MappingRule" }

// entry is an evaluated pair.
type entry struct{ key, val Value }

// TypeName implements expr.Object.
func (*entry) TypeName() string { return "MappingRule" }

// member is a.name or a?.name.
type member struct {
	at   int
	of   node
	name string
	safe bool
}

func (n *member) eval(sc *scope) (Value, error) {
	v, err := n.of.eval(sc)
	if err != nil || v == nil && n.safe {
		return nil, err
	}
	v, err = sc.run.member(v, n.name)
	return v, sc.run.fail(err, n.at)
}

// method is a.name(…) or a?.name(…).
type method struct {
	of   node
	call *call
	safe bool
}

func (n *method) eval(sc *scope) (Value, error) {
	v, err := n.of.eval(sc)
	if err != nil || v == nil && n.safe {
		return nil, err
	}
	return n.call.invoke(sc, v)
}

// badMember is a dot with something on its right that is neither a name nor a call.
type badMember struct {
	at   int
	of   node
	safe bool
}

func (n *badMember) eval(sc *scope) (Value, error) {
	v, err := n.of.eval(sc)
	if err != nil || v == nil && n.safe {
		return nil, err
	}
	return nil, sc.run.fail(noMatch("#operator_.", false, nil), n.at)
}

// call is a function, an operator, a literal list or map, an index, or the right side of a method.
type call struct {
	at     int
	name   string
	method bool
	args   []node // nil where an argument was left out, as in f(,1)
	pairs  []pair
	plans  []*plan // of the library's functions
	err    error   // met at run time when the library's functions decide
}

func (n *call) eval(sc *scope) (Value, error) { return n.invoke(sc, nil) }

func noMatch(name string, method bool, receiver Value) error {
	if !method {
		return expr.Errorf("NoMatchingFunctionException", `No function "%s" matches supplied arguments`, name)
	}
	return expr.Errorf("NoMatchingMethodException", `No method "%s" for receiver %s matches supplied arguments`, name, shown(receiver))
}

func unknown(name string, method bool, receiver Value) error {
	if !method {
		return expr.Errorf("NoFunctionRegisteredException", `Unknown function "%s"`, name)
	}
	return expr.Errorf("NoMethodRegisteredException", `Unknown method "%s" for receiver %s`, name, shown(receiver))
}
