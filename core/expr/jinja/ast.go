package jinja

import "github.com/petrelhq/petrel/core/expr"

// node is an expression or a statement of the syntax tree.
type node interface{ pos() int }

// at is the byte offset of a node in the source.
type at int

func (a at) pos() int { return int(a) }

// Expressions.
type (
	constant struct {
		at
		value expr.Value
	}
	name struct {
		at
		id   string
		mode nameMode
	}
	// nsRef is the target of {% set ns.attr = … %}.
	nsRef struct {
		at
		id, attr string
	}
	tupleLit struct {
		at
		items []node
	}
	listLit struct {
		at
		items []node
	}
	dictLit struct {
		at
		keys, values []node
	}
	unary struct {
		at
		op string // "-", "+", "not"
		x  node
	}
	binary struct {
		at
		op   string // arithmetic, "and", "or"
		x, y node
	}
	concat struct {
		at
		parts []node
	}
	compare struct {
		at
		first node
		ops   []string
		rest  []node
	}
	conditional struct {
		at
		test, yes node
		no        node // nil when there is no else
	}
	getAttr struct {
		at
		of   node
		attr string
	}
	getItem struct {
		at
		of, key node
	}
	sliceLit struct {
		at
		start, stop, step node // nil when left out
	}
	call struct {
		at
		fn node
		arguments
	}
	filter struct {
		at
		in   node // nil: the text of a block
		name string
		arguments
	}
	test struct {
		at
		in   node
		name string
		arguments
	}
)

type nameMode int

const (
	load nameMode = iota
	store
	param
)

type arguments struct {
	args      []node
	kwargs    []kwarg
	dynArgs   node
	dynKwargs node
}

type kwarg struct {
	name  string
	value node
}

// Statements.
type (
	output struct {
		at
		parts []node // text is a constant marked by textNode
	}
	textNode struct {
		at
		text string
	}
	forStmt struct {
		at
		target, iter node
		test         node
		body, orElse []node
		recursive    bool
	}
	ifStmt struct {
		at
		test         node
		body, orElse []node
		elifs        []*ifStmt
	}
	assign struct {
		at
		target, value node
	}
	assignBlock struct {
		at
		target node
		filter *filter
		body   []node
	}
	macroStmt struct {
		at
		signature
		name *name
		body []node
	}
	callBlock struct {
		at
		signature
		call *call
		body []node
	}
	filterBlock struct {
		at
		filter *filter
		body   []node
	}
	withStmt struct {
		at
		targets, values []node
		body            []node
	}
	blockStmt struct {
		at
		name     string
		body     []node
		scoped   bool
		required bool
	}
	autoescapeStmt struct {
		at
		value node
		body  []node
	}
	// loaderStmt is extends, include or import: there is no loader, so it fails when reached.
	loaderStmt struct {
		at
		template      node
		ignoreMissing bool
		names         []*name
	}
)

// signature is the parameters of a macro or call block; the last defaults belong to the last params.
type signature struct {
	params   []*name
	defaults []node
}

// children are the direct parts of a node in the order of evaluation.
func children(n node) []node {
	switch x := n.(type) {
	case *tupleLit:
		return x.items
	case *listLit:
		return x.items
	case *dictLit:
		var out []node
		for i := range x.keys {
			out = append(out, x.keys[i], x.values[i])
		}
		return out
	case *unary:
		return []node{x.x}
	case *binary:
		return []node{x.x, x.y}
	case *concat:
		return x.parts
	case *compare:
		return append([]node{x.first}, x.rest...)
	case *conditional:
		return some(x.test, x.yes, x.no)
	case *getAttr:
		return []node{x.of}
	case *getItem:
		return []node{x.of, x.key}
	case *sliceLit:
		return some(x.start, x.stop, x.step)
	case *call:
		return append([]node{x.fn}, x.parts()...)
	case *filter:
		return append(some(x.in), x.parts()...)
	case *test:
		return append([]node{x.in}, x.parts()...)
	}
	return statementChildren(n)
}

func statementChildren(n node) []node {
	switch x := n.(type) {
	case *output:
		return x.parts
	case *forStmt:
		return append(append(some(x.target, x.iter), append(x.body, x.orElse...)...), some(x.test)...)
	case *ifStmt:
		out := append(some(x.test), x.body...)
		for _, e := range x.elifs {
			out = append(out, e)
		}
		return append(out, x.orElse...)
	case *assign:
		return []node{x.value, x.target}
	case *assignBlock:
		return append(append([]node{x.target}, filterNode(x.filter)...), x.body...)
	case *macroStmt:
		return append(x.signature.parts(), x.body...)
	case *callBlock:
		return append(append([]node{x.call}, x.signature.parts()...), x.body...)
	case *filterBlock:
		return append(append([]node(nil), x.body...), x.filter)
	case *withStmt:
		return append(append(append([]node(nil), x.targets...), x.values...), x.body...)
	case *blockStmt:
		return x.body
	case *autoescapeStmt:
		return append([]node{x.value}, x.body...)
	case *loaderStmt:
		out := some(x.template)
		for _, n := range x.names {
			out = append(out, n)
		}
		return out
	}
	return nil
}

func (a arguments) parts() []node {
	out := append([]node(nil), a.args...)
	for _, k := range a.kwargs {
		out = append(out, k.value)
	}
	return append(out, some(a.dynArgs, a.dynKwargs)...)
}

func (s signature) parts() []node {
	var out []node
	for _, p := range s.params {
		out = append(out, p)
	}
	return append(out, s.defaults...)
}

func filterNode(f *filter) []node {
	if f == nil {
		return nil
	}
	return []node{f}
}

// some leaves out the parts that are not there.
func some(nodes ...node) []node {
	var out []node
	for _, n := range nodes {
		if n != nil {
			out = append(out, n)
		}
	}
	return out
}
