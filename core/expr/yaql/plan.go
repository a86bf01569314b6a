package yaql

import (
	"github.com/petrelhq/petrel/core/expr"
)

// overloads are the functions of one name.
type overloads struct{ functions, methods []*Function }

// table finds functions by name.
type table map[string]*overloads

func (t table) add(functions ...*Function) {
	for _, f := range functions {
		o := t[f.Name]
		if o == nil {
			o = &overloads{}
			t[f.Name] = o
		}
		if f.Form&AsFunction != 0 {
			o.functions = append(o.functions, f)
		}
		if f.Form&AsMethod != 0 {
			o.methods = append(o.methods, f)
		}
	}
}

// plan says which argument of a call goes to which parameter of a function.
type plan struct {
	fn    *Function
	args  []argument // of the call; the same for all its plans
	lazy  []bool     // by argument
	slots []int      // by parameter: the argument's number, or noArgument
	rest  []int      // arguments of the *rest parameter
	names []int      // arguments of the **keywords parameter
}

const noArgument = -1

// argument is one argument as a call has it; the receiver of a method is the first.
type argument struct {
	val      node   // nil: left out, or the receiver
	key      node   // of key => value
	name     string // of a keyword argument
	receiver bool
}

// plans finds the library's functions that fit a call by number, names and constants. The error is
// what the call ends with when none does; its receiver is filled in later.
func (t table) plans(n *call) ([]*plan, error) {
	o := t[n.name]
	if o == nil {
		return nil, errUnknown
	}
	candidates := o.functions
	if n.method {
		candidates = o.methods
	}
	if len(candidates) == 0 {
		return nil, errUnknown
	}
	return plansFor(n, candidates)
}

var errUnknown = expr.Errorf("NoFunctionRegisteredException", "unknown function")

func plansFor(n *call, candidates []*Function) ([]*plan, error) {
	args, ok := n.arguments(candidates[0].pairs())
	if !ok {
		return nil, expr.Errorf("MappingTranslationException", "Cannot convert mapping to keyword argument")
	}
	var out []*plan
	for _, f := range candidates {
		if p := f.plan(args); p != nil {
			out = append(out, p)
		}
	}
	return out, nil
}

// arguments lists a call's arguments. Pairs are arguments of their own or keyword arguments.
func (n *call) arguments(pairs bool) ([]argument, bool) {
	var out []argument
	if n.method {
		out = append(out, argument{receiver: true})
	}
	for _, a := range n.args {
		out = append(out, argument{val: a})
	}
	for _, p := range n.pairs {
		if pairs {
			out = append(out, argument{val: p.val, key: p.key})
			continue
		}
		c, ok := p.key.(*constant)
		if !ok || !c.keyword {
			return nil, false
		}
		out = append(out, argument{val: p.val, name: c.val.(string)})
	}
	return out, true
}

// plan fits the arguments to the parameters; nil when they do not fit.
func (f *Function) plan(args []argument) *plan {
	p := &plan{fn: f, args: args, lazy: make([]bool, len(args)), slots: make([]int, len(f.params))}
	for i := range p.slots {
		p.slots[i] = noArgument
	}
	next := 0
	for i, a := range args {
		slot := f.slot(a, &next)
		if slot < 0 || !f.params[slot].fits(a) {
			return nil
		}
		q := f.params[slot]
		p.lazy[i] = q.kind.lazy()
		switch {
		case q.rest:
			p.rest = append(p.rest, i)
		case q.keywords:
			p.names = append(p.names, i)
		case p.slots[slot] != noArgument:
			return nil
		case a.val != nil || a.receiver:
			p.slots[slot] = i
		}
	}
	for i, q := range f.params {
		if p.slots[i] == noArgument && !q.optional && !q.rest && !q.keywords {
			return nil
		}
	}
	return p
}

// slot finds the parameter for an argument: the next one in order, or the one of its name.
func (f *Function) slot(a argument, next *int) int {
	if a.name == "" {
		if *next >= len(f.params) || f.params[*next].keywords {
			return -1
		}
		i := *next
		if !f.params[i].rest {
			*next++
		}
		return i
	}
	for i, p := range f.params {
		if p.name == a.name && !p.rest || p.keywords {
			return i
		}
	}
	return -1
}

// fits checks what is known before evaluation: pairs go to pair parameters, constants have their type.
func (p *param) fits(a argument) bool {
	if a.key != nil {
		return p.kind == pairKind || p.kind == ruleKind
	}
	if c, ok := a.val.(*constant); ok && p.kind != ruleKind {
		return c.val == nil && p.null || p.kind.acceptsLiteral(c.val)
	}
	return p.kind != ruleKind
}

