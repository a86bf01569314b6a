package jinja

// Names are resolved to slots before a template runs. A scope knows the names of one block of
// code that has variables of its own: the template, a loop body, a macro, a with block ….
// How a slot begins is decided by what the whole block does with the name, in source order:
// a name that is first read comes from outside; one that is first set begins undefined, or with
// the value of an outer variable of that name.

type loadKind int

const (
	loadUndefined loadKind = iota // begins undefined
	loadContext                   // begins with the variable given from outside
	loadOuter                     // begins with an outer scope's value
	loadParam                     // is given when the scope is entered
)

type scope struct {
	parent *scope
	refs   map[string]int // slot of each name
	slots  []slot
	stores map[string]bool
}

type slot struct {
	name      string
	kind      loadKind
	up, index int // where the outer value is, for loadOuter; set by seal
}

func newScope(parent *scope) *scope {
	return &scope{parent: parent, refs: map[string]int{}, stores: map[string]bool{}}
}

// has reports whether the name has a slot here or further out.
func (s *scope) has(name string) bool {
	for ; s != nil; s = s.parent {
		if _, ok := s.refs[name]; ok {
			return true
		}
	}
	return false
}

// find gives how many scopes out a name's slot is, and its index.
func (s *scope) find(name string) (up, index int) {
	for ; s != nil; s = s.parent {
		if i, ok := s.refs[name]; ok {
			return up, i
		}
		up++
	}
	return -1, -1
}

func (s *scope) define(name string, kind loadKind) int {
	if i, ok := s.refs[name]; ok {
		s.slots[i].kind = kind
		return i
	}
	s.refs[name] = len(s.slots)
	s.slots = append(s.slots, slot{name: name, kind: kind})
	return len(s.slots) - 1
}

// seal works out where outer values are; the scope and those around it are complete.
func (s *scope) seal() {
	for i := range s.slots {
		if s.slots[i].kind == loadOuter {
			s.slots[i].up, s.slots[i].index = s.parent.find(s.slots[i].name)
		}
	}
}

func (s *scope) param(name string) int {
	s.stores[name] = true
	return s.define(name, loadParam)
}

func (s *scope) load(name string) {
	if !s.has(name) {
		s.define(name, loadContext)
	}
}

func (s *scope) store(name string) {
	s.stores[name] = true
	if _, ok := s.refs[name]; ok {
		return
	}
	kind := loadUndefined
	if s.parent.has(name) {
		kind = loadOuter
	}
	s.define(name, kind)
}

// visit records what a node does with names; nested scopes are left to themselves.
func (s *scope) visit(n node) {
	switch x := n.(type) {
	case *name:
		s.visitName(x)
	case *nsRef:
		s.load(x.id)
	case *ifStmt:
		s.visitIf(x)
	case *macroStmt:
		s.store(x.name.id)
	case *forStmt:
		s.visit(x.iter)
	case *callBlock:
		s.visit(x.call)
	case *filterBlock:
		s.visit(x.filter)
	case *withStmt:
		s.visitAll(x.values)
	case *assignBlock:
		s.visit(x.target)
	case *blockStmt:
	case *autoescapeStmt:
		s.visit(x.value)
	default:
		s.visitAll(children(n))
	}
}

func (s *scope) visitName(x *name) {
	switch x.mode {
	case load:
		s.load(x.id)
	case store:
		s.store(x.id)
	case param:
		s.param(x.id)
	}
}

func (s *scope) visitAll(nodes []node) {
	for _, n := range nodes {
		s.visit(n)
	}
}

// declare makes the names of an assignment target parameters of the scope.
func (s *scope) declare(target node) {
	switch x := target.(type) {
	case *name:
		s.param(x.id)
	case *tupleLit:
		for _, item := range x.items {
			s.declare(item)
		}
	}
}

// visitIf records the branches apart: a name that only some of them set keeps its outer value.
func (s *scope) visitIf(x *ifStmt) {
	s.visit(x.test)
	branches := []*scope{s.branch(x.body), s.branch(elifNodes(x.elifs)), s.branch(x.orElse)}
	before := s.copy()
	count := map[string]int{}
	for _, b := range branches {
		s.merge(b)
		for name := range b.stores {
			if !before.stores[name] {
				count[name]++
			}
		}
	}
	for name, n := range count {
		s.stores[name] = true
		if n == len(branches) {
			continue
		}
		kind := loadContext
		if s.parent.has(name) {
			kind = loadOuter
		}
		s.define(name, kind)
	}
}

func elifNodes(elifs []*ifStmt) []node {
	out := make([]node, len(elifs))
	for i, e := range elifs {
		out[i] = e
	}
	return out
}

func (s *scope) branch(nodes []node) *scope {
	b := s.copy()
	b.visitAll(nodes)
	return b
}

func (s *scope) copy() *scope {
	c := newScope(s.parent)
	c.slots = append(c.slots, s.slots...)
	for k, v := range s.refs {
		c.refs[k] = v
	}
	for k := range s.stores {
		c.stores[k] = true
	}
	return c
}

func (s *scope) merge(b *scope) {
	for _, slot := range b.slots {
		s.define(slot.name, slot.kind)
	}
}

// mentions reports which of the names a body reads before setting them, nested scopes included.
func mentions(body []node, names ...string) map[string]bool {
	open := map[string]bool{}
	for _, n := range names {
		open[n] = true
	}
	found := map[string]bool{}
	for _, n := range body {
		findNames(n, open, found)
	}
	return found
}

func findNames(n node, open, found map[string]bool) {
	if id, ok := n.(*name); ok {
		if id.mode != load {
			delete(open, id.id)
		} else if open[id.id] {
			found[id.id] = true
		}
		return
	}
	if _, ok := n.(*blockStmt); ok {
		return
	}
	for _, c := range children(n) {
		findNames(c, open, found)
	}
}

// assigns finds a place where a body sets the given name.
func assigns(body []node, id string) (node, bool) {
	for _, n := range body {
		if x, ok := n.(*name); ok && x.id == id && x.mode == store {
			return x, true
		}
		if found, ok := assigns(children(n), id); ok {
			return found, true
		}
	}
	return nil, false
}