// invoke chooses a function by the values of the arguments and calls it.
func (n *call) invoke(sc *scope, receiver Value) (Value, error) {
	b := sc.run.budget
	if err := b.Enter(); err != nil {
		return nil, sc.run.fail(err, n.at)
	}
	defer b.Leave()
	plans, err := n.find(sc, receiver)
	if err == nil {
		err = b.Step(callSteps)
	}
	if err == nil {
		var v Value
		if v, err = n.choose(sc, receiver, plans); err == nil {
			return v, nil
		}
	}
	return nil, sc.run.fail(err, n.at)
}

// callSteps is what a call costs beyond its level.
const callSteps = 4

// find gives the plans of the functions in force: those of def(), of the evaluation, of the library.
func (n *call) find(sc *scope, receiver Value) ([]*plan, error) {
	if !n.method {
		var f *Function
		if sc.run.defined {
			f = sc.function(n.name)
		}
		if f == nil && sc.run.host != nil {
			f = sc.run.host(n.name)
		}
		if f != nil {
			return plansFor(n, []*Function{f})
		}
	}
	if n.err == errUnknown {
		return nil, unknown(n.name, n.method, receiver)
	}
	return n.plans, n.err
}

func (n *call) choose(sc *scope, receiver Value, plans []*plan) (Value, error) {
	if n.method {
		plans = receiving(plans, receiver)
	}
	if len(plans) == 0 {
		return nil, noMatch(n.name, n.method, receiver)
	}
	vals := make([]Value, len(plans[0].args))
	if err := plans[0].evaluate(sc, vals, receiver); err != nil {
		return nil, err
	}
	for _, p := range plans {
		if p.accepts(vals) {
			return p.call(sc, vals)
		}
	}
	return nil, noMatch(n.name, n.method, receiver)
}

// receiving are the plans whose functions take the receiver; when there are none, no argument is evaluated.
func receiving(plans []*plan, receiver Value) []*plan {
	for i, p := range plans {
		if p.fn.params[0].accepts(receiver) {
			continue
		}
		var out []*plan
		for _, q := range plans[i:] {
			if q.fn.params[0].accepts(receiver) {
				out = append(out, q)
			}
		}
		return append(plans[:i:i], out...)
	}
	return plans
}

// evaluate fills in the values of the arguments that are not lazy.
func (p *plan) evaluate(sc *scope, vals []Value, receiver Value) error {
	for i, a := range p.args {
		switch {
		case a.receiver:
			vals[i] = receiver
		case a.val == nil && p.lazy[i]:
			vals[i] = &lambda{&constant{}, sc}
		case a.val == nil:
		case p.lazy[i] && a.key != nil:
			vals[i] = &rule{&lambda{a.key, sc}, &lambda{a.val, sc}}
		case p.lazy[i]:
			vals[i] = &lambda{a.val, sc}
		default:
			v, err := a.value(sc)
			if err != nil {
				return err
			}
			vals[i] = v
		}
	}
	return nil
}

// value evaluates an argument; a pair becomes an entry.
func (a argument) value(sc *scope) (Value, error) {
	if a.key == nil {
		return a.val.eval(sc)
	}
	k, err := a.key.eval(sc)
	if err != nil {
		return nil, err
	}
	v, err := a.val.eval(sc)
	return &entry{k, v}, err
}

func (p *plan) restParam() int {
	for i := range p.fn.params {
		if p.fn.params[i].rest {
			return i
		}
	}
	return 0
}

func (p *plan) accepts(vals []Value) bool {
	for s, arg := range p.slots {
		if arg != noArgument && !p.fn.params[s].accepts(vals[arg]) {
			return false
		}
	}
	for _, arg := range p.rest {
		if !p.fn.params[p.restParam()].accepts(vals[arg]) {
			return false
		}
	}
	return true
}

func (p *plan) call(sc *scope, vals []Value) (Value, error) {
	for _, v := range vals {
		if err := expr.ReadText(sc.run.budget, v); err != nil { // most functions look through theirs
			return nil, err
		}
	}
	c := &Call{sc: sc, args: make([]Value, len(p.slots))}
	for s, arg := range p.slots {
		if arg == noArgument {
			c.args[s] = p.fn.params[s].def
		} else {
			c.args[s] = vals[arg]
		}
	}
	for _, arg := range p.rest {
		c.rest = append(c.rest, vals[arg])
	}
	for _, arg := range p.names {
		c.keywords = append(c.keywords, expr.Kwarg{Name: p.args[arg].name, Value: vals[arg]})
	}
	return p.fn.fn(c)
}
